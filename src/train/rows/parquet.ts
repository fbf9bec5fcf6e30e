/** Training rows as a Parquet file, for other tools. */

import { US_PER_SEC } from "../../base/units.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { type ParquetCell, type ParquetColumn, ParquetFile } from "../../record/lake/parquet_file.ts";
import type { SplitMark } from "./split_marks.ts";
import { TRAINING_COLUMNS } from "./training_query.ts";

/** An hour of seconds and a bit: 800 KiB of the 22 columns of v1. */
const ROWS_A_GROUP = 5_000;
/** Whole numbers that doubles hold exactly, written as such. */
const INTEGERS: ReadonlySet<string> = new Set(["mid_sum_e8", "close_e8"]);
/** Between what a row is labelled with and its features. */
const SPLIT: ParquetColumn = { name: "split", type: "text" };
const TIMES: ReadonlySet<string> = new Set(["ts", "known_at"]);

/** Takes the rows of `readTrainingRows`; the file is there, whole, once `finish` has returned. */
export class TrainingParquet {
  readonly #file: ParquetFile;
  readonly #columns: readonly ParquetColumn[];
  readonly #row: ParquetCell[];

  /** @throws ForetickError CONFIG_INVALID where the file cannot be written. */
  constructor(path: string, set: FeatureSet, about: Readonly<Record<string, string>>) {
    this.#columns = [...TRAINING_COLUMNS.map(columnOf), SPLIT, ...set.names.map(columnOf)];
    this.#row = this.#columns.map(() => null);
    const metadata = { ...about, feature_set: set.name, set_hash: set.hash };
    this.#file = new ParquetFile(path, this.#columns, metadata, ROWS_A_GROUP);
  }

  get rows(): number {
    return this.#file.rows;
  }

  /** @param split what the row is to a training; null: it has no part in one. */
  push(row: Float64Array, split: SplitMark | null): void {
    let at = 0;
    for (const [index, column] of this.#columns.entries()) {
      this.#row[index] = column === SPLIT ? split : cellOf(column, row[at++]!);
    }
    this.#file.push(this.#row);
  }

  finish(): void {
    this.#file.finish();
  }

  /** Nothing is left of an unfinished file. May be called twice. */
  discard(): void {
    this.#file.discard();
  }
}

const columnOf = (name: string): ParquetColumn => ({
  name,
  type: TIMES.has(name) ? "time" : INTEGERS.has(name) ? "int64" : "double",
  required: name === "ts",
});

function cellOf({ name, type }: ParquetColumn, value: number): ParquetCell {
  if (Number.isNaN(value)) return null;
  if (type === "double") return value;
  return BigInt(name === "ts" ? value * US_PER_SEC : value);
}
