/**
 * A process of the simulated service: what it was waiting for when it was killed never comes. Everything it asks of
 * the world goes through here.
 */

import { ProcessClock, type SimulatedClock } from "./clock.ts";

const NEVER = new Promise<never>(() => {});

export class SimulatedProcess {
  readonly clock: ProcessClock;
  readonly #onDeath: (() => void)[] = [];
  #alive = true;

  constructor(base: SimulatedClock, set_by_us: number) {
    this.clock = new ProcessClock(base, set_by_us);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The answer, or nothing for ever where the process is gone when it comes. */
  async gate<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      return this.#alive ? value : await NEVER;
    } catch (error) {
      if (!this.#alive) await NEVER;
      throw error;
    }
  }

  onDeath(run: () => void): void {
    this.#onDeath.push(run);
  }

  /** As by kill -9. */
  die(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.clock.die();
    for (const run of this.#onDeath) run();
  }
}
