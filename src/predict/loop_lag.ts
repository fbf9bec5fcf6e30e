/**
 * How late this process's timers come: the time it is busy with one thing while others wait, or stopped from outside. Measured by the
 * watch of the deadline, whose timer comes round every few milliseconds anyway.
 */

import { LIMITS } from "../base/limits.ts";
import type { Histogram, Metrics } from "../base/metrics.ts";
import { limitReached } from "../base/reached.ts";
import { US_PER_MS, US_PER_SEC } from "../base/units.ts";

const BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000];

export class LoopLag {
  readonly #spread: Histogram;
  /** The longest of the stretch that runs, and of the one before it (ms). */
  #worst_ms = 0;
  #before_ms = 0;
  #stretch_end_us = 0;

  constructor(metrics: Metrics) {
    const histogram = "foretick_event_loop_lag_ms";
    this.#spread = metrics.histogram(histogram, "How late timers of this process come (ms)", BUCKETS_MS);
    metrics.observe(
      "gauge",
      "foretick_event_loop_lag_worst_ms",
      "The latest that a timer of this process came within the last ten to twenty seconds (ms)",
      () => this.worst_ms,
    );
  }

  /** The latest that a timer came lately (ms). */
  get worst_ms(): number {
    return Math.max(this.#worst_ms, this.#before_ms);
  }

  /** A timer came `late_us` after it was due. @param now_us monotonic µs. */
  take(late_us: number, now_us: number): void {
    const late_ms = Math.max(0, late_us / US_PER_MS);
    this.#spread.observe(late_ms);
    if (now_us >= this.#stretch_end_us) {
      const gone = now_us - this.#stretch_end_us >= LIMITS.event_loop_stretch_s * US_PER_SEC;
      this.#before_ms = gone ? 0 : this.#worst_ms;
      this.#worst_ms = 0;
      this.#stretch_end_us = now_us + LIMITS.event_loop_stretch_s * US_PER_SEC;
    }
    if (late_ms > this.#worst_ms) this.#worst_ms = late_ms;
    if (late_ms > LIMITS.event_loop_lag_ms_max) limitReached("event_loop_lag_ms_max");
  }
}
