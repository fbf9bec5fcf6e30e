import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/base/limits.ts";
import { micros, modelVersion, unixSec } from "../../src/base/units.ts";
import { lnr } from "../../src/features/algebra/lnr.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import type { ClosedSecond } from "../../src/predict/lane/output.ts";
import { OutcomeJoiner } from "../../src/predict/outcomes.ts";
import { NO_WORTH, type Outcome, type Prediction } from "../../src/predict/prediction.ts";

const START = 1_700_000_100;
/** bid + ask (e8) as of START + offset. */
const midSum = (offset_s: number): number => 200e8 + offset_s * 1e8;
/** Price of the last trade (e8): now at the bid, now at the ask. */
const close = (offset_s: number): number => midSum(offset_s) / 2 + (offset_s % 3) * 1e6;

function closed(offset_s: number, mid_sum_e8 = midSum(offset_s)): ClosedSecond {
  const ts_sec = unixSec(START + offset_s);
  return {
    symbol: "BTCUSDT",
    ts_sec,
    vectors: [],
    mid_sum_e8,
    close_e8: close(offset_s),
    newest_event_us: undefined,
  };
}

function prediction(offset_s: number, fields: Partial<Prediction> = {}): Prediction {
  return {
    venue: "binance",
    symbol: "BTCUSDT",
    ts_sec: unixSec(START + offset_s),
    role: "champion",
    served: true,
    ...NO_WORTH,
    horizon_s: 10,
    yhat_log_return: 0,
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
    close_e8: close(offset_s),
    label: "mid",
    ...fields,
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
    expect(outcome!.realized_log_return).toBe(lnr(midSum(10), midSum(0)));
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

  it("is null across a break, whenever the prediction comes, and where no quote was current", () => {
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
    expect(joiner.onPrediction(prediction(4))?.realized_log_return).toBeNull();
    expect(joiner.onPrediction(prediction(5))?.realized_log_return).toBe(lnr(midSum(15), midSum(5)));
    expect(joiner.onPrediction(prediction(15))?.realized_log_return).toBeNull();
  });

  it("is taken back where a break in the quotes is noticed after it was joined, and dated before", () => {
    const joiner = new OutcomeJoiner();
    const known: (readonly [number, number | null])[] = [];
    for (let offset_s = 0; offset_s <= 40; offset_s++) {
      for (const outcome of joiner.onClosed(closed(offset_s))) {
        known.push([outcome.ts_sec - START, outcome.realized_log_return]);
      }
      if (offset_s < 40) expect(joiner.onPrediction(prediction(offset_s))).toBeUndefined();
    }
    expect(known.map(([offset_s]) => offset_s)).toEqual(Array.from({ length: 31 }, (_, i) => i));
    expect(known.every(([, realized]) => realized !== null)).toBe(true);
    // The quotes ended in second 25; forecasts since then were made from what was not known any more.
    const ended_us = micros((START + 25) * 1_000_000 + 5);
    expect(joiner.onDisconnect({ ts_us: ended_us, stream: "depth" })).toEqual([]);
    const taken_back = joiner.onDisconnect({ ts_us: ended_us, stream: "quote" });
    expect(taken_back.map(({ ts_sec }) => ts_sec - START)).toEqual(
      Array.from({ length: 15 }, (_, i) => 16 + i),
    );
    expect(
      taken_back.every(
        ({ realized_log_return, realized_price }) => realized_log_return === null && realized_price === null,
      ),
    ).toBe(true);
    expect(joiner.onDisconnect({ ts_us: ended_us, stream: "quote" })).toEqual([]);
    // The forecast of second 40 was on its way when the break was noticed; that of 41 knew.
    expect(joiner.onPrediction(prediction(40))).toBeUndefined();
    expect(joiner.onPrediction(prediction(41))).toBeUndefined();
    const rest = [];
    for (let offset_s = 41; offset_s <= 51; offset_s++) rest.push(...joiner.onClosed(closed(offset_s)));
    expect(rest.map(({ ts_sec, realized_price }) => [ts_sec - START, realized_price !== null])).toEqual([
      ...Array.from({ length: 10 }, (_, i) => [31 + i, false]),
      [41, true],
    ]);
  });

  it("is null where the mid is no longer kept", () => {
    const joiner = new OutcomeJoiner();
    const last_s = LIMITS.outcome_mids_kept_s + 100;
    for (let offset_s = 0; offset_s <= last_s; offset_s++) joiner.onClosed(closed(offset_s, 200e8));
    expect(joiner.onPrediction(prediction(90))?.realized_price).toBeNull();
    expect(joiner.onPrediction(prediction(91))?.realized_price).toBe(100);
  });

  it("is by the model's own label, and by the other one beside it", () => {
    const joiner = new OutcomeJoiner();
    joiner.onClosed(closed(0));
    joiner.onPrediction(prediction(0, { label: "last" }));
    // Without a quote a forecast of the last price is made, and joined.
    joiner.onPrediction(
      prediction(0, { label: "last", model_version: modelVersion("m/2"), mid_sum_e8: null }),
    );
    for (let offset_s = 1; offset_s < 10; offset_s++) joiner.onClosed(closed(offset_s));
    const [both, last] = joiner.onClosed(closed(10));
    const by_last = lnr(close(10), close(0));
    const by_mid = lnr(midSum(10), midSum(0));
    expect(by_last).not.toBe(by_mid);
    expect(both).toMatchObject({ realized_log_return: by_last, realized_last_log_return: by_last });
    expect(both).toMatchObject({ realized_mid_log_return: by_mid, realized_price: close(10) / 1e8 });
    expect(last).toMatchObject({ realized_log_return: by_last, realized_mid_log_return: null });
  });

  it("is unknown across a break in its label's stream alone, also where that is noticed late", () => {
    for (const [stream, label, noticed_s] of [
      ["quote", "last", 5],
      ["trade", "mid", 5],
      ["quote", "mid", 12],
      ["trade", "last", 12],
    ] as const) {
      const joiner = new OutcomeJoiner();
      const outcomes: Outcome[] = [];
      for (let offset_s = 0; offset_s < 15; offset_s++) {
        if (offset_s === noticed_s) {
          const ts_us = micros((START + 4) * 1_000_000 + 1);
          outcomes.push(...joiner.onDisconnect({ ts_us, until_us: micros(ts_us + 1), stream }));
        }
        outcomes.push(...joiner.onClosed(closed(offset_s)));
        if (offset_s === 0) joiner.onPrediction(prediction(0, { label }));
      }
      const newest = outcomes.at(-1)!;
      const broken = stream === "quote" ? "realized_mid_log_return" : "realized_last_log_return";
      const whole = stream === "quote" ? "realized_last_log_return" : "realized_mid_log_return";
      expect(newest[broken], `${stream} ${label}`).toBeNull();
      expect(newest[whole], `${stream} ${label}`).not.toBeNull();
      const is_own = (stream === "quote") === (label === "mid");
      expect(newest.realized_log_return === null, `${stream} ${label}`).toBe(is_own);
      expect(outcomes).toHaveLength(noticed_s === 12 ? 2 : 1);
    }
  });
});
