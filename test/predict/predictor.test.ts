import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { micros, modelVersion, unixSec } from "../../src/base/units.ts";
import { gold } from "../../src/features/gold.ts";
import type { FeatureSet } from "../../src/features/set.ts";
import { v1 } from "../../src/features/v1.ts";
import type { FeatureVector } from "../../src/features/vector.ts";
import type { Model } from "../../src/model/model.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import type { ClosedSecond } from "../../src/predict/lane.ts";
import type { Prediction } from "../../src/predict/prediction.ts";
import { Predictor } from "../../src/predict/predictor.ts";

const START = 1_700_000_100;

/** A model that keeps what it was shown. */
class Watching implements Model {
  readonly version = modelVersion("watching/1");
  readonly feature_set: string;
  readonly set_hash;
  readonly horizon_s = 10;
  readonly sequence_length: number;
  readonly counters = { inferences: 0, fallbacks: 0, last_error: "" };
  readonly shown: number[][] = [];

  constructor(set: FeatureSet, sequence_length: number) {
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
function second(set: FeatureSet, offset: number, { warm = true, hole = false } = {}): ClosedSecond {
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
    newest_event_us: micros((START + offset) * 1_000_000),
  };
}

function predictorOn(model: Model, interval_ms = 1_000) {
  const predictions: Prediction[] = [];
  const predictor = new Predictor({
    slot: new ModelSlot(model, silentLogger),
    clock: new ManualClock(START * 1_000_000),
    log: silentLogger,
    deadline_ms: 200,
    interval_ms,
    onPrediction: (prediction) => predictions.push(prediction),
  });
  return { predictor, predictions };
}

/** The second each vector shown was of, by its first column. */
const secondsShown = (model: Watching, set: FeatureSet): number[][] =>
  model.shown.map((values) => values.filter((_, at) => at % set.names.length === 0));

describe("predictor of a model that looks at several vectors", () => {
  it("shows it the last n, the oldest first, and waits until there are n", async () => {
    const model = new Watching(v1, 3);
    const { predictor, predictions } = predictorOn(model);
    for (let offset = 0; offset < 5; offset++) predictor.onClosed(second(v1, offset));
    await predictor.idle();
    expect(secondsShown(model, v1)).toEqual([
      [0, 1, 2],
      [1, 2, 3],
      [2, 3, 4],
    ]);
    expect(model.shown[0]).toHaveLength(3 * v1.names.length);
    expect(predictions.map(({ ts_sec }) => ts_sec - START)).toEqual([2, 3, 4]);
    expect(predictor.counters).toMatchObject({ predictions: 3, skipped_sequence: 2 });
  });

  it("never reaches across a missing second, a vector that is not warm, or one with a null", async () => {
    const model = new Watching(v1, 2);
    const { predictor } = predictorOn(model);
    predictor.onClosed(second(v1, 0));
    predictor.onClosed(second(v1, 2));
    expect(predictor.reason).toBe(
      "model watching/1 wants the last 2 vectors without a gap, so far there are 1",
    );
    predictor.onClosed(second(v1, 3));
    predictor.onClosed(second(v1, 4, { warm: false }));
    predictor.onClosed(second(v1, 5));
    predictor.onClosed(second(v1, 6));
    predictor.onClosed(second(v1, 7, { hole: true }));
    predictor.onClosed(second(v1, 8));
    await predictor.idle();
    expect(secondsShown(model, v1)).toEqual([
      [2, 3],
      [5, 6],
    ]);
    expect(predictor.counters).toMatchObject({ skipped_sequence: 5, skipped_null: 1 });
  });

  it("takes in the seconds between two predictions, and the cadence of the set", async () => {
    const each_second = new Watching(v1, 3);
    const sparse = predictorOn(each_second, 5_000).predictor;
    for (let offset = 0; offset <= 10; offset++) sparse.onClosed(second(v1, offset));
    await sparse.idle();
    expect(secondsShown(each_second, v1)).toEqual([
      [3, 4, 5],
      [8, 9, 10],
    ]);

    expect(gold.cadence_s).toBe(2);
    const every_other = new Watching(gold, 2);
    const { predictor } = predictorOn(every_other);
    for (const offset of [0, 2, 4, 8, 10]) predictor.onClosed(second(gold, offset));
    await predictor.idle();
    expect(secondsShown(every_other, gold)).toEqual([
      [0, 2],
      [2, 4],
      [8, 10],
    ]);
  });

  it("is shown the vectors as of its second, though later ones have closed before its turn", async () => {
    const model = new Watching(v1, 2);
    const { predictor, predictions } = predictorOn(model);
    for (let offset = 0; offset < 100; offset++) predictor.onClosed(second(v1, offset));
    await predictor.idle();
    expect(secondsShown(model, v1)).toEqual(Array.from({ length: 99 }, (_, at) => [at, at + 1]));
    expect(predictions).toHaveLength(99);
  });

  it("shows a model of one vector just that, warm or not, as before", async () => {
    const model = new Watching(v1, 1);
    const { predictor } = predictorOn(model);
    predictor.onClosed(second(v1, 0, { warm: false }));
    predictor.onClosed(second(v1, 9));
    await predictor.idle();
    expect(secondsShown(model, v1)).toEqual([[0], [9]]);
  });
});
