/** What forecasts are worth: learned from outcomes live, and the same to the bit from the stored ones after a restart. */

import { describe, expect, it } from "vitest";
import { seededRng } from "../../src/base/rng.ts";
import { modelVersion, unixSec } from "../../src/base/units.ts";
import { Calibrations, type PastOutcome } from "../../src/predict/calibrations.ts";
import { NO_WORTH, type Prediction } from "../../src/predict/prediction.ts";
import { RecentPredictions } from "../../src/predict/recent_predictions.ts";
import { outcomeAt, predictionAt } from "../record/market_events.ts";

const HORIZON_S = 10;

interface Market {
  /** By second: the move of the next ten seconds, and a forecast that knows a tenth of it. */
  readonly moves: readonly { readonly realized: number; readonly yhat: number }[];
}

function market(seed: number, seconds: number): Market {
  const rng = seededRng(seed);
  const moves = Array.from({ length: seconds }, () => {
    const known = 3e-5 * rng.normal();
    return { realized: known + 1e-4 * rng.normal(), yhat: known };
  });
  return { moves };
}

/** As the worker does it: outcomes first, then the forecast of the tick. */
class Live {
  readonly calibrations = new Calibrations();
  readonly predictions: Prediction[] = [];
  readonly #recent = new RecentPredictions();
  readonly #market: Market;

  constructor(market: Market) {
    this.#market = market;
  }

