/**
 * Decides when second s is over, by the exchange's clock.
 *
 * A second closes when an event with time ≥ s+1 has come on every subscribed stream whose connection is
 * alive. A quiet stream must not hold the others up, so it also closes once `grace` has passed since s+1: read off
 * the exchange's times, where two agree that it has (another stream, the corrected local clock, or the event
 * before), or, where every stream is quiet, off the local clock corrected by its learnt offset.
 */

import { type Micros, startOf, type UnixSec, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { ClockOffset } from "../../binance/belief/clock_offset.ts";

const NEVER = Number.NEGATIVE_INFINITY;

export interface SecondCloserOptions<Stream extends string> {
  readonly streams: readonly Stream[];
  readonly grace_ms: number;
  /** The distance of the clocks, learnt from the same events. */
  readonly clock: ClockOffset;
}

export class SecondCloser<Stream extends string> {
  readonly #streams: readonly Stream[];
  readonly #grace_us: number;
  readonly #clock: ClockOffset;
  /** Highest exchange time seen per stream since it came alive, in the order of `#streams`. */
  readonly #high_us: Float64Array;
  /** The highest of these, what it was before it last rose, the second highest, and the lowest. */
  #lead_us = NEVER;
  #lead_before_us = NEVER;
  #second_us = NEVER;
  #laggard_us = NEVER;
  /** When the last event was received. */
  #received_us = NEVER;

  constructor(options: SecondCloserOptions<Stream>) {
    this.#streams = options.streams;
    this.#grace_us = options.grace_ms * US_PER_MS;
    this.#clock = options.clock;
    this.#high_us = new Float64Array(options.streams.length).fill(NEVER);
  }

  /** An event of `stream` has come. Streams that were not named at construction decide nothing. */
  observe(stream: Stream, ts_us: Micros, received_us: Micros): void {
    const index = this.#streams.indexOf(stream);
    if (index < 0) return;
    this.#received_us = received_us;
    if (ts_us <= this.#high_us[index]!) return;
    this.#high_us[index] = ts_us;
    if (ts_us > this.#lead_us) {
      this.#lead_before_us = this.#lead_us;
      this.#lead_us = ts_us;
    }
    let first = NEVER;
    let second = NEVER;
    let last = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.#high_us.length; at++) {
      const high = this.#high_us[at]!;
      if (high > first) {
        second = first;
        first = high;
      } else if (high > second) second = high;
      if (high < last) last = high;
    }
    this.#second_us = second;
    this.#laggard_us = last;
  }

  /** No stream is alive now: nothing but the local clock closes a second until they deliver again. */
  disconnected(): void {
    this.#high_us.fill(NEVER);
    this.#lead_us = NEVER;
    this.#lead_before_us = NEVER;
    this.#second_us = NEVER;
    this.#laggard_us = NEVER;
  }

  /** The last second that the events seen so far have closed; −∞ where there is none. */
  closedByEvents(): number {
    const reached_us = Math.max(this.#laggard_us, this.#agreedLead() - this.#grace_us);
    return Math.floor(reached_us / US_PER_SEC) - 1;
  }

  /** The last second that the local clock has closed by `now_us`; −∞ before any event was seen. */
  closedByClock(now_us: Micros): number {
    return Math.floor((now_us - this.#clock.offset_us - this.#grace_us) / US_PER_SEC) - 1;
  }

  /** Local time at which the clock alone will close `sec`; ∞ before any event was seen. */
  clockDeadline(sec: UnixSec): number {
    return startOf(sec + 1) + this.#clock.offset_us + this.#grace_us;
  }

  /** How far the leading stream is, as far as another witness agrees: one event alone closes nothing early. */
  #agreedLead(): number {
    const by_clock_us = Math.min(this.#lead_us, this.#received_us - this.#clock.offset_us);
    // A clock that does not run beside the exchange's confirms nothing; a stream's own past has to do.
    const by_itself_us = this.#clock.steady ? NEVER : this.#lead_before_us;
    return Math.max(this.#second_us, by_clock_us, by_itself_us);
  }
}
