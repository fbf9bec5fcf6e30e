import { describe, expect, it } from "vitest";
import { seededRng } from "../../src/base/rng.ts";
import { Calibration, type ForecastOutcome } from "../../src/judge/calibration.ts";
import { confidenceOf } from "../../src/judge/confidence.ts";
import { RecentMoves } from "../../src/judge/recent_moves.ts";
import { type LabelSeriesOptions, labelledSeconds } from "../../src/sim/label_series.ts";

const HORIZON = 10;
const DAY = 86_400;

interface Series extends LabelSeriesOptions {
  readonly seconds: number;
}

interface Issued extends ForecastOutcome {
  readonly inside: boolean;
  readonly p_up: number;
}

/** Forecasts `factor` times the true mean, each learned a horizon later. */
function live(calibration: Calibration, options: Series, factor = 1): Issued[] {
  const moves = new RecentMoves();
  const issued: Issued[] = [];
  for (const { last, y, mean } of labelledSeconds(options, options.seconds)) {
    moves.observe(last);
    if (issued.length >= HORIZON) calibration.learn(issued[issued.length - HORIZON]!);
    const yhat_log_return = factor * mean;
    const { lower, upper, p_up } = calibration.predict(yhat_log_return, moves.size);
    const inside = lower <= y && y <= upper;
    issued.push({ yhat_log_return, volatility: moves.size, realized_log_return: y, inside, p_up });
  }
  return issued;
}

const share = <T>(values: readonly T[], holds: (value: T) => boolean): number =>
  values.filter(holds).length / values.length;

/** Realised share of moves up among forecasts promised `from` to `to`, and the mean promise. */
function promised(issued: readonly Issued[], from: number, to: number) {
  const moved = issued.filter((one) => one.realized_log_return !== 0 && one.p_up >= from && one.p_up < to);
  const mean = moved.reduce((sum, { p_up }) => sum + p_up, 0) / moved.length;
  return { count: moved.length, promise: mean, realised: share(moved, (one) => one.realized_log_return > 0) };
}

describe("calibration", () => {
  it("holds 90 % of outcomes inside over a day, and 80 % in every hour, while volatility wanders", () => {
    const issued = live(new Calibration({ horizon_s: HORIZON }), { seed: 1, seconds: DAY, r2: 0.01 });
    expect(Math.abs(share(issued, ({ inside }) => inside) - 0.9)).toBeLessThan(0.01);
    for (let hour = 0; hour < 24; hour++) {
      const rows = issued.slice(hour * 3600, (hour + 1) * 3600);
      expect(share(rows, ({ inside }) => inside)).toBeGreaterThan(0.8);
    }
  });

  it("promises the probabilities that come true, though the forecasts are three times too large", () => {
    const options = { seed: 2, seconds: 3 * DAY, r2: 0.05 };
    const issued = live(new Calibration({ horizon_s: HORIZON }), options, 3).slice(DAY / 4);
    for (const [from, to] of [
      [0, 0.4],
      [0.4, 0.5],
      [0.5, 0.6],
      [0.6, 1],
    ] as const) {
      const { count, promise, realised } = promised(issued, from, to);
      expect(count).toBeGreaterThan(10_000);
      expect(Math.abs(promise - realised)).toBeLessThan(0.025);
    }
  });

  it("promises next to nothing where there is nothing to know", () => {
    const rng = seededRng(5);
    const calibration = new Calibration({ horizon_s: HORIZON });
    const confidences: number[] = [];
    for (const { y } of labelledSeconds({ seed: 3, r2: 0 }, DAY)) {
      const forecast = 1e-5 * rng.normal();
      confidences.push(calibration.predict(forecast, 1e-4).confidence);
      calibration.learn({ yhat_log_return: forecast, volatility: 1e-4, realized_log_return: y });
    }
    const sorted = confidences.toSorted((one, other) => one - other);
    expect(sorted[Math.floor(0.99 * sorted.length)]).toBeLessThan(0.52);
    expect(sorted.at(-1)).toBeLessThan(0.54);
    expect(sorted.at(-1)).toBeGreaterThan(0.5);
  });

  it("says 0.5 before the first outcome, and hardly more after a lucky minute", () => {
    const calibration = new Calibration({ horizon_s: HORIZON });
    expect(calibration.predict(1e-3, 1e-4)).toMatchObject({ p_up: 0.5, confidence: 0.5, coverage: 0.9 });
    for (let second = 0; second < 60; second++) {
      calibration.learn({ yhat_log_return: 1e-5, volatility: 1e-4, realized_log_return: 1e-4 });
    }
    const { p_up } = calibration.predict(1e-5, 1e-4);
    expect(p_up).toBeGreaterThan(0.5);
    expect(p_up).toBeLessThan(0.51);
  });

  it("turns the probability of a model whose sign is wrong", () => {
    const calibration = new Calibration({ horizon_s: HORIZON });
    live(calibration, { seed: 4, seconds: DAY, r2: 0.05 }, -1);
    expect(calibration.predict(2e-5, 1e-4).p_up).toBeLessThan(0.48);
    expect(calibration.predict(-2e-5, 1e-4).p_up).toBeGreaterThan(0.52);
  });

  it("is the weighted logistic regression of the whole past, found by a batch fit", () => {
    const calibration = new Calibration({ horizon_s: HORIZON });
    const rng = seededRng(6);
    const past: ForecastOutcome[] = Array.from({ length: 40_000 }, () => {
      const score = rng.normal();
      const up = rng.uniform() < 1 / (1 + Math.exp(-0.1 - 0.4 * score));
      const realized_log_return = rng.uniform() < 0.4 ? 0 : up ? 1e-4 : -1e-4;
      return { yhat_log_return: score * 1e-4, volatility: 1e-4, realized_log_return };
    });
    for (const outcome of past) calibration.learn(outcome);
    const { a, b } = batchFit(past);
    const { probability } = calibration.state();
    expect(Math.abs(probability.a / a - 1)).toBeLessThan(0.05);
    expect(Math.abs(probability.b / b - 1)).toBeLessThan(0.05);
    expect(a).toBeGreaterThan(0.03);
  });

  it("is the same to the bit from a list of past outcomes, and from its state", () => {
    const first = new Calibration({ horizon_s: HORIZON });
    const past = live(first, { seed: 7, seconds: 5_000, r2: 0.02 }).slice(0, -HORIZON);
    const from_list = new Calibration({ horizon_s: HORIZON, past });
    const state = JSON.parse(JSON.stringify(new Calibration({ horizon_s: HORIZON, past }).state()));
    const from_state = new Calibration({ horizon_s: HORIZON, state });
    const next = { yhat_log_return: 3e-5, volatility: 2e-4, realized_log_return: -1e-4 };
    for (const one of [first, from_list, from_state]) one.learn(next);
    expect(from_list.state()).toEqual(first.state());
    expect(from_state.state()).toEqual(first.state());
    expect(from_state.predict(1e-5, 1e-4)).toEqual(first.predict(1e-5, 1e-4));
    expect(first.state().probability.count).toBe(past.length + 1);
  });

  it("forgets: a day after a model lost its sign it promises the other way", () => {
    const calibration = new Calibration({ horizon_s: HORIZON });
    live(calibration, { seed: 8, seconds: DAY, r2: 0.05 });
    const before = calibration.state().probability.b;
    live(calibration, { seed: 9, seconds: 2 * DAY, r2: 0.05 }, -1);
    expect(before).toBeGreaterThan(0.2);
    expect(calibration.state().probability.b).toBeLessThan(-0.1);
  });

  it("passes over what is not known, and gives a point where volatility is not", () => {
    const calibration = new Calibration({ horizon_s: HORIZON });
    const state = calibration.state();
    calibration.learn({ yhat_log_return: 1e-5, volatility: 0, realized_log_return: 1e-4 });
    calibration.learn({ yhat_log_return: 1e-5, volatility: 1e-4, realized_log_return: Number.NaN });
    expect(calibration.state()).toEqual(state);
    expect(calibration.predict(1e-5, 0)).toMatchObject({ lower: 1e-5, upper: 1e-5, p_up: 0.5 });
  });
});

