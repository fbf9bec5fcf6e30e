import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { Label } from "../../src/features/label.ts";
import type { FeatureSet } from "../../src/features/sets/feature_set.ts";
import { gold } from "../../src/features/sets/gold.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { WeighedConfidence } from "../../src/judge/weighed_confidence.ts";
import type { Model } from "../../src/model/model.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import type { ClosedSecond } from "../../src/predict/lane/output.ts";
import { NO_WORTH, type Prediction } from "../../src/predict/prediction.ts";
import { Predictor } from "../../src/predict/predictor.ts";
import { START, second, settled, Watching } from "./ticks.ts";

function predictorOn(model: Model, interval_ms = 1_000, clock = new ManualClock(START * 1_000_000)) {
  const predictions: Prediction[] = [];
  const predictor = new Predictor({
    roster: { champion: new ModelSlot(model, silentLogger), beside: [] },
    worth: () => NO_WORTH,
    clock,
    log: silentLogger,
    deadline_ms: 200,
    grace_ms: 250,
    exchangeTime: (now_us) => now_us,
    interval_ms,
    onPrediction: (prediction) => predictions.push(prediction),
  });
  return { predictor, predictions };
}

/** The second each vector shown was of, by its first column. */
const secondsShown = (model: Watching, set: FeatureSet): number[][] =>
  model.shown.map((values) => values.filter((_, at) => at % set.names.length === 0));

describe("a forecast that cannot be given out", () => {
  it("is a tick that failed: no second is without a forecast and without a counted reason", async () => {
    const { predictor, predictions } = predictorOn(new Watching(v1, 1));
    predictions.push = () => {
      throw new TypeError("torn");
    };
    predictor.onClosed(second(v1, 0));
    await predictor.idle();
    expect(predictor.counters.failed).toBe(1);
  });
});

describe("a model whose weights have a say in its confidence", () => {
  it("has its forecast weighed by the newest vector it was shown, and given out as such", async () => {
    const model = new Watching(v1, 2);
    const weights = v1.names.map(() => 1);
    const options = { mean: weights, inverse: weights, weights };
    // All columns of second n are n: one standard deviation away at 2, so that half a share is left.
    const weighed = Object.assign(model, {
      weighed: new WeighedConfidence(options, { slope: -0.5, middle: 0 }),
    });
    const shares: (number | undefined)[] = [];
    const given: boolean[] = [];
    const champion = new ModelSlot(weighed, silentLogger);
    const predictor = new Predictor({
      roster: { champion, beside: [] },
      worth: ({ weighed_share }) => {
        shares.push(weighed_share);
        return NO_WORTH;
      },
      ...{ clock: new ManualClock(START * 1_000_000), log: silentLogger, deadline_ms: 5_000, grace_ms: 250 },
      ...{ exchangeTime: (now_us) => now_us, interval_ms: 1_000 },
      onPrediction: (prediction, is_weighed) => {
        expect(prediction).not.toHaveProperty("weighed_share");
        given.push(is_weighed);
      },
    });
    for (const offset of [1, 2]) predictor.onClosed(second(v1, offset));
    await predictor.idle();
    expect([shares, given]).toEqual([[0.5], [true]]);
  });
});

