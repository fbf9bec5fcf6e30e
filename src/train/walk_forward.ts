/**
 * Walk-forward: the time span in n + 1 blocks of the same length; fold k learns from the first k and is scored
 * on the one after, each apart as any split. One test part may be lucky; n later ones are less likely to be.
 */

import { fail } from "../base/errors.ts";
import type { FeatureSet } from "../features/set.ts";
import type { Dataset } from "./dataset.ts";
import { type FilterSettings, filterDataset } from "./filters.ts";
import { type TrainingRun, type TrainOptions, train } from "./run.ts";
import { type Apart, type Split, splitAt } from "./split.ts";
import type { Trainable } from "./trainable.ts";

export interface Fold {
  /** Training lies before, the test after. */
  readonly cut_sec: number;
  readonly split: Split;
}

/**
 * @param ts_sec ascending.
 * @returns n folds in order of time; test rows of different folds are different rows.
 * @throws ForetickError TRAIN_DATA where n is not a whole number of at least 1, or a fold has an empty side.
 */
export function walkForward(ts_sec: Float64Array, n: number, apart: Apart): Fold[] {
  if (!Number.isInteger(n) || n < 1) fail("TRAIN_DATA", `folds expected a whole number from 1, was ${n}`);
  const first_sec = ts_sec[0] ?? 0;
  const block_s = ((ts_sec.at(-1) ?? 0) - first_sec) / (n + 1);
  return Array.from({ length: n }, (_, index): Fold => {
    const cut_sec = first_sec + (index + 1) * block_s;
    const last = index === n - 1;
    const end = last ? -1 : ts_sec.findIndex((ts) => ts >= cut_sec + block_s);
    const range = { from: 0, to: end < 0 ? ts_sec.length : end };
    const split = splitAt(ts_sec, range, cut_sec, apart);
    if (split) return { cut_sec, split };
    return fail(
      "TRAIN_DATA",
      `fold ${index + 1} of ${n} expected rows on both sides, has none on one: take fewer folds or more data`,
    );
  });
}

/**
 * Trains every fold anew, filters and all, on a copy of its rows; the dataset stays as it is.
 * @throws what `train` throws.
 */
export async function* trainFolds(
  dataset: Dataset,
  set: FeatureSet,
  trainables: readonly Trainable[],
  options: TrainOptions & { readonly filters: FilterSettings },
  folds: readonly Fold[],
): AsyncGenerator<TrainingRun> {
  for (const { cut_sec, split } of folds) {
    const part = filterDataset(beginning(dataset, split.test.to), cut_sec, options.filters);
    yield await train(part, set, trainables, { ...options, cut_sec });
  }
}

const beginning = (dataset: Dataset, rows: number): Dataset => ({
  ...dataset,
  rows,
  ts_sec: dataset.ts_sec.slice(0, rows),
  values: dataset.values.slice(0, rows * dataset.names.length),
  y: dataset.y.slice(0, rows),
  last_return: dataset.last_return.slice(0, rows),
  mid: dataset.mid.slice(0, rows),
});
