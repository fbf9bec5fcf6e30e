/**
 * How much the price has moved lately, known before the tick: the unit intervals and probabilities are given in
 * (`size`), and what squared errors are divided by (`variance`). Fed with the return of the horizon that ended at
 * each tick, so nothing of the future is in it. What it forgets exponentially makes it a function of the last
 * hours' returns: feed those after a restart.
 */

import { assert } from "../base/errors.ts";

export interface RecentMovesOptions {
  /** Seconds between two ticks. Default 1. */
  readonly cadence_s?: number;
  /** From an earlier `state()`. */
  readonly state?: RecentMovesState;
}

/** Plain data. */
export interface RecentMovesState {
  readonly size: FadingMeanState;
  readonly variance: FadingMeanState;
  readonly day_size: FadingMeanState;
  readonly day_variance: FadingMeanState;
}

interface FadingMeanState {
  readonly count: number;
  readonly mean: number;
}

const SIZE_HALF_LIFE_S = 60;
/** Longer, so that a wild minute weighs little and the weight of an error does not hang on the error itself. */
const VARIANCE_HALF_LIFE_S = 600;
const FLOOR_HALF_LIFE_S = 86_400;
/** A market at rest for minutes is about to move: neither falls below this share of its day's mean. */
const SIZE_SHARE_MIN = 0.1;
const VARIANCE_SHARE_MIN = SIZE_SHARE_MIN ** 2;

export class RecentMoves {
  readonly #size: FadingMean;
  readonly #variance: FadingMean;
  readonly #day_size: FadingMean;
  readonly #day_variance: FadingMean;

  constructor({ cadence_s = 1, state }: RecentMovesOptions = {}) {
    assert(cadence_s > 0, `cadence_s expected a positive number, was ${cadence_s}`);
    this.#size = new FadingMean(SIZE_HALF_LIFE_S / cadence_s, state?.size);
    this.#variance = new FadingMean(VARIANCE_HALF_LIFE_S / cadence_s, state?.variance);
    this.#day_size = new FadingMean(FLOOR_HALF_LIFE_S / cadence_s, state?.day_size);
    this.#day_variance = new FadingMean(FLOOR_HALF_LIFE_S / cadence_s, state?.day_variance);
  }

  /** @param last_return log-return over the horizon that ends at this tick; what is not finite is passed over. */
  observe(last_return: number): void {
    if (!Number.isFinite(last_return)) return;
    const size = Math.abs(last_return);
    this.#size.add(size);
    this.#day_size.add(size);
    this.#variance.add(size * size);
    this.#day_variance.add(size * size);
  }

  /** Returns observed so far. */
  get count(): number {
    return this.#variance.state().count;
  }

  state(): RecentMovesState {
    return {
      size: this.#size.state(),
      variance: this.#variance.state(),
      day_size: this.#day_size.state(),
      day_variance: this.#day_variance.state(),
    };
  }

  /** Mean size of the last returns (log-return), half-life a minute; 0 until the first move. */
  get size(): number {
    return Math.max(this.#size.mean, SIZE_SHARE_MIN * this.#day_size.mean);
  }

  /** Mean square of the last returns, half-life ten minutes; 0 until the first move. */
  get variance(): number {
    return Math.max(this.#variance.mean, VARIANCE_SHARE_MIN * this.#day_variance.mean);
  }
}

/** A mean that forgets exponentially; the plain mean until it has seen as much as it remembers. */
export class FadingMean {
  readonly #gain_min: number;
  #count = 0;
  #mean = 0;

  /** @param half_life in values. */
  constructor(half_life: number, { count, mean }: FadingMeanState = { count: 0, mean: 0 }) {
    this.#gain_min = 1 - 0.5 ** (1 / half_life);
    this.#count = count;
    this.#mean = mean;
  }

  state(): FadingMeanState {
    return { count: this.#count, mean: this.#mean };
  }

  get mean(): number {
    return this.#mean;
  }

  add(value: number): void {
    this.#count++;
    this.#mean += Math.max(this.#gain_min, 1 / this.#count) * (value - this.#mean);
  }
}
