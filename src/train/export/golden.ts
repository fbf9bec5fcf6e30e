/**
 * Golden vectors of a trained network: real inputs spread evenly over a stretch, each with what the network
 * answered in training. Both it and the exported graph round to float32 at every step, and begin from the same
 * bits; what may differ is the order of sums and the last bit of an exponential.
 */

import type { Golden } from "../../model/bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { rowsWithHistory } from "../data/history_rows.ts";
import { type HeldNumbers, held } from "../data/numbers.ts";
import type { RowRange } from "../data/row_range.ts";
import type { Fitted } from "../fit/trainable.ts";

const GOLDEN_VECTORS = 48;
/** How far two evaluations of one network may differ, in units of the target scale. */
export const AGREEMENT = 1e-5;

export function networkGolden(
  fitted: Pick<Fitted, "forecast" | "sequence_length" | "target_scale">,
  dataset: Dataset,
  range: RowRange,
): Golden {
  const rows = evenly(rowsWithHistory(dataset, range, fitted.sequence_length), GOLDEN_VECTORS);
  const vectors = Array.from(rows, (row) => ({
    values: [...inputOf(dataset, row, fitted.sequence_length)],
    expected: fitted.forecast(dataset, { from: row, to: row + 1 })[0]!,
  }));
  return { tolerance: AGREEMENT * fitted.target_scale, vectors };
}

/** Vectors a model takes for its forecast at `row`, the oldest first. A view. */
export function inputOf({ values, names }: Dataset, row: number, sequence_length: number): HeldNumbers {
  return held(values, (row - sequence_length + 1) * names.length, (row + 1) * names.length);
}

/** At most `count` of the rows, spread evenly. */
export function evenly(rows: Uint32Array, count: number): Uint32Array {
  const taken = Math.min(count, rows.length);
  return Uint32Array.from(
    { length: taken },
    (_, index) => rows[Math.floor(((index + 0.5) * rows.length) / taken)]!,
  );
}
