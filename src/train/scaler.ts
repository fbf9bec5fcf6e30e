/**
 * Standardisation, fitted on training rows only and carried inside the model. A column that does not vary in
 * training (or varies by less than float32 can tell from its mean) teaches nothing: its inverse scale is 0, so
 * whatever it does later is ignored.
 */

import type { Dataset, RowRange } from "./dataset.ts";
import { rowsOf } from "./dataset.ts";

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
  for (let row = range.from; row < range.to; row++) {
    for (let j = 0; j < columns; j++) mean[j]! += dataset.values[row * columns + j]! / rows;
  }
  for (let row = range.from; row < range.to; row++) {
    for (let j = 0; j < columns; j++)
      scale[j]! += (dataset.values[row * columns + j]! - mean[j]!) ** 2 / rows;
  }
  for (let j = 0; j < columns; j++) scale[j] = Math.sqrt(scale[j]!);
  const inverse = scale.map((value, j) =>
    value > RELATIVE_SCALE_MIN * Math.abs(mean[j]!) && value > 0 ? 1 / value : 0,
  );
  return { mean, scale, inverse, rows };
}

/** One row, standardised into `into`. */
export function standardise(dataset: Dataset, row: number, scaler: Scaler, into: Float64Array): void {
  const columns = dataset.names.length;
  for (let j = 0; j < columns; j++) {
    into[j] = (dataset.values[row * columns + j]! - scaler.mean[j]!) * scaler.inverse[j]!;
  }
}
