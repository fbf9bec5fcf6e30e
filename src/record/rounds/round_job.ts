/**
 * Work that the service does in rounds, beside the live path: one round at a time, the next after a pause. A round that
 * fails is told of, and the next one goes on where it stopped; closing cuts the one under way.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { storeError } from "../sql/store_errors.ts";

export interface RoundJobOptions {
  readonly clock: Clock;
  /** One round. Rejects where it could not be finished; the signal cuts it. */
  readonly round: (signal: AbortSignal) => Promise<void>;
  /** Before the first round (ms); default: as before any other. */
  readonly first_ms?: number;
  /** Before the next round (ms). */
  readonly pauseMs: (last_error: ForetickError | undefined) => number;
  /** At the close, ends what the round under way holds open. */
  readonly cut?: () => Promise<unknown>;
  /** A round has failed that was not cut; `before`: why the one before it had, undefined where that was finished. */
  readonly onFailed: (error: ForetickError, before: ForetickError | undefined) => void;
}

export class RoundJob {
  readonly #options: RoundJobOptions;
  readonly #closing = new AbortController();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #rounds = 0;
  #failures = 0;
  #last_error: ForetickError | undefined;

  constructor(options: RoundJobOptions) {
    this.#options = options;
  }

  /** Rounds ended, those that failed with them. */
  get rounds(): number {
    return this.#rounds;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Why the last round could not be finished; undefined where it was. */
  get last_error(): ForetickError | undefined {
    return this.#last_error;
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Rounds from now on. */
  start(): void {
    if (this.#timer || this.isClosing) return;
    const { pauseMs, first_ms } = this.#options;
    this.#arm(first_ms ?? pauseMs(this.#last_error));
  }

  /** One round, now; joins one that is under way. Never rejects: a failure is in `last_error`, and the next round goes on. */
  run(): Promise<void> {
    this.#running ??= this.#round().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Cuts the round under way. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    await this.#options.cut?.();
    await this.#running;
  }

  #arm(delay_ms: number): void {
    const { clock, pauseMs } = this.#options;
    this.#timer = clock.after(delay_ms, () => {
      void this.run().then(() => {
        if (!this.isClosing) this.#arm(pauseMs(this.#last_error));
      });
    });
  }

  async #round(): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    try {
      await this.#options.round(signal);
      this.#last_error = undefined;
    } catch (error) {
      if (signal.aborted) return;
      const before = this.#last_error;
      this.#failures++;
      this.#last_error = storeError(error, "STORE_QUERY");
      this.#options.onFailed(this.#last_error, before);
    } finally {
      this.#rounds++;
    }
  }
}

/**
 * Wait before a job's next round (ms). A round that failed because the database was away is repeated soon, so that
 * health recovers with the database and not a round later; any other failure waits its turn.
 */
export function roundPauseMs(every_ms: number, last_error: ForetickError | undefined): number {
  // A round that took too long would take as long again.
  const is_away = last_error?.remedy === "retry" && last_error.code !== "DEADLINE";
  return is_away ? Math.min(every_ms, LIMITS.round_retry_ms) : every_ms;
}
