/**
 * Looks at the wall clock when a quiet second's grace runs out. A timer set to that very moment, because one
 * that only comes round every few milliseconds would add half its period to every forecast of a quiet
 * market; and one that comes round as well, because events move the moment. After a stall of the process the
 * events that wait in the sockets are read before the clock closes anything.
 */

import type { Clock, Timer } from "../base/clock.ts";
import { US_PER_MS } from "../base/units.ts";
import type { LoopLag } from "./loop_lag.ts";

/** The longest time between two looks (ms). */
const LOOK_EVERY_MS = 10;
/** The shortest wait of a timer (ms). */
const WAIT_MIN_MS = 1;
/** A timer later than planned by this shows that the process was stopped or blocked (µs). */
const STALLED_US = 500_000;
/** So long the sockets are read first then: what came meanwhile belongs to seconds the clock would close (µs). */
const READING_US = 250_000;

export interface DeadlineWatchOptions {
  readonly clock: Clock;
  /** The next moment the clock alone decides something (wall clock, µs); ∞ while there is none. */
  readonly deadline: () => number;
  /** Called at the deadline, within the precision of a timer, and every few ms before it. */
  readonly look: () => void;
  /** How late its timers come. */
  readonly lag?: Pick<LoopLag, "take"> | undefined;
}

export class DeadlineWatch {
  readonly #options: DeadlineWatchOptions;
  #timer: Timer | undefined;
  /** Until then nothing is closed by the clock (monotonic µs). */
  #reading_until_us = Number.NEGATIVE_INFINITY;

  /** Watches from now on, until it is closed. */
  constructor(options: DeadlineWatchOptions) {
    this.#options = options;
    this.#arm();
  }

  /** Stops. May be called twice. */
  close(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    const { clock, deadline, look, lag } = this.#options;
    const left_ms = Math.ceil((deadline() - clock.now()) / US_PER_MS);
    const wait_ms = Math.max(WAIT_MIN_MS, Math.min(LOOK_EVERY_MS, left_ms));
    const due_us = clock.monotonicUs() + wait_ms * US_PER_MS;
    this.#timer = clock.after(wait_ms, () => {
      // Armed first: a look that closes the watch cancels the timer that follows it.
      this.#arm();
      const now_us = clock.monotonicUs();
      lag?.take(now_us - due_us, now_us);
      if (now_us - due_us > STALLED_US) this.#reading_until_us = now_us + READING_US;
      if (now_us >= this.#reading_until_us) look();
    });
  }
}
