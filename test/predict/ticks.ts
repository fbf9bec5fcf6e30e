/** Closed seconds and models for the tests of the predictor. */

import { micros, modelVersion, unixSec } from "../../src/base/units.ts";
import type { Label } from "../../src/features/label.ts";
import type { FeatureSet } from "../../src/features/sets/feature_set.ts";
import type { FeatureVector } from "../../src/features/vector.ts";
import type { Model } from "../../src/model/model.ts";
import type { ClosedSecond } from "../../src/predict/lane/output.ts";

export const START = 1_700_000_100;

/** A model that keeps what it was shown. */
export class Watching implements Model {
  readonly version;
  readonly feature_set: string;
  readonly set_hash;
  readonly horizon_s;
  readonly label: Label;
  readonly sequence_length: number;
  readonly counters = { inferences: 0, fallbacks: 0, unanswered: 0, last_error: "" };
  readonly shown: number[][] = [];

  constructor(
    set: FeatureSet,
    sequence_length: number,
    label: Label = "mid",
    { version = "watching/1", horizon_s = 10 } = {},
  ) {
    this.version = modelVersion(version);
    this.horizon_s = horizon_s;
    this.label = label;
    this.feature_set = set.name;
    this.set_hash = set.hash;
    this.sequence_length = sequence_length;
  }

  async infer(_set_hash: unknown, values: Float64Array): Promise<{ yhat: number; source: "onnx" }> {
    this.shown.push([...values]);
    return { yhat: 0, source: "onnx" };
  }

  async close(): Promise<void> {}
}

/** Every column of the vector at second s is s − START, or null. */
export function second(set: FeatureSet, offset: number, { warm = true, hole = false } = {}): ClosedSecond {
  const values = new Float64Array(set.names.length).fill(offset);
  if (hole) values[3] = Number.NaN;
  const vector: FeatureVector = {
    symbol: "BTCUSDT",
    ts_sec: unixSec(START + offset),
    feature_set: set.name,
    set_hash: set.hash,
    warm,
    names: set.names,
    values,
  };
  return {
    symbol: "BTCUSDT",
    ts_sec: vector.ts_sec,
    vectors: [vector],
    mid_sum_e8: 122_000e8,
    close_e8: 61_001e8,
    newest_event_us: micros((START + offset) * 1_000_000),
  };
}

/** Everything that only waits for promises has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
