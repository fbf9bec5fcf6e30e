/**
 * Labels without a market: each second the return of the next ten, of a price that moves at the simulated market's
 * own tempo (volatility that wanders and follows the hours, seconds without a move, silences) and that a hidden
 * signal drifts. Neighbouring labels share nine tenths of their horizon, as real ones do. A day takes milliseconds
 * where a simulated market takes seconds, so that statistics can be tried hundreds of times.
 */

import { purposeRng, type Rng } from "../base/rng.ts";
import { STILL_SHARE, Tempo } from "./market/tempo.ts";

export interface LabelledSecond {
  /** Log-return of the horizon that ends, and of the one that begins, at this second. */
  readonly last: number;
  readonly y: number;
  /** Conditional mean of `y`, to a few per cent: how volatility goes on within the horizon is left out. */
  readonly mean: number;
}

export interface LabelSeriesOptions {
  readonly seed: number;
  /** Share of the label's variance that its mean explains. */
  readonly r2: number;
  /** Second of its first label; second 0 is midnight. Default 0. */
  readonly from_sec?: number;
  /** Factor on the volatility by second. Default 1. */
  readonly volatility?: (second: number) => number;
}

const HORIZON_S = 10;
const VOLATILITY_1S = 1e-4;
const SIGNAL_HALF_LIFE_S = 5;

/** Endless; the same seconds for the same seed. */
export function* labelSeries(options: LabelSeriesOptions): Generator<LabelledSecond, never> {
  const { seed, r2, from_sec = 0, volatility = () => 1 } = options;
  const rng = purposeRng(seed, "label series");
  const tempo = new Tempo(seed);
  const signal = fading(rng, SIGNAL_HALF_LIFE_S);
  // What is left of the signal over the horizon, and the drift that makes it r2 of the label's variance.
  const keep = 0.5 ** (1 / SIGNAL_HALF_LIFE_S);
  const ahead = (1 - keep ** HORIZON_S) / (1 - keep);
  const strength = Math.sqrt((r2 * HORIZON_S) / (1 - r2)) / ahead;
  const length = 2 * HORIZON_S + 1;
  const prices = new Float64Array(length);
  const means = new Float64Array(length);
  // Of a second if it moves; the drift goes with it, so that the share it explains is the same at all hours.
  let sd = VOLATILITY_1S;
  for (let at = 0; ; at++) {
    const now = at % length;
    const second = from_sec + at - HORIZON_S;
    tempo.advance(second);
    if (!tempo.still) sd = VOLATILITY_1S * Math.sqrt(tempo.variance * (1 - STILL_SHARE));
    const now_sd = sd * volatility(second);
    const drift = strength * signal();
    means[now] = now_sd * ahead * drift;
    // Seconds that move make up for those that do not, in noise and in drift.
    const step = rng.normal() / Math.sqrt(1 - STILL_SHARE) + drift / (1 - STILL_SHARE);
    prices[(at + 1) % length] = prices[now]! + (tempo.still ? 0 : now_sd * step);
    // Known now: the price of the next second, and so the label of ten before it.
    if (at + 1 < 2 * HORIZON_S) continue;
    const from = (at + 1 - HORIZON_S) % length;
    const before = prices[(at + 1 - 2 * HORIZON_S) % length]!;
    yield { last: prices[from]! - before, y: prices[(at + 1) % length]! - prices[from]!, mean: means[from]! };
  }
}

/** The first seconds of a series. */
export function labelledSeconds(options: LabelSeriesOptions, seconds: number): LabelledSecond[] {
  const series = labelSeries(options);
  return Array.from({ length: seconds }, () => series.next().value);
}

/** A stationary Gaussian AR(1) on whole seconds, variance 1. */
function fading(rng: Rng, half_life_s: number): () => number {
  const keep = 0.5 ** (1 / half_life_s);
  const surprise = Math.sqrt(1 - keep * keep);
  let value = rng.normal();
  return () => {
    value = keep * value + surprise * rng.normal();
    return value;
  };
}
