/** Closed seconds with a planted linear signal, made without the market: fast, and its truth is known. */

import { seededRng } from "../../../src/base/rng.ts";
import { unixSec } from "../../../src/base/units.ts";
import type { Label } from "../../../src/features/label.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { HeldRows } from "../../../src/train/data/row_store.ts";
import { DatasetBuilder, type DatasetRow } from "../../../src/train/rows/dataset_builder.ts";

export const START_SEC = 1_700_000_100;
/** The column that carries the signal; the others are noise. */
export const SIGNAL_COLUMN = 11;
const PERSISTENCE = 0.87;

export interface SyntheticOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Share of the ten-second label's variance that the signal explains. */
  readonly r2: number;
  readonly horizon_s?: number;
}

export function vectorOf(ts_sec: number, values: ArrayLike<number>, warm = true): FeatureVector {
  return {
    symbol: "BTCUSDT",
    ts_sec: unixSec(ts_sec),
    feature_set: v1.name,
    set_hash: v1.hash,
    warm,
    names: v1.names,
    values: new Float64Array(values),
  };
}

/**
 * The signal s is AR(1); a second's return is c·s + noise, so the mean of the next ten is c·s·(1−φ¹⁰)/(1−φ).
 * Columns have very different units and offsets, as real ones do.
 */
export function* syntheticRows(
  options: SyntheticOptions,
): Generator<DatasetRow & { readonly vector: FeatureVector }> {
  const { seed, seconds, r2, horizon_s = 10 } = options;
  const rng = seededRng(seed);
  const sigma = 1e-4;
  const reach = (1 - PERSISTENCE ** horizon_s) / (1 - PERSISTENCE);
  const c = (sigma * Math.sqrt((r2 / (1 - r2)) * horizon_s)) / reach;
  let signal = rng.normal();
  let log_price = Math.log(61_000);
  for (let second = 0; second < seconds; second++) {
    const values = v1.names.map((_, j) => 10 ** ((j % 5) - 2) * (rng.normal() + (j % 3)));
    values[SIGNAL_COLUMN] = 0.3 * signal + 0.1;
    const mid_sum_e8 = Math.round(2 * Math.exp(log_price) * 1e6) * 100;
    const vector = vectorOf(START_SEC + second, values);
    // Trades are at the bid and at the ask by turns, a cent apart.
    const close_e8 = mid_sum_e8 / 2 + (second % 2 === 0 ? 500_000 : -500_000);
    yield { ts_sec: vector.ts_sec, vector, mid_sum_e8, close_e8 };
    log_price += c * signal + sigma * rng.normal();
    signal = PERSISTENCE * signal + Math.sqrt(1 - PERSISTENCE ** 2) * rng.normal();
  }
}

export const builderOf = (horizon_s = 10, label: Label = "mid"): DatasetBuilder<Float64Array> =>
  new DatasetBuilder({ symbol: "BTCUSDT", set: v1, horizon_s, label }, new HeldRows(v1.names.length));

export function syntheticDataset(options: SyntheticOptions): HeldDataset {
  const builder = builderOf(options.horizon_s);
  for (const row of syntheticRows(options)) builder.push(row);
  return builder.finish();
}
