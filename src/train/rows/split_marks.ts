/**
 * What each row of an export is to a training on the same range with the usual settings: rows to learn from, rows that
 * decide when to stop, rows of the test, or none of these (purged, in the embargo, without a label or with a null,
 * filtered). What is trained elsewhere on the first and imported is tested on the same rows as what is trained here.
 */

import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { TrainingOrder } from "../course/order.ts";
import { type Dataset, release } from "../data/dataset.ts";
import { filterDataset } from "../data/filters.ts";
import { type HeldNumbers, held } from "../data/numbers.ts";
import type { RowRange } from "../data/row_range.ts";
import { cutOf } from "../data/split.ts";
import { splitsOf } from "../run.ts";

export type SplitMark = "train" | "validation" | "test";

const PIECE_ROWS = 10_000;

/** Asked for each row of the export in order. */
export class SplitMarks {
  readonly #dataset: Dataset;
  readonly #ranges: readonly (readonly [SplitMark, RowRange])[];
  #row = 0;
  #piece: HeldNumbers = new Float64Array(0);
  #piece_from = 0;

  /**
   * @param all must not be used afterwards, as of `filterDataset`.
   * @throws ForetickError TRAIN_DATA where the rows are too few to split.
   */
  constructor(all: Dataset, set: FeatureSet, order: Pick<TrainingOrder, "train_share" | "filters">) {
    const cut_sec = cutOf(all.ts_sec, { from: 0, to: all.rows }, order.train_share);
    this.#dataset = filterDataset(all, cut_sec, order.filters);
    const { split, fit_split } = splitsOf(this.#dataset, set, 1, { ...order, cut_sec });
    this.#ranges = [
      ["train", fit_split.train],
      ["validation", fit_split.validation],
      ["test", split.test],
    ];
  }

  /** @param ts_sec later than that of the call before. */
  of(ts_sec: number): SplitMark | null {
    while (this.#row < this.#dataset.rows && this.#at(this.#row) < ts_sec) this.#row++;
    const row = this.#row;
    if (row === this.#dataset.rows || this.#at(row) !== ts_sec) return null;
    return this.#ranges.find(([, { from, to }]) => row >= from && row < to)?.[0] ?? null;
  }

  close(): void {
    release(this.#dataset);
  }

  #at(row: number): number {
    if (row >= this.#piece_from + this.#piece.length) {
      this.#piece_from = row;
      this.#piece = held(this.#dataset.ts_sec, row, Math.min(row + PIECE_ROWS, this.#dataset.rows)).slice();
    }
    return this.#piece[row - this.#piece_from]!;
  }
}