  play(from: number, to: number, fields: Partial<Prediction> = {}): void {
    for (let sec = from; sec < to; sec++) {
      if (sec - HORIZON_S >= from) this.#settle(sec - HORIZON_S, fields);
      const forecast = { ...predictionAt(sec, this.#market.moves[sec]!.yhat), ...fields };
      const prediction = { ...forecast, ...NO_WORTH, ...this.calibrations.of(forecast) };
      this.#recent.add(prediction);
      this.predictions.push(prediction);
    }
  }

  #settle(sec: number, { role = "champion", model_version }: Partial<Prediction>): void {
    const outcome = outcomeAt(sec, this.#market.moves[sec]!.realized);
    const named = model_version === undefined ? outcome : { ...outcome, model_version };
    const joined = this.#recent.settle({ ...named, role });
    expect(joined).toBeDefined();
    this.calibrations.learn(joined!);
    // A second outcome of the same forecast is no second lesson.
    expect(this.#recent.settle({ ...named, role })).toBeUndefined();
  }

  /** What the database has of the first `to` seconds. */
  async *past(to: number): AsyncGenerator<PastOutcome> {
    for (const { ts_sec, yhat_log_return, volatility } of this.predictions.slice(0, to)) {
      const { realized } = this.#market.moves[ts_sec - predictionAt(0).ts_sec]!;
      const { realized_log_return, realized_mid_log_return, realized_last_log_return } = outcomeAt(
        0,
        realized,
      );
      yield {
        ...{ ts_sec, yhat_log_return, volatility, realized_log_return: realized_log_return! },
        ...{ realized_mid_log_return, realized_last_log_return },
      };
    }
  }
}

describe("what a forecast is worth", () => {
  it("is unknown before the first outcome, and an even chance", () => {
    const live = new Live(market(1, 20));
    live.play(0, 12);
    const { lower_price, upper_price, interval_coverage, p_up, confidence } = live.predictions[9]!;
    expect({ lower_price, upper_price, interval_coverage, p_up, confidence }).toEqual({
      ...{ lower_price: null, upper_price: null, interval_coverage: null },
      ...{ p_up: 0.5, confidence: 0.5 },
    });
    expect(live.predictions[11]!.interval_coverage).toBe(0.9);
  });

  it("keeps its promise: nine of ten outcomes inside, and a direction it is right to believe", () => {
    const { moves } = market(2, 20_000);
    const live = new Live({ moves });
    live.play(0, moves.length);
    let inside = 0;
    let [sure, right] = [0, 0];
    for (const [sec, { lower_price, upper_price, current_price, p_up }] of live.predictions.entries()) {
      if (sec < 10_000) continue;
      const came = current_price * Math.exp(moves[sec]!.realized);
      if (came >= lower_price! && came <= upper_price!) inside++;
      if (p_up! < 0.55) continue;
      sure++;
      if (moves[sec]!.realized > 0) right++;
    }
    expect(inside / 10_000).toBeGreaterThan(0.88);
    expect(inside / 10_000).toBeLessThan(0.92);
    expect(sure).toBeGreaterThan(500);
    expect(right / sure).toBeGreaterThan(0.55);
  });

  it("is restored from stored outcomes to the bit, what was learned meanwhile after them", async () => {
    const made = market(3, 1_200);
    const before = new Live(made);
    before.play(0, 1_000);
    const unbroken = new Live(made);
    unbroken.play(0, 1_200);
    // The next process has lost the ten forecasts that were open, and learns for a while before it is told the past.
    const after = new Live(made);
    after.play(1_000, 1_100);
    const [wanted, ...others] = after.calibrations.unrestored;
    expect(others).toEqual([]);
    expect(wanted).toMatchObject({ horizon_s: HORIZON_S, before_sec: predictionAt(1_000).ts_sec });
    await after.calibrations.restore(wanted!, unbroken.past(1_000));
    expect(after.calibrations.unrestored).toEqual([]);
    const forecast = predictionAt(1_100, made.moves[1_100]!.yhat);
    const uncertain = after.calibrations.of(forecast);
    // Everything up to the same outcome: that of 1,089.
    const whole = new Calibrations();
    const recent = new RecentPredictions();
    for (const prediction of [...unbroken.predictions.slice(0, 1_000), ...after.predictions.slice(0, 90)]) {
      whole.of(prediction);
      recent.add(prediction);
      const sec = prediction.ts_sec - predictionAt(0).ts_sec;
      whole.learn(recent.settle(outcomeAt(sec, made.moves[sec]!.realized))!);
    }
    expect(uncertain).toEqual(whole.of(forecast));
    expect(uncertain.lower_price).not.toBeNull();
  });

  it("stays as it was where the stored outcomes cannot be read, and is asked for again", async () => {
    const made = market(4, 100);
    const first = new Live(made);
    first.play(0, 40);
    const live = new Live(made);
    live.play(40, 80);
    const [wanted] = live.calibrations.unrestored;
    async function* torn(): AsyncGenerator<PastOutcome> {
      yield* first.past(30);
      throw new TypeError("the connection is gone");
    }
    const before = live.calibrations.of(predictionAt(80));
    await live.calibrations.restore(wanted!, torn()).catch(() => undefined);
    expect(live.calibrations.unrestored).toHaveLength(1);
    expect(live.calibrations.of(predictionAt(80))).toEqual(before);
  });

  it("is each model's own, whatever its role, in units of the market's moves that all share", () => {
    const made = market(5, 3_000);
    const live = new Live(made);
    live.play(0, 2_000);
    const newcomer = predictionAt(2_000, made.moves[2_000]!.yhat);
    const version = modelVersion("ridge-v1/newcomer");
    const worth = live.calibrations.of({ ...newcomer, model_version: version, role: "shadow" });
    const known = live.calibrations.of(newcomer);
    expect(worth.volatility).toBe(known.volatility);
    expect(worth.p_up).toBe(0.5);
    expect(known.p_up).not.toBe(0.5);
    expect(live.calibrations.of({ ...newcomer, role: "challenger" })).toEqual(known);
    // An evaluator that stands in for the native session is believed less.
    const fallback = live.calibrations.of({ ...newcomer, source: "fallback" });
    expect(fallback.confidence! - 0.5).toBeCloseTo(0.9 * (known.confidence! - 0.5), 12);
    expect(fallback.p_up).toBe(known.p_up);
    const far = live.calibrations.of({ ...newcomer, horizon_s: 60, ts_sec: unixSec(newcomer.ts_sec) });
    expect(far).toMatchObject({ lower_price: null, p_up: 0.5 });
  });
});
