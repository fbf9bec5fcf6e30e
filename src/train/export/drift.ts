/**
 * What `drift.json` of a fitted model says: how its features, its forecasts and its label were distributed over the rows
 * it was trained and tested on, a piece at a time. The newest month at most: blocks of an hour are compared with each
 * other, and an older market is no longer what is normal.
 */

import { LIMITS } from "../../base/limits.ts";
import { type DriftReference, driftReference } from "../../judge/drift/drift_reference.ts";
import { binsOf, DriftSlots } from "../../judge/drift/drift_slots.ts";
import { type Dataset, heldPartOf } from "../data/dataset.ts";
import { firstFrom, numberAt, pieces } from "../data/numbers.ts";
import type { RowRange } from "../data/row_range.ts";
import type { Forecaster } from "../fit/forecaster.ts";

/** Rows that edges of bins are read off, evenly spread. */
const SAMPLE_ROWS = 4_000;

export function driftOfTraining(dataset: Dataset, model: Forecaster): DriftReference {
  const all = { from: 0, to: dataset.rows };
  const newest_sec = numberAt(dataset.ts_sec, dataset.rows - 1);
  const from = firstFrom(dataset.ts_sec, all, newest_sec - LIMITS.drift_reference_s);
  const range = { from, to: dataset.rows };
  const forecasts = new Float64Array(range.to - range.from);
  for (const piece of pieces(range)) forecasts.set(model.forecast(dataset, piece), piece.from - range.from);
  const every = Math.max(1, Math.floor(forecasts.length / SAMPLE_ROWS));
  const sample: Float64Array[] = [];
  for (const [row, , values] of rowsOf(dataset, range, forecasts)) {
    if (row % every === 0) sample.push(values.slice());
  }
  const slots = new DriftSlots(binsOf([...dataset.names, "forecast", "label"], sample));
  for (const [, ts_sec, values] of rowsOf(dataset, range, forecasts)) slots.add(ts_sec, values);
  return driftReference(slots, { cadence_s: dataset.cadence_s });
}

/** Each row's number in the range, its time, and features, forecast and label: the same array each time. */
function* rowsOf(
  dataset: Dataset,
  range: RowRange,
  forecasts: Float64Array,
): Generator<readonly [row: number, ts_sec: number, values: Float64Array]> {
  const columns = dataset.names.length;
  const values = new Float64Array(columns + 2);
  for (const piece of pieces(range)) {
    const part = heldPartOf(dataset, piece);
    for (let row = 0; row < part.rows; row++) {
      values.set(part.values.subarray(row * columns, (row + 1) * columns));
      values[columns] = forecasts[piece.from + row - range.from]!;
      values[columns + 1] = part.y[row]!;
      yield [piece.from + row - range.from, part.ts_sec[row]!, values];
    }
  }
}
