/**
 * The probability that a move is up, given that the price moves: p = σ(a + b·x), x the forecast in units of recent
 * volatility, divided by how large that usually is. a and b follow the outcomes and forget exponentially; at the
 * start both are 0, and p is 0.5 until outcomes speak against it.
 *
 * Bayesian logistic regression, one step of Newton an outcome (a Gaussian around (a, b), kept as precision and
 * mean): the prior is so tight that two hours of independent outcomes weigh as much as it does, and forgetting leads
 * back to it. Labels of neighbouring seconds share most of their horizon, so each counts for its share of a
 * horizon only.
 */

import { assert } from "../../base/errors.ts";

export interface UpProbabilityOptions {
  /** Horizon of the forecasts, and the time from one to the next (s). */
  readonly horizon_s: number;
  readonly cadence_s: number;
}

/** All there is to know of it; plain numbers. */
export interface UpProbabilityState {
  /** Outcomes learned, moves or not. */
  readonly count: number;
  /** Mean size of forecast ÷ volatility. */
  readonly scale: number;
  readonly a: number;
  readonly b: number;
  /** Evidence beside the prior's precision. */
  readonly aa: number;
  readonly ab: number;
  readonly bb: number;
}

const HALF_LIFE_S = 86_400;
/**
 * Precisions of a and b before any outcome. An independent outcome adds up to a quarter: drift lasting a day is
 * believed less readily than skill.
 */
const PRIOR_A = 400;
const PRIOR_B = 100;
/** Forecasts this many times larger than usual are taken as this large. */
const X_MAX = 4;

export class UpProbability {
  readonly #keep: number;
  readonly #weight: number;
  #count = 0;
  #scale = 0;
  #a = 0;
  #b = 0;
  #aa = 0;
  #ab = 0;
  #bb = 0;

  constructor({ horizon_s, cadence_s }: UpProbabilityOptions, state?: UpProbabilityState) {
    assert(
      horizon_s > 0 && cadence_s > 0,
      `horizon_s ${horizon_s} and cadence_s ${cadence_s} expected above 0`,
    );
    this.#keep = 0.5 ** (cadence_s / HALF_LIFE_S);
    this.#weight = Math.min(1, cadence_s / horizon_s);
    if (!state) return;
    assert(Object.values(state).every(Number.isFinite), "state of a probability expected finite numbers");
    this.#count = state.count;
    this.#scale = state.scale;
    this.#a = state.a;
    this.#b = state.b;
    this.#aa = state.aa;
    this.#ab = state.ab;
    this.#bb = state.bb;
  }

  /** P(up | moves), in (0, 1). @param score forecast ÷ volatility. */
  of(score: number): number {
    if (!Number.isFinite(score) || this.#scale === 0) return 0.5;
    return logistic(this.#a + this.#b * this.#inUnits(score));
  }

  /** @param realized the log-return that came; 0 is no move and says nothing of a direction. */
  learn(score: number, realized: number): void {
    if (!Number.isFinite(score) || !Number.isFinite(realized)) return;
    this.#follow(Math.abs(score));
    this.#forget();
    if (realized === 0 || this.#scale === 0) return;
    const x = this.#inUnits(score);
    const p = logistic(this.#a + this.#b * x);
    const information = this.#weight * p * (1 - p);
    this.#aa += information;
    this.#ab += information * x;
    this.#bb += information * x * x;
    const surprise = this.#weight * ((realized > 0 ? 1 : 0) - p);
    this.#solve(surprise, surprise * x);
  }

  state(): UpProbabilityState {
    return {
      count: this.#count,
      scale: this.#scale,
      a: this.#a,
      b: this.#b,
      aa: this.#aa,
      ab: this.#ab,
      bb: this.#bb,
    };
  }

  #inUnits(score: number): number {
    return Math.max(-X_MAX, Math.min(X_MAX, score / this.#scale));
  }

  #follow(size: number): void {
    this.#count++;
    const gain = Math.max(1 - this.#keep, 1 / this.#count);
    const bounded = this.#scale > 0 ? Math.min(size, X_MAX * this.#scale) : size;
    this.#scale += gain * (bounded - this.#scale);
  }

  // Evidence fades; the mean of what is left is taken with the prior's, which is 0.
  #forget(): void {
    const keep = this.#keep;
    const eta_a = keep * ((PRIOR_A + this.#aa) * this.#a + this.#ab * this.#b);
    const eta_b = keep * (this.#ab * this.#a + (PRIOR_B + this.#bb) * this.#b);
    this.#aa *= keep;
    this.#ab *= keep;
    this.#bb *= keep;
    this.#a = 0;
    this.#b = 0;
    this.#solve(eta_a, eta_b);
  }

  /** Adds precision⁻¹ · (da, db) to (a, b). */
  #solve(da: number, db: number): void {
    const aa = PRIOR_A + this.#aa;
    const bb = PRIOR_B + this.#bb;
    const determinant = aa * bb - this.#ab * this.#ab;
    this.#a += (bb * da - this.#ab * db) / determinant;
    this.#b += (aa * db - this.#ab * da) / determinant;
  }
}

const logistic = (value: number): number => 1 / (1 + Math.exp(-value));
