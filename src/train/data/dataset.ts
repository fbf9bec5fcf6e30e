/**
 * The rows a model is fitted on: vector, label, and nothing that would not have been known. A row is used
 * where its vector is warm and has no null, and where its label's price is known and uninterrupted up to its
 * horizon; every row left out is counted under its reason.
 */

import { fail } from "../../base/errors.ts";
import type { SetHash } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import { FileNumbers } from "./number_file.ts";
import { copyOf, heldDoubles, type Numbers } from "./numbers.ts";
import type { RowRange } from "./row_range.ts";

/** By filters.ts, which says what each of them takes. */
export type FilterName =
  | "incomplete"
  | "large_return"
  | "wide_spread"
  | "volatile"
  | "thin_volume"
  | "price_off";

/** Why a row was left out; a filter that was not applied has no count. */
export interface Removed extends Partial<Record<FilterName, number>> {
  /** Look-back not inside uninterrupted data. */
  not_warm: number;
  /** A feature is null. */
  null_feature: number;
  /** The horizon reaches past the data, or across a gap. */
  no_label: number;
  /** Part of what it rests on was received later than asked for; only where that was asked. */
  known_later?: number;
}

/** One number per row, ascending in time; `values` row-major, rows × columns. */
export interface RowColumns<Column extends Numbers = Numbers> {
  /** s since 1970. */
  readonly ts_sec: Column;
  readonly values: Column;
  /** Log-return over the horizon from ts_sec on. */
  readonly y: Column;
  /** Log-return over the horizon up to ts_sec; NaN where the data do not reach back. */
  readonly last_return: Column;
  /** The label's price as of ts_sec, quote units: what turns a log-return into dollars. */
  readonly price: Column;
  /** The return over the same horizon by the other label; NaN where that is not known. */
  readonly y_other: Column;
}

/** Its columns in memory, or in files (numbers.ts). */
export interface Dataset<Column extends Numbers = Numbers> extends RowColumns<Column> {
  readonly symbol: string;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly names: readonly string[];
  readonly horizon_s: number;
  /** Seconds from one vector of the set to the next. */
  readonly cadence_s: number;
  /** What `y` is the return of. */
  readonly label: Label;
  readonly rows: number;
  readonly rows_seen: number;
  /** By reason, what filters removed included. */
  readonly removed: Readonly<Removed>;
}

export type HeldDataset = Dataset<Float64Array>;

/** The rows of `range` in memory: views of what is there, doubles of what is in files. */
export const heldPartOf = (dataset: Dataset, range: RowRange): HeldDataset =>
  withColumns(dataset, range, heldDoubles);

/** The same as rows that may be changed. What is in files goes into further ones: `release` gives them back. */
export const copiedPartOf = (dataset: Dataset, range: RowRange): Dataset =>
  withColumns(dataset, range, copyOf);

/** The first rows, in the same columns: nothing is copied. */
export const beginningOf = <Column extends Numbers>(
  dataset: Dataset<Column>,
  rows: number,
): Dataset<Column> =>
  withColumns(dataset, { from: 0, to: rows }, (numbers, from, to) => numbers.subarray(from, to) as Column);

function withColumns<From extends Numbers, Column extends Numbers>(
  dataset: Dataset<From>,
  { from, to }: RowRange,
  part: (numbers: From, from: number, to: number) => Column,
): Dataset<Column> {
  const columns = dataset.names.length;
  return {
    ...dataset,
    rows: to - from,
    ts_sec: part(dataset.ts_sec, from, to),
    values: part(dataset.values, from * columns, to * columns),
    y: part(dataset.y, from, to),
    last_return: part(dataset.last_return, from, to),
    price: part(dataset.price, from, to),
    y_other: part(dataset.y_other, from, to),
  };
}

/** Gives the files of a dataset back, and of all that share its columns. */
export function release({ ts_sec, values, y, last_return, price, y_other }: RowColumns): void {
  for (const numbers of [ts_sec, values, y, last_return, price, y_other]) {
    if (numbers instanceof FileNumbers) numbers.close();
  }
}

/** @throws ForetickError FEATURE_SET_UNKNOWN where the set has no such column. */
export function columnOf(dataset: Dataset, name: string): number {
  const column = dataset.names.indexOf(name);
  if (column >= 0) return column;
  return fail("FEATURE_SET_UNKNOWN", `set ${dataset.feature_set} expected a column ${name}, has none`);
}

/** The rows of a stretch of time, as the number that judgements by rows need: at least one. */
export const rowsIn = ({ cadence_s }: Pick<Dataset, "cadence_s">, seconds: number): number =>
  Math.max(1, Math.ceil(seconds / cadence_s));
