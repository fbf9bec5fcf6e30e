/**
 * Looks at the wall clock when a quiet second's grace runs out. A timer set to that very moment, because one
 * that only comes round every few milliseconds would add half its period to every forecast of a quiet
 * market; and one that comes round as well, because events move the moment.
 */

import type { Clock, Timer } from "../base/clock.ts";
import { US_PER_MS } from "../base/units.ts";

/** The longest time between two looks (ms). */
const LOOK_EVERY_MS = 10;
/** Timers know no shorter wait (ms). */
const WAIT_MIN_MS = 1;

export interface DeadlineWatchOptions {
  readonly clock: Clock;
  /** The next moment the clock alone decides something (wall clock, µs); ∞ while there is none. */
  readonly deadline: () => number;
  /** Called at the deadline, within the precision of a timer, and every few ms before it. */
  readonly look: () => void;
}

export class DeadlineWatch {
  readonly #options: DeadlineWatchOptions;
  #timer: Timer | undefined;

  /** Watches from now on, until it is closed. */
  constructor(options: DeadlineWatchOptions) {
    this.#options = options;
    this.#arm();
  }

  /** Looks no more. May be called twice. */
  close(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    const { clock, deadline, look } = this.#options;
    const left_ms = Math.ceil((deadline() - clock.now()) / US_PER_MS);
    this.#timer = clock.after(Math.max(WAIT_MIN_MS, Math.min(LOOK_EVERY_MS, left_ms)), () => {
      // Armed first: a look that closes the watch cancels the timer that follows it.
      this.#arm();
      look();
    });
  }
}
