/**
 * The tempo of the simulated market in a second: its volatility, the rate of its orders, whether the price
 * moves, and whether the market is silent.
 *
 * The variance of a second is a long-run variance × an intraday shape × exp(a fast and a slow
 * Ornstein–Uhlenbeck state), × 0.1 in a silence. Each factor has mean 1 over a day, so the long-run variance
 * of the noise is exactly the one asked for, and the planted signal can be scaled by it.
 */

import { purposeRng, type Rng } from "../../base/rng.ts";

/** Share of seconds, drawn independently, in which the price does not move; half of the recorded ones. */
export const STILL_SHARE = 0.45;

const FAST = { half_life_s: 40, sd: 0.5 };
const SLOW = { half_life_s: 1_500, sd: 0.6 };
const LOG_VARIANCE = FAST.sd ** 2 + SLOW.sd ** 2;

/** Silences: on average one in 600 s, of 8 s. */
const SILENCE_BEGINS = 1 / 600;
const SILENCE_ENDS = 1 / 8;
const SILENT_SHARE = SILENCE_BEGINS / (SILENCE_BEGINS + SILENCE_ENDS);
const SILENT_VARIANCE = 0.1;

/** A burst multiplies the rate of orders by up to 20 for a second. */
const BURST_CHANCE = 1 / 240;
const BURST_FACTOR_MIN = 6;
const BURST_FACTOR_MAX = 20;

/** Orders are fewer where the price does not move; the mean over both kinds of second is 1. */
const STILL_RATE = 0.5;
const MOVING_RATE = (1 - STILL_SHARE * STILL_RATE) / (1 - STILL_SHARE);

const DAY_S = 86_400;
const BUSIEST_S = 14.5 * 3_600;
const DAILY_SWING = 0.5;

export class Tempo {
  readonly #rng: Rng;
  readonly #fast_kept = 2 ** (-1 / FAST.half_life_s);
  readonly #slow_kept = 2 ** (-1 / SLOW.half_life_s);
  #fast: number;
  #slow: number;
  /** Variance of the second, relative to the long-run mean of all seconds (those without a move included). */
  variance = 1;
  /** Rate of activity of the second, relative to its long-run mean. */
  rate = 1;
  still = false;
  silent = false;

  constructor(seed: number) {
    this.#rng = purposeRng(seed, "tempo");
    this.#fast = FAST.sd * this.#rng.normal();
    this.#slow = SLOW.sd * this.#rng.normal();
  }

  /** Draws the second `ts_sec`, which begins now. */
  advance(ts_sec: number): void {
    const rng = this.#rng;
    this.#fast = this.#fast_kept * this.#fast + FAST.sd * Math.sqrt(1 - this.#fast_kept ** 2) * rng.normal();
    this.#slow = this.#slow_kept * this.#slow + SLOW.sd * Math.sqrt(1 - this.#slow_kept ** 2) * rng.normal();
    this.silent = this.silent ? rng.uniform() >= SILENCE_ENDS : rng.uniform() < SILENCE_BEGINS;
    this.still = rng.uniform() < STILL_SHARE;

    const shape = 1 + DAILY_SWING * Math.cos((2 * Math.PI * ((ts_sec % DAY_S) - BUSIEST_S)) / DAY_S);
    const log_variance = this.#fast + this.#slow;
    const silence = (this.silent ? SILENT_VARIANCE : 1) / (1 - SILENT_SHARE * (1 - SILENT_VARIANCE));
    // The mean of exp(x) is exp(Var/2), that of exp(x/2) is exp(Var/8).
    this.variance = this.still
      ? 0
      : (shape * Math.exp(log_variance - LOG_VARIANCE / 2) * silence) / (1 - STILL_SHARE);
    this.rate = this.silent
      ? 0
      : (shape * Math.exp(log_variance / 2 - LOG_VARIANCE / 8) * this.#pulse()) / (1 - SILENT_SHARE);
  }

  /** Still or moving, and now and then a burst. Mean 1. */
  #pulse(): number {
    const rng = this.#rng;
    const spread = BURST_FACTOR_MAX - BURST_FACTOR_MIN;
    const burst = rng.uniform() < BURST_CHANCE ? BURST_FACTOR_MIN + spread * rng.uniform() : 1;
    const mean = 1 + BURST_CHANCE * (BURST_FACTOR_MIN + spread / 2 - 1);
    return ((this.still ? STILL_RATE : MOVING_RATE) * burst) / mean;
  }
}