describe("the deadline of a forecast", () => {
  /** 250 ms of grace and 200 ms of deadline after the instant. */
  const DUE_MS = 450;

  it("counts from the instant on the exchange's clock, not from the close", async () => {
    for (const [late_ms, made] of [
      [DUE_MS, 1],
      [DUE_MS + 1, 0],
      [60_000, 0],
    ] as const) {
      const model = new Watching(v1, 1);
      const clock = new ManualClock(START * 1_000_000 + late_ms * 1_000);
      const { predictor, predictions } = predictorOn(model, 1_000, clock);
      predictor.onClosed(second(v1, 0));
      await predictor.idle();
      expect(predictions).toHaveLength(made);
      expect(predictor.counters.skipped_late).toBe(1 - made);
      // The model is not even asked for what can be no forecast any more.
      expect(model.shown).toHaveLength(made);
      if (made === 0)
        expect(predictor.reason).toContain(`closed ${late_ms - DUE_MS} ms after its forecast was due`);
    }
  });

  it("is kept by a model that answers late: the tick is skipped, and the next one is not held up", async () => {
    const clock = new ManualClock(START * 1_000_000);
    const model = new Watching(v1, 1);
    const slow = Promise.withResolvers<void>();
    const quick = model.infer.bind(model);
    model.infer = async (hash, values) => {
      if (model.shown.length === 0) await slow.promise;
      return quick(hash, values);
    };
    const { predictor, predictions } = predictorOn(model, 1_000, clock);
    predictor.onClosed(second(v1, 0));
    await settled();
    clock.advance(DUE_MS);
    await predictor.idle();
    expect(predictor.counters).toMatchObject({ predictions: 0, skipped_deadline: 1, unanswered: 1 });
    expect(predictor.waiting).toBe(0);
    // It is asked no more before it has answered; its late answer is no forecast.
    clock.advance(1_000 - DUE_MS);
    predictor.onClosed(second(v1, 1));
    await predictor.idle();
    expect(predictor.counters).toMatchObject({ skipped_deadline: 2, unanswered: 2 });
    slow.resolve();
    await settled();
    expect(predictions).toEqual([]);
    clock.advance(1_000);
    predictor.onClosed(second(v1, 2));
    await predictor.idle();
    expect(predictions.map(({ ts_sec }) => ts_sec - START)).toEqual([2]);
  });

  it("is kept by a model that never answers: no tick waits, every one is counted, and health can say why", async () => {
    const clock = new ManualClock(START * 1_000_000);
    const model = new Watching(v1, 1);
    model.infer = () => new Promise(() => {});
    const { predictor } = predictorOn(model, 1_000, clock);
    for (let offset = 0; offset < 100; offset++) {
      clock.advanceTo((START + offset) * 1_000_000);
      predictor.onClosed(second(v1, offset));
      await settled();
      clock.advance(DUE_MS);
      await settled();
    }
    expect(predictor.waiting).toBe(0);
    expect(predictor.counters).toMatchObject({ predictions: 0, skipped_deadline: 100, unanswered: 100 });
    expect(predictor.reason).toContain("does not answer");
  });

  it("is kept by ticks that wait for their turn: the model is not asked for one that is too late by then", async () => {
    const clock = new ManualClock(START * 1_000_000);
    const model = new Watching(v1, 1);
    const quick = model.infer.bind(model);
    model.infer = async (hash, values) => {
      clock.advance(model.shown.length === 0 ? 1_000 + DUE_MS : 500);
      return quick(hash, values);
    };
    const { predictor, predictions } = predictorOn(model, 1_000, clock);
    predictor.onClosed(second(v1, 1));
    predictor.onClosed(second(v1, 0));
    await predictor.idle();
    expect(predictions.map(({ ts_sec }) => ts_sec - START)).toEqual([1]);
    expect(model.shown).toHaveLength(1);
    expect(predictor.counters).toMatchObject({ skipped_deadline: 1, skipped_late: 0, unanswered: 0 });
    expect(predictor.reason).toContain("too long for its turn");
  });
});

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
      "model watching/1 needs the last 2 vectors without a gap, so far there are 1",
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

describe("a model's label", () => {
  it("decides the price a forecast is of, and what has to be known for one", async () => {
    const no_quote = { ...second(v1, 0), mid_sum_e8: undefined };
    const no_trade = { ...second(v1, 0), close_e8: undefined };
    const made = async (label: Label, closed: ClosedSecond): Promise<Prediction | string> => {
      const { predictor, predictions } = predictorOn(new Watching(v1, 1, label));
      predictor.onClosed(closed);
      await predictor.idle();
      return predictions[0] ?? predictor.reason;
    };
    expect(await made("mid", second(v1, 0))).toMatchObject({ label: "mid", current_price: 61_000 });
    expect(await made("last", second(v1, 0))).toMatchObject({ label: "last", current_price: 61_001 });
    expect(await made("last", no_quote)).toMatchObject({ current_price: 61_001, mid_sum_e8: null });
    expect(await made("mid", no_quote)).toMatch(/^no mid price known as of/);
    expect(await made("last", no_trade)).toMatch(/^no price of the last trade known as of/);
  });
});

describe("a model on a set with a vector every two seconds", () => {
  it("is asked every two seconds, and the seconds between count as nothing", async () => {
    const model = new Watching(gold, 3);
    const clock = new ManualClock(START * 1_000_000);
    const { predictor, predictions } = predictorOn(model, 1_000, clock);
    for (let offset = 0; offset < 12; offset++) {
      const closed = second(gold, offset);
      predictor.onClosed(offset % 2 === 0 ? closed : { ...closed, vectors: [] });
      await predictor.idle();
      clock.advance(1_000);
    }
    expect(START % 2).toBe(0);
    expect(predictions.map(({ ts_sec }) => ts_sec - START)).toEqual([4, 6, 8, 10]);
    expect(secondsShown(model, gold)).toEqual([
      [0, 2, 4],
      [2, 4, 6],
      [4, 6, 8],
      [6, 8, 10],
    ]);
    const { skipped_sequence, ...others } = predictor.counters;
    expect(skipped_sequence).toBe(2);
    expect(Object.values(others).reduce((sum, count) => sum + count, 0)).toBe(predictions.length);
  });
});
