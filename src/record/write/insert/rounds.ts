/** Rounds of delivery: one at a time, the next when rows have waited long enough, or when what failed may be tried again. */

import type { Clock } from "../../../base/clock.ts";
import { pause } from "../../../base/deadline.ts";
import { US_PER_MS } from "../../../base/units.ts";
import type { Parts } from "../parts.ts";
import type { WriterCounters } from "../stats.ts";
import type { Attempts } from "./attempts.ts";
import { FlushTimer } from "./flush_timer.ts";

/** Pause between the last rounds of a closing writer that wrote nothing (ms). */
const LAST_ROUNDS_EVERY_MS = 20;

export interface RoundsOptions {
  readonly parts: Pick<Parts, "channels" | "flush_interval_ms">;
  readonly attempts: Attempts;
  readonly counters: WriterCounters;
  readonly clock: Clock;
  /** Rows wait, in memory or on disk. */
  readonly isLeft: () => boolean;
}

export class Rounds {
  readonly #options: RoundsOptions;
  readonly #timer: FlushTimer;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#timer = new FlushTimer(options.clock, () => {
      this.seal();
      this.start();
    });
  }

  /** A round after `delay_ms` at the latest. */
  arm(delay_ms: number): void {
    this.#timer.arm(delay_ms);
  }

  /** A round after the usual wait, unless one is due already. */
  armUnlessDue(): void {
    if (!this.#timer.armed) this.#timer.arm(this.#options.parts.flush_interval_ms);
  }

  /** Closes the batches being filled: the next round takes them. */
  seal(all = false): void {
    const { parts, attempts } = this.#options;
    for (const { queue } of parts.channels) {
      // While the database is away, batches fill up first.
      if (all || !attempts.failure || !queue.sealed) queue.seal();
    }
  }

  /** A round now, unless one is under way. */
  start(): void {
    if (this.#running || this.#stopped) return;
    const { attempts, parts, clock } = this.#options;
    this.#running = attempts
      .run(parts.channels, () => this.#stopped)
      .finally(() => {
        this.#running = undefined;
        if (this.#stopped) return;
        const due_us = attempts.nextDueUs(parts.channels);
        if (due_us === undefined) return;
        const wait_ms = Math.ceil((due_us - clock.monotonicUs()) / US_PER_MS);
        this.#timer.arm(Math.max(wait_ms, parts.flush_interval_ms));
      });
  }

  /** Resolves once no round is under way. */
  async ended(): Promise<void> {
    await this.#running;
  }

  /** Rounds until nothing is left, or the database does not take it. */
  async last(): Promise<void> {
    const { attempts, parts, counters, clock, isLeft } = this.#options;
    await this.#running;
    attempts.hurry(parts.channels);
    const { failures } = counters;
    while (isLeft()) {
      if (this.#stopped || counters.failures > failures) return;
      const { batches_written } = counters;
      this.seal(true);
      this.start();
      await this.#running;
      // A row can wait for another table's: a round that wrote nothing is not yet the end. The caller's limit is.
      if (counters.batches_written === batches_written) await pause(clock, LAST_ROUNDS_EVERY_MS);
    }
  }

  /** No further round; the one under way ends after its batch. */
  stop(): void {
    this.#stopped = true;
    this.#timer.cancel();
  }
}
