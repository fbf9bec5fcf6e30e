/**
 * An interval around a forecast that keeps its coverage while the market changes: half-width = ratio × recent
 * volatility, and the ratio is nudged by every outcome, up after a miss and a little down after a hit, so that in
 * the long run the promised share of outcomes is inside, whatever the market does. The outcome of a forecast
 * comes a horizon later; until then it is not used here either.
 *
 * Gibbs and Candès (2021), "Adaptive conformal inference under distribution shift"; in the form that follows the
 * quantile itself (Angelopoulos, Candès and Tibshirani 2023), multiplicative, so that a width is never negative.
 */

import { assert } from "../base/errors.ts";

export interface AdaptiveIntervalOptions {
  /** Share of outcomes to be inside, in (0, 1). */
  readonly coverage: number;
  /** Ratio to begin with, above 0: half-width ÷ volatility. */
  readonly start: number;
  /** The ratio it had, where it goes on from an earlier one. Default `start`. */
  readonly ratio?: number | undefined;
  /** Share by which a miss widens at coverage near 1. A miss of one second is nearly always one of the next nine. */
  readonly step?: number;
}

const STEP = 0.005;
/**
 * No width falls below this share of the first one, or exceeds its inverse: a market without moves is no
 * certainty.
 */
const RATIO_SHARE_MIN = 1e-3;

export class AdaptiveInterval {
  readonly #coverage: number;
  readonly #start: number;
  readonly #step: number;
  #ratio: number;

  constructor({ coverage, start, ratio = start, step = STEP }: AdaptiveIntervalOptions) {
    assert(coverage > 0 && coverage < 1, `coverage expected a number between 0 and 1, was ${coverage}`);
    assert(start > 0 && Number.isFinite(start), `start expected a positive number, was ${start}`);
    this.#coverage = coverage;
    this.#start = start;
    this.#step = step;
    assert(ratio > 0 && Number.isFinite(ratio), `ratio expected a positive number, was ${ratio}`);
    this.#ratio = this.#bounded(ratio);
  }

  /** Half-width of an interval issued now, in units of volatility. */
  get ratio(): number {
    return this.#ratio;
  }

  /** The outcome of a forecast whose interval was issued earlier: did it hold it? */
  observe(held: boolean): void {
    const next = this.#ratio * Math.exp(this.#step * ((held ? 0 : 1) - (1 - this.#coverage)));
    this.#ratio = this.#bounded(next);
  }

  #bounded(ratio: number): number {
    return Math.min(this.#start / RATIO_SHARE_MIN, Math.max(this.#start * RATIO_SHARE_MIN, ratio));
  }
}
