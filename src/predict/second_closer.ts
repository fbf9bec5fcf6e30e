/**
 * Decides when second s is over, by the exchange's clock.
 *
 * A second closes when an event with time ≥ s+1 has come on every subscribed stream whose connection is
 * alive. A quiet stream must not hold the others up, so it also closes once `grace` has passed since s+1:
 * read off the leading stream's exchange time (the same in a replay at any speed), or, where every stream is
 * quiet, off the wall clock, corrected by the smallest delay seen lately between the two clocks.
 */

import { type Micros, startOf, type UnixSec, US_PER_MS, US_PER_SEC } from "../base/units.ts";

const NEVER = Number.NEGATIVE_INFINITY;
/** The two clocks' distance is the minimum over the last one to two of these (µs). */
const OFFSET_WINDOW_US = 30 * US_PER_SEC;

export class SecondCloser<Stream extends string> {
  readonly #streams: readonly Stream[];
  readonly #grace_us: number;
  /** Highest exchange time seen a stream since it came alive, in the order of `#streams`. */
  readonly #high_us: Float64Array;
  #lead_us = NEVER;
  #laggard_us = NEVER;
  /** min(received − exchange time) over the current window and the one before it. */
  #offset_us = Number.POSITIVE_INFINITY;
  #offset_before_us = Number.POSITIVE_INFINITY;
  #window_end_us = 0;

  constructor(options: { streams: readonly Stream[]; grace_ms: number }) {
    this.#streams = options.streams;
    this.#grace_us = options.grace_ms * US_PER_MS;
    this.#high_us = new Float64Array(options.streams.length).fill(NEVER);
  }

  /** An event of `stream` has come. Streams that were not named at construction decide nothing. */
  observe(stream: Stream, ts_us: Micros, received_us: Micros): void {
    const index = this.#streams.indexOf(stream);
    if (index < 0) return;
    this.#observeOffset(received_us - ts_us, received_us);
    if (ts_us <= this.#high_us[index]!) return;
    this.#high_us[index] = ts_us;
    if (ts_us > this.#lead_us) this.#lead_us = ts_us;
    let laggard = ts_us as number;
    for (const high of this.#high_us) if (high < laggard) laggard = high;
    this.#laggard_us = laggard;
  }

  #observeOffset(offset_us: number, received_us: number): void {
    if (received_us >= this.#window_end_us) {
      this.#offset_before_us = this.#offset_us;
      this.#offset_us = offset_us;
      this.#window_end_us = received_us + OFFSET_WINDOW_US;
    } else if (offset_us < this.#offset_us) this.#offset_us = offset_us;
  }

  /** No stream is alive any more: nothing but the wall clock closes a second until they deliver again. */
  disconnected(): void {
    this.#high_us.fill(NEVER);
    this.#lead_us = NEVER;
    this.#laggard_us = NEVER;
  }

  /** The highest exchange time seen on any stream since the connection came alive; −∞ before. */
  get lead_us(): number {
    return this.#lead_us;
  }

  /** The last second that the events seen so far have closed; −∞ where there is none. */
  closedByEvents(): number {
    const reached_us = Math.max(this.#laggard_us, this.#lead_us - this.#grace_us);
    return Math.floor(reached_us / US_PER_SEC) - 1;
  }

  /** The last second that the wall clock has closed by `now_us`; −∞ before any event was seen. */
  closedByClock(now_us: Micros): number {
    const offset_us = Math.min(this.#offset_us, this.#offset_before_us);
    return Math.floor((now_us - offset_us - this.#grace_us) / US_PER_SEC) - 1;
  }

  /** Wall-clock time at which the clock alone will close `sec`; ∞ before any event was seen. */
  clockDeadline(sec: UnixSec): number {
    return startOf(sec + 1) + Math.min(this.#offset_us, this.#offset_before_us) + this.#grace_us;
  }
}
