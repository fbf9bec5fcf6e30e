/** One timer for the next delivery: asked for several times, it fires at the earliest. */

import type { Clock, Timer } from "../../../base/clock.ts";
import { US_PER_MS } from "../../../base/units.ts";

export class FlushTimer {
  readonly #clock: Clock;
  readonly #run: () => void;
  #timer: Timer | undefined;
  #due_us = 0;

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  get armed(): boolean {
    return this.#timer !== undefined;
  }

  arm(delay_ms: number): void {
    const due_us = this.#clock.monotonicUs() + delay_ms * US_PER_MS;
    if (this.#timer && this.#due_us <= due_us) return;
    this.#timer?.cancel();
    this.#due_us = due_us;
    this.#timer = this.#clock.after(delay_ms, () => {
      this.#timer = undefined;
      this.#run();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
