import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/base/limits.ts";
import { micros, modelVersion, unixSec } from "../../src/base/units.ts";
import { lnr } from "../../src/features/lnr.ts";
import { v1 } from "../../src/features/v1.ts";
import type { ClosedSecond } from "../../src/predict/lane.ts";
import { OutcomeJoiner } from "../../src/predict/outcomes.ts";
import type { Prediction } from "../../src/predict/prediction.ts";

const START = 1_700_000_100;
/** bid + ask (e8) as of START + offset. */
const midSum = (offset_s: number): number => 200e8 + offset_s * 1e8;

function closed(offset_s: number, mid_sum_e8 = midSum(offset_s)): ClosedSecond {
  const ts_sec = unixSec(START + offset_s);
  return { symbol: "BTCUSDT", ts_sec, vectors: [], mid_sum_e8, newest_event_us: undefined };
}

function prediction(offset_s: number): Prediction {
  return {
    symbol: "BTCUSDT",
    ts_sec: unixSec(START + offset_s),
    horizon_s: 10,
    yhat_log_return_10s: 0,
    current_price: midSum(offset_s) / 2e8,
    predicted_price: midSum(offset_s) / 2e8,
    model_version: modelVersion("m/1"),
    feature_set: v1.name,
    set_hash: v1.hash,
    source: "onnx",
    features_age_ms: 1,
    latency_ms: 1,
    warm: true,
    emitted_at_us: micros(START * 1_000_000),
    mid_sum_e8: midSum(offset_s),
  };
}

describe("what came of a prediction", () => {
  it("is known when the second its horizon ends at closes, and not before", () => {
    const joiner = new OutcomeJoiner();
    joiner.onClosed(closed(0));
    expect(joiner.onPrediction(prediction(0))).toBeUndefined();
    for (let offset_s = 1; offset_s < 10; offset_s++) expect(joiner.onClosed(closed(offset_s))).toEqual([]);
    const [outcome] = joiner.onClosed(closed(10));
    expect(outcome).toMatchObject({ ts_sec: START, realized_price: midSum(10) / 2e8 });
    expect(outcome!.realized_log_return_10s).toBe(lnr(midSum(10), midSum(0)));
    expect(joiner.open).toBe(0);
  });

  it("is the same for a prediction that comes when its horizon is over", () => {
    const [early, late] = [new OutcomeJoiner(), new OutcomeJoiner()];
    early.onPrediction(prediction(0));
    const outcomes = [];
    for (let offset_s = 0; offset_s <= 30; offset_s++) {
      outcomes.push(...early.onClosed(closed(offset_s)));
      late.onClosed(closed(offset_s));
    }
    expect(outcomes).toHaveLength(1);
    expect(late.onPrediction(prediction(0))).toEqual(outcomes[0]!);
    expect(late.open).toBe(0);
  });

  it("is null across a break, whenever the prediction comes, and where no quote stood", () => {
    const joiner = new OutcomeJoiner();
    joiner.onPrediction(prediction(0));
    for (let offset_s = 0; offset_s < 5; offset_s++) joiner.onClosed(closed(offset_s));
    joiner.onDisconnect({ ts_us: micros((START + 4) * 1_000_000 + 5) });
    const outcomes = [];
    for (let offset_s = 5; offset_s <= 30; offset_s++) {
      const second = closed(offset_s);
      outcomes.push(...joiner.onClosed(offset_s === 25 ? { ...second, mid_sum_e8: undefined } : second));
    }
    expect(outcomes.map(({ realized_price }) => realized_price)).toEqual([null]);
    expect(joiner.onPrediction(prediction(4))?.realized_log_return_10s).toBeNull();
    expect(joiner.onPrediction(prediction(5))?.realized_log_return_10s).toBe(lnr(midSum(15), midSum(5)));
    expect(joiner.onPrediction(prediction(15))?.realized_log_return_10s).toBeNull();
  });

  it("is null where the mid is no longer kept", () => {
    const joiner = new OutcomeJoiner();
    const last_s = LIMITS.outcome_mids_kept_s + 100;
    for (let offset_s = 0; offset_s <= last_s; offset_s++) joiner.onClosed(closed(offset_s, 200e8));
    expect(joiner.onPrediction(prediction(90))?.realized_price).toBeNull();
    expect(joiner.onPrediction(prediction(91))?.realized_price).toBe(100);
  });
});
