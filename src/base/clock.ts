/**
 * Time as a dependency. Everything that waits or asks the hour takes a `Clock`, so that tests and replays
 * run on a clock they move by hand and nothing in the suite sleeps.
 */

import { type Micros, US_PER_MS } from "./units.ts";

export interface Timer {
  /** Calling it again, or after the timer has fired, does nothing. */
  cancel(): void;
}

export interface Clock {
  /** Wall-clock time, µs since the epoch. May step; use `monotonicUs` for durations. */
  now(): Micros;
  /** µs from an arbitrary origin, never running backwards. */
  monotonicUs(): number;
  /** Calls `run` once, `delay_ms` from now. */
  after(delay_ms: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Math.round((performance.timeOrigin + performance.now()) * US_PER_MS) as Micros,
  monotonicUs: () => Math.round(performance.now() * US_PER_MS),
  after: (delay_ms, run) => {
    const handle = setTimeout(run, delay_ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delay_ms` on `clock`. */
export function sleep(clock: Clock, delay_ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(delay_ms, resolve));
}

/** A clock that stands still until `advance` moves it; timers fire in order of their due time. */
export class ManualClock implements Clock {
  #now_us: number;
  readonly #started_us: number;
  #waiting: { due_us: number; run: () => void }[] = [];

  constructor(start_us: number) {
    this.#now_us = start_us;
    this.#started_us = start_us;
  }

  now(): Micros {
    return this.#now_us as Micros;
  }

  monotonicUs(): number {
    return this.#now_us - this.#started_us;
  }

  after(delay_ms: number, run: () => void): Timer {
    const entry = { due_us: this.#now_us + Math.max(0, delay_ms) * US_PER_MS, run };
    this.#waiting.push(entry);
    const cancel = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
    return { cancel };
  }

  /** Moves to `time_us` (never backwards), firing every timer due on the way. */
  advanceTo(time_us: number): void {
    for (;;) {
      let next: { due_us: number; run: () => void } | undefined;
      for (const entry of this.#waiting) {
        if (entry.due_us <= time_us && (!next || entry.due_us < next.due_us)) next = entry;
      }
      if (!next) break;
      const fired = next;
      this.#waiting = this.#waiting.filter((entry) => entry !== fired);
      this.#now_us = Math.max(this.#now_us, fired.due_us);
      fired.run();
    }
    this.#now_us = Math.max(this.#now_us, time_us);
  }

  advance(delta_ms: number): void {
    this.advanceTo(this.#now_us + delta_ms * US_PER_MS);
  }
}
