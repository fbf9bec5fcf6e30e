/**
 * The touch of the simulated book within a second: makers quote around a fair price that
 * wanders from the second's beginning to its end, and takers eat into what they quote.
 *
 * The second's last quote is special. Its middle is the fair price to half a tick, and its sizes carry the
 * planted imbalance to a step: the quote as of a whole second shows exactly the state the
 * market will drift by.
 */

import { purposeRng, type Rng } from "../../base/rng.ts";
import type { Touch } from "./book.ts";

/** Chance that makers quote one tick apart; otherwise lognormally wider (ticks). */
const NARROW_CHANCE = 0.9;
const WIDE_TICKS_MEDIAN = 20;
const WIDE_LOG_SD = 1.4;
const WIDE_TICKS_MAX = 2_000;

/** Base units on both sides of the touch together: lognormal over the seconds. */
const TOUCH_QTY_MEDIAN = 4;
const TOUCH_LOG_SD = 0.6;
/** How far a quote within the second may stray from the imbalance on its way. */
const IMBALANCE_STRAY = 0.3;
const IMBALANCE_MAX = 0.9999;

/** Behind an eaten touch: the next level's distance (ticks) and size (base units), both exponential. */
const NEXT_LEVEL_TICKS = 10;
const NEXT_LEVEL_QTY = 0.5;
/** Levels one fill may eat through; the last one then holds enough for all that is left. */
const LEVELS_EATEN_MAX = 25;

/** Called with one fill: where, how much, and whether the taker bought. */
export type OnFill = (tick: number, steps: number, bought: boolean) => void;

export class Quoting {
  readonly touch: Touch = { bid_tick: 0, bid_steps: 0, ask_tick: 0, ask_steps: 0 };
  readonly #rng: Rng;
  readonly #steps_per_unit: number;
  #spread_ticks = 1;
  /** The fair price, now and where it will be at the second's end (ticks, with a fraction). */
  #fair: number;
  #fair_end: number;
  #sd_ticks = 0;
  #elapsed = 0;
  #touch_steps = 0;
  #imbalance: number;
  #imbalance_end: number;

  constructor(options: { seed: number; steps_per_unit: number; fair_ticks: number; imbalance: number }) {
    this.#rng = purposeRng(options.seed, "quoting");
    this.#steps_per_unit = options.steps_per_unit;
    this.#fair = options.fair_ticks;
    this.#fair_end = options.fair_ticks;
    this.#imbalance = options.imbalance;
    this.#imbalance_end = options.imbalance;
    this.#drawTouchSize();
    this.settle();
  }

  /** A second begins, at whose end fair price and imbalance will be these. */
  begin(fair_end_ticks: number, sd_ticks: number, imbalance_end: number): void {
    this.#fair_end = fair_end_ticks;
    this.#sd_ticks = sd_ticks;
    this.#imbalance = this.#imbalance_end;
    this.#imbalance_end = imbalance_end;
    this.#elapsed = 0;
    this.#drawTouchSize();
  }

  /** The fair price moves on to where a Brownian bridge has it at `elapsed` of the second, in [0, 1). */
  wander(elapsed: number): void {
    const left = 1 - this.#elapsed;
    const passed = elapsed - this.#elapsed;
    const sd = this.#sd_ticks * Math.sqrt((passed * (1 - elapsed)) / left);
    this.#fair += ((this.#fair_end - this.#fair) * passed) / left + sd * this.#rng.normal();
    this.#elapsed = elapsed;
    this.#drawSpread();
  }

  /** Makers quote around the fair price, with sizes roughly on the way to the second's last. */
  quote(elapsed: number): void {
    const on_the_way = this.#imbalance + (this.#imbalance_end - this.#imbalance) * elapsed;
    const stray = IMBALANCE_STRAY * (2 * this.#rng.uniform() - 1);
    const steps = this.#touch_steps * (0.6 + 0.8 * this.#rng.uniform());
    this.#place(steps, on_the_way + stray);
  }

  /** The second's last quote. */
  settle(): void {
    this.#fair = this.#fair_end;
    this.#place(this.#touch_steps, this.#imbalance_end);
  }

  /**
   * A taker takes `steps`, eating through levels where the touch holds less. `onFill` is called with each
   * fill. What is left of the touch is never nothing.
   */
  take(bought: boolean, steps: number, onFill: OnFill): void {
    const touch = this.touch;
    let left = steps;
    for (let eaten = 0; left > 0; eaten++) {
      const resting = bought ? touch.ask_steps : touch.bid_steps;
      const tick = bought ? touch.ask_tick : touch.bid_tick;
      const filled = Math.min(left, resting);
      onFill(tick, filled, bought);
      left -= filled;
      if (filled < resting) {
        if (bought) touch.ask_steps -= filled;
        else touch.bid_steps -= filled;
        return;
      }
      const next_qty = Math.round(this.#rng.exponential(NEXT_LEVEL_QTY) * this.#steps_per_unit);
      const next_steps = Math.max(next_qty, 1) + (eaten >= LEVELS_EATEN_MAX ? left : 0);
      const distance = 1 + Math.floor(this.#rng.exponential(NEXT_LEVEL_TICKS));
      if (bought) {
        touch.ask_tick += distance;
        touch.ask_steps = next_steps;
      } else {
        touch.bid_tick = Math.max(1, touch.bid_tick - distance);
        touch.bid_steps = next_steps;
      }
    }
  }

  #place(steps: number, imbalance: number): void {
    const kept = Math.max(-IMBALANCE_MAX, Math.min(IMBALANCE_MAX, imbalance));
    const touch = this.touch;
    touch.bid_tick = Math.max(1, Math.round(this.#fair - this.#spread_ticks / 2));
    touch.ask_tick = touch.bid_tick + this.#spread_ticks;
    touch.bid_steps = Math.max(1, Math.round((steps * (1 + kept)) / 2));
    touch.ask_steps = Math.max(1, Math.round((steps * (1 - kept)) / 2));
  }

  #drawSpread(): void {
    const rng = this.#rng;
    const wide = rng.uniform() >= NARROW_CHANCE;
    this.#spread_ticks = wide
      ? Math.min(WIDE_TICKS_MAX, 1 + Math.ceil(WIDE_TICKS_MEDIAN * Math.exp(WIDE_LOG_SD * rng.normal())))
      : 1;
  }

  #drawTouchSize(): void {
    this.#touch_steps = Math.round(
      TOUCH_QTY_MEDIAN * Math.exp(TOUCH_LOG_SD * this.#rng.normal()) * this.#steps_per_unit,
    );
  }
}
