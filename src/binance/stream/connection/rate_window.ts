/** At most so many things in any stretch of time: messages on a connection, connection attempts. */

import type { Clock } from "../../../base/clock.ts";
import { US_PER_MS } from "../../../base/units.ts";

export class RateWindow {
  readonly #clock: Clock;
  readonly #window_us: number;
  /** A ring of the last `max` moments (monotonic µs), the oldest at `#oldest`. */
  readonly #moments: Float64Array;
  #oldest = 0;

  constructor(clock: Clock, max: number, window_ms: number) {
    this.#clock = clock;
    this.#window_us = window_ms * US_PER_MS;
    this.#moments = new Float64Array(max).fill(Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds until one more fits; 0 where it fits now. */
  delayMs(): number {
    const free_at_us = this.#moments[this.#oldest]! + this.#window_us;
    // Rounded up to whole milliseconds: a timer that fires a hair early must not find the window still full.
    return Math.max(0, Math.ceil((free_at_us - this.#clock.monotonicUs()) / US_PER_MS));
  }

  /** Counts one, whether or not it fitted: what has happened has happened. */
  note(): void {
    this.#moments[this.#oldest] = this.#clock.monotonicUs();
    this.#oldest = (this.#oldest + 1) % this.#moments.length;
  }
}
