/**
 * The one time of a simulated run: the exchange, the network, the store and the disk wait on it, and so does the
 * service, by a clock of its own process, which can be set and which ends with the process.
 */

import type { Clock, Timer } from "../../src/base/clock.ts";
import { type Micros, US_PER_MS } from "../../src/base/units.ts";

interface Waiting {
  readonly due_us: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

const isBefore = (a: Waiting, b: Waiting): boolean =>
  a.due_us < b.due_us || (a.due_us === b.due_us && a.order < b.order);

export class SimulatedClock implements Clock {
  readonly #start_us: number;
  #now_us: number;
  #order = 0;
  /** A heap: the first is the next. */
  readonly #waiting: Waiting[] = [];
  #live = 0;

  constructor(start_us: number) {
    this.#start_us = start_us;
    this.#now_us = start_us;
  }

  now(): Micros {
    return this.#now_us as Micros;
  }

  monotonicUs(): number {
    return this.#now_us - this.#start_us;
  }

  /** Timers that have neither fired nor been cancelled. */
  get live(): number {
    return this.#live;
  }

  after(delay_ms: number, run: () => void): Timer {
    // Whole microseconds, as the machine's clock shows them.
    const due_us = this.#now_us + Math.max(0, Math.round(delay_ms * US_PER_MS));
    const entry: Waiting = { due_us, order: this.#order++, run, cancelled: false };
    this.#push(entry);
    this.#live++;
    return {
      cancel: () => {
        if (entry.cancelled) return;
        entry.cancelled = true;
        this.#live--;
      },
    };
  }

  /** Fires the next timer that is due by `until_us`; false where there is none, and then it is `until_us`. */
  step(until_us: number): boolean {
    for (;;) {
      const next = this.#waiting[0];
      if (!next || next.due_us > until_us) {
        this.#now_us = Math.max(this.#now_us, until_us);
        return false;
      }
      this.#pop();
      if (next.cancelled) continue;
      next.cancelled = true;
      this.#live--;
      this.#now_us = Math.max(this.#now_us, next.due_us);
      next.run();
      return true;
    }
  }

  #push(entry: Waiting): void {
    const heap = this.#waiting;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#waiting;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

/** What a process sees of time: its wall clock can be set, and with the process its timers are gone. */
export class ProcessClock implements Clock {
  /** The wall clock minus the true time (µs). */
  set_by_us = 0;
  readonly #base: SimulatedClock;
  readonly #started_us: number;
  #dead = false;
  #live = 0;

  constructor(base: SimulatedClock, set_by_us: number) {
    this.#base = base;
    this.set_by_us = set_by_us;
    this.#started_us = base.monotonicUs();
  }

  /** Timers of this process that wait. */
  get live(): number {
    return this.#live;
  }

  now(): Micros {
    return (this.#base.now() + this.set_by_us) as Micros;
  }

  monotonicUs(): number {
    return this.#base.monotonicUs() - this.#started_us;
  }

  after(delay_ms: number, run: () => void): Timer {
    this.#live++;
    let over = false;
    const end = (): boolean => {
      if (over) return false;
      over = true;
      this.#live--;
      return !this.#dead;
    };
    const timer = this.#base.after(delay_ms, () => {
      if (end()) run();
    });
    return {
      cancel: () => {
        if (end()) timer.cancel();
      },
    };
  }

  die(): void {
    this.#dead = true;
  }
}
