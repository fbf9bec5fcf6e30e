/**
 * Time as a dependency. Everything that waits or reads the time takes a `Clock`, so that tests and replays
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
  /** µs from an arbitrary origin, never decreasing. */
  monotonicUs(): number;
  /** Calls `run` once, `delay_ms` from now. */
  after(delay_ms: number, run: () => void): Timer;
}

/** The machine's two clocks (ms): the one a person or NTP sets, in whole ms, and the one nothing sets. */
export interface MachineClocks {
  readonly wall: () => number;
  readonly monotonic: () => number;
}

/** The wall clock has been set where it is this far from where the monotonic one says it should be (µs). */
const SET_US = 2 * US_PER_MS;

/**
 * The wall clock to the microsecond: the monotonic clock's steps, on a base that follows the wall clock when that
 * is set. Between settings it never runs backwards.
 */
export function wallClock({ wall, monotonic }: MachineClocks): () => Micros {
  const half_ms_us = US_PER_MS / 2;
  const baseNow = (): number => wall() * US_PER_MS + half_ms_us - monotonic() * US_PER_MS;
  let base_us = baseNow();
  return () => {
    const now_us = base_us + monotonic() * US_PER_MS;
    // The wall clock shows whole ms: in the middle of one it is right to half a ms.
    if (Math.abs(wall() * US_PER_MS + half_ms_us - now_us) <= SET_US) return Math.round(now_us) as Micros;
    base_us = baseNow();
    return Math.round(base_us + monotonic() * US_PER_MS) as Micros;
  };
}

export const systemClock: Clock = {
  now: wallClock({ wall: () => Date.now(), monotonic: () => performance.now() }),
  monotonicUs: () => Math.round(performance.now() * US_PER_MS),
  after: (delay_ms, run) => {
    const due_ms = performance.now() + delay_ms;
    let handle: ReturnType<typeof setTimeout>;
    // A longer delay overflows and would fire at once: it is waited for in slices.
    const wait = (): void => {
      const left_ms = Math.max(0, due_ms - performance.now());
      handle = left_ms > TIMER_MS_MAX ? setTimeout(wait, TIMER_MS_MAX) : setTimeout(run, left_ms);
    };
    if (delay_ms > TIMER_MS_MAX) wait();
    else handle = setTimeout(run, delay_ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** What setTimeout can count: 31 bits of milliseconds, some 24 days (ms). */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Resolves after `delay_ms` on `clock`. */
export function sleep(clock: Clock, delay_ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(delay_ms, resolve));
}

/** A clock that moves by `advance` only; timers fire in order of their due time. */
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
