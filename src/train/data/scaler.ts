/**
 * Standardisation, fitted on training rows only and carried inside the model. A column that does not vary in
 * training (or varies by less than float32 can tell from its mean) teaches nothing: its inverse scale is 0, so
 * whatever it does later is ignored.
 */

import { fail } from "../../base/errors.ts";
import type { Dataset } from "./dataset.ts";
import { type HeldNumbers, held, pieces } from "./numbers.ts";
import { type RowRange, rowsOf } from "./row_range.ts";

export interface Scaler {
  readonly mean: Float64Array;
  /** Standard deviation over the rows (population). */
  readonly scale: Float64Array;
  /** 1 ÷ scale; 0 for a column without variance. */
  readonly inverse: Float64Array;
  readonly rows: number;
}

/** Below this share of the mean, float32 inputs cannot show a column's variation. */
const RELATIVE_SCALE_MIN = 2 ** -20;

/** Two passes, mean first: no cancellation for columns far from zero. */
export function fitScaler(dataset: Dataset, range: RowRange): Scaler {
  const columns = dataset.names.length;
  const rows = rowsOf(range);
  const mean = new Float64Array(columns);
  const scale = new Float64Array(columns);
  for (const { from, to } of pieces(range)) {
    const values = held(dataset.values, from * columns, to * columns);
    for (let at = 0; at < values.length; at += columns) {
      for (let j = 0; j < columns; j++) mean[j]! += values[at + j]! / rows;
    }
  }
  for (const { from, to } of pieces(range)) {
    const values = held(dataset.values, from * columns, to * columns);
    for (let at = 0; at < values.length; at += columns) {
      for (let j = 0; j < columns; j++) scale[j]! += (values[at + j]! - mean[j]!) ** 2 / rows;
    }
  }
  for (let j = 0; j < columns; j++) scale[j] = Math.sqrt(scale[j]!);
  const inverse = scale.map((value, j) =>
    value > RELATIVE_SCALE_MIN * Math.abs(mean[j]!) && value > 0 ? 1 / value : 0,
  );
  return { mean, scale, inverse, rows };
}

/** The row that begins at `at`, standardised into `into`. */
export function standardise(values: HeldNumbers, at: number, scaler: Scaler, into: Float64Array): void {
  for (let j = 0; j < into.length; j++) {
    into[j] = (values[at + j]! - scaler.mean[j]!) * scaler.inverse[j]!;
  }
}

/** What labels are divided by: their root mean square. @throws ForetickError TRAIN_DATA where every label is 0. */
export function targetScale({ y }: Dataset, range: RowRange): number {
  let sum = 0;
  for (const { from, to } of pieces(range)) for (const label of held(y, from, to)) sum += label ** 2;
  if (sum > 0) return Math.sqrt(sum / rowsOf(range));
  return fail("TRAIN_DATA", "expected a price that moves, every label of the training rows is 0");
}
