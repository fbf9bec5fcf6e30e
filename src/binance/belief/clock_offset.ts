/**
 * How far the local clock is from the exchange's, learnt from the delay of what arrives: receive time minus
 * exchange time is the distance of the clocks plus the way, and the smallest one lately has the shortest way.
 *
 * Two streams have to agree. The offset is the second smallest of the streams' minima, so that one stream with
 * wrong times, or one wrong row, does not move it.
 */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import { LATE_US, LateRun } from "./late_run.ts";

const NONE = Number.POSITIVE_INFINITY;
/** Minima are over the last one to two of these (µs of receive time). */
const WINDOW_US = 30 * US_PER_SEC;
/** Every one of these the offset is looked at on its own, to see whether it moves (µs of receive time). */
const LOOK_US = US_PER_SEC;
/** Looks that differ by no more than this agree (µs). A connection's delay moves less, a step of a clock more. */
const STEADY_US = 500_000;
/** So many looks that agree, one after the other, and the clocks run side by side. */
const STEADY_LOOKS = 3;
/** Clocks that differ by no more show the same time: both were set by true time (µs). */
const NEAR_US = LIMITS.belief_step_ms_min * US_PER_MS;

export class ClockOffset {
  /** Smallest delay in this window and in the one before, by stream. */
  readonly #now: Float64Array;
  readonly #before: Float64Array;
  /** Smallest delay since the last look, by stream. */
  readonly #recent: Float64Array;
  readonly #late: LateRun;
  #window_end_us = Number.NEGATIVE_INFINITY;
  #look_end_us = Number.NEGATIVE_INFINITY;
  #offset_us = NONE;
  /** The newest two looks, and how many in a row have agreed. */
  #look_us = NONE;
  #look_before_us = NONE;
  #agreeing = 0;
  #slid_us = 0;
  /** A step was followed, and the clocks have not run side by side since: they may step back. */
  #stepped = false;

  constructor(streams: number) {
    this.#now = new Float64Array(streams).fill(NONE);
    this.#before = new Float64Array(streams).fill(NONE);
    this.#recent = new Float64Array(streams).fill(NONE);
    this.#late = new LateRun(streams);
  }

  /** Local clock minus the exchange's (µs); ∞ before the first event. */
  get offset_us(): number {
    return this.#offset_us;
  }

  /**
   * Whether the two clocks have run side by side for the last seconds. Only then does the local clock confirm
   * the exchange's time: a recording played fast has other times.
   */
  get steady(): boolean {
    return this.#agreeing >= STEADY_LOOKS;
  }

  /**
   * Whether the local clock tells a step of the exchange's: they have run side by side, or show the same time, as
   * from a process's first row on. One that falls behind a recording played fast is near it no longer.
   */
  get tellsSteps(): boolean {
    return this.steady || Math.abs(this.#offset_us) <= NEAR_US;
  }

  /** A believed row of stream number `index`. */
  observe(index: number, delay_us: number, received_us: number): void {
    if (received_us >= this.#look_end_us) this.#look(received_us);
    if (delay_us < this.#recent[index]!) this.#recent[index] = delay_us;
    if (delay_us > this.#offset_us + LATE_US) this.#onLate(index, delay_us, received_us);
    else this.#late.end();
    if (delay_us >= this.#now[index]!) return;
    this.#now[index] = delay_us;
    if (delay_us < this.#before[index]!) this.#settle();
  }

  /** The local clock was set: everything received from now on is `delta_us` later by it. */
  shift(delta_us: number): void {
    for (const minima of [this.#now, this.#before, this.#recent]) {
      for (let index = 0; index < minima.length; index++) minima[index]! += delta_us;
    }
    this.#late.shift(delta_us);
    this.#look_us += delta_us;
    this.#look_before_us += delta_us;
    this.#window_end_us += delta_us;
    this.#look_end_us += delta_us;
    this.#settle();
  }

  /** The exchange's clock has stepped: what was learnt does not hold from here on. */
  restart(offset_us: number): void {
    this.#now.fill(NONE);
    this.#before.fill(offset_us);
    this.#recent.fill(NONE);
    this.#late.end();
    this.forgetPace();
    this.#stepped = true;
    this.#settle();
  }

  /** The two clocks do not run side by side: the local one confirms nothing until they do. */
  forgetPace(): void {
    this.#look_us = NONE;
    this.#look_before_us = NONE;
    this.#agreeing = 0;
  }

  /** The exchange's times have fallen behind: `takeSlide` says by how much. */
  get slid(): boolean {
    return this.#slid_us !== 0;
  }

  /** By how much the exchange's times have fallen behind the clocks' old distance (µs), once; 0: they have not. */
  takeSlide(): number {
    const slid_us = this.#slid_us;
    this.#slid_us = 0;
    return slid_us;
  }

  #look(received_us: number): void {
    if (received_us >= this.#window_end_us) {
      this.#before.set(this.#now);
      this.#now.fill(NONE);
      this.#window_end_us = received_us + WINDOW_US;
      this.#settle();
    }
    const seen = agreed(this.#recent, this.#recent);
    if (Number.isFinite(seen)) this.#compare(seen);
    this.#recent.fill(NONE);
    this.#look_end_us = received_us + LOOK_US;
  }

  #compare(seen_us: number): void {
    const near = (x: number, y: number): boolean => Math.abs(x - y) <= STEADY_US;
    const before_us = this.#look_us;
    // One look that differs from its neighbours may be a step, or a stall; two are another pace.
    if (near(before_us, seen_us)) this.#agreeing += 1;
    else if (!near(this.#look_before_us, before_us)) this.#agreeing = 0;
    if (this.steady) this.#stepped = false;
    this.#look_before_us = before_us;
    this.#look_us = seen_us;
  }

  /** The minima are left behind where all newer delays of two streams exceed them; of one where no other speaks. */
  #onLate(index: number, delay_us: number, received_us: number): void {
    if (!this.#late.add(index, delay_us, received_us)) return;
    const { least_us } = this.#late;
    if (spoken(least_us, least_us) < Math.min(2, spoken(this.#now, this.#before))) return;
    const before_us = this.#offset_us;
    const told = this.tellsSteps || this.#stepped;
    this.#before.fill(NONE);
    this.#now.set(least_us);
    this.#late.end();
    this.#settle();
    if (told) this.#slid_us += this.#offset_us - before_us;
  }

  /** A stream without an event for two windows has no minimum; where none has, the last offset stays. */
  #settle(): void {
    const offset_us = agreed(this.#now, this.#before);
    if (Number.isFinite(offset_us)) this.#offset_us = offset_us;
  }
}

/** How many streams have a minimum. */
function spoken(now: Float64Array, before: Float64Array): number {
  let count = 0;
  for (let index = 0; index < now.length; index++) {
    if (Math.min(now[index]!, before[index]!) < NONE) count += 1;
  }
  return count;
}

/** The second smallest of the streams' minima; the only one where there is no second; ∞ where there is none. */
function agreed(now: Float64Array, before: Float64Array): number {
  let least = NONE;
  let second = NONE;
  for (let index = 0; index < now.length; index++) {
    const value = Math.min(now[index]!, before[index]!);
    if (value < least) {
      second = least;
      least = value;
    } else if (value < second) second = value;
  }
  return second === NONE ? least : second;
}
