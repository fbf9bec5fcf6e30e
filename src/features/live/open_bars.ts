/** The bars of the seconds that have not closed. A closed bar is cleared and used again: no second makes a new one. */

import { LIMITS } from "../../base/limits.ts";
import { SecondBar } from "./bar.ts";

export class OpenBars {
  readonly #open = new Map<number, SecondBar>();
  readonly #spare: SecondBar[] = [];

  get size(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= LIMITS.open_seconds_max;
  }

  of(sec: number): SecondBar | undefined {
    return this.#open.get(sec);
  }

  /** The earliest second with events; ∞ where none has any. */
  get earliest_sec(): number {
    return Math.min(...this.#open.keys());
  }

  /** A copy of the list: bars may be recycled while it is walked. */
  before(sec: number): SecondBar[] {
    return [...this.#open.values()].filter((bar) => bar.sec < sec);
  }

  open(sec: number): SecondBar {
    const bar = this.#spare.pop() ?? new SecondBar();
    bar.reset(sec);
    this.#open.set(sec, bar);
    return bar;
  }

  recycle(bar: SecondBar): void {
    this.#open.delete(bar.sec);
    bar.reset(-1);
    this.#spare.push(bar);
  }
}