describe("confidence", () => {
  it("loses its share of what exceeds an even chance to every fallback", () => {
    expect(confidenceOf(0.6)).toBeCloseTo(0.6, 12);
    expect(confidenceOf(0.4)).toBeCloseTo(0.6, 12);
    expect(confidenceOf(0.6, ["last_value"])).toBeCloseTo(0.58, 12);
    expect(confidenceOf(0.6, ["other_evaluator"])).toBeCloseTo(0.59, 12);
    expect(confidenceOf(0.6, ["last_value", "other_set"])).toBeCloseTo(0.572, 12);
    expect(confidenceOf(0.4, ["rest_ticker"])).toBeCloseTo(0.53, 12);
    expect(confidenceOf(0.9, ["linear_trend"])).toBe(0.5);
  });
});

/**
 * The maximum a posteriori by Newton over all outcomes at once: each counts for a tenth (labels overlap tenfold),
 * halved a day; priors of precision 400 and 100; forecasts in units of their mean size, bounded at four.
 */
function batchFit(past: readonly ForecastOutcome[]): { a: number; b: number } {
  const scale =
    past.reduce((sum, one) => sum + Math.abs(one.yhat_log_return / one.volatility), 0) / past.length;
  const moved = past.flatMap((one, index) => {
    if (one.realized_log_return === 0) return [];
    const x = Math.max(-4, Math.min(4, one.yhat_log_return / one.volatility / scale));
    return {
      x,
      up: one.realized_log_return > 0 ? 1 : 0,
      weight: 0.1 * 0.5 ** ((past.length - 1 - index) / DAY),
    };
  });
  let [a, b] = [0, 0];
  for (let step = 0; step < 20; step++) {
    let [ga, gb, haa, hab, hbb] = [-400 * a, -100 * b, 400, 0, 100];
    for (const { x, up, weight } of moved) {
      const p = 1 / (1 + Math.exp(-a - b * x));
      ga += weight * (up - p);
      gb += weight * (up - p) * x;
      haa += weight * p * (1 - p);
      hab += weight * p * (1 - p) * x;
      hbb += weight * p * (1 - p) * x * x;
    }
    const determinant = haa * hbb - hab * hab;
    a += (hbb * ga - hab * gb) / determinant;
    b += (haa * gb - hab * ga) / determinant;
  }
  return { a, b };
}
