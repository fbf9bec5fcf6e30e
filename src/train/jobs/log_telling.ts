/** Writes the last lines of a training's log into its row: soon after a line, and no more often than a reader looks. */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import type { JobLog } from "../../record/training/job_log.ts";
import { LogTail } from "./log_tail.ts";

export interface LogTellingOptions {
  readonly clock: Clock;
  /** A rejection counts as nothing said: the next lines carry these too. */
  readonly tell: (log: JobLog) => Promise<void>;
}

export class LogTelling {
  readonly #options: LogTellingOptions;
  readonly #tail = new LogTail();
  #timer: Timer | undefined;
  #telling: Promise<void> | undefined;
  #changed = false;
  #closed = false;

  constructor(options: LogTellingOptions) {
    this.#options = options;
  }

  onText(text: string): void {
    if (this.#tail.take(text)) this.#soon();
  }

  /** Writes what was not yet, within a deadline. Never rejects. May be called twice. */
  async close(): Promise<void> {
    if (this.#tail.end()) this.#changed = true;
    this.#closed = true;
    this.#timer?.cancel();
    await this.#telling;
    if (this.#changed) await this.#tell();
  }

  #soon(): void {
    this.#changed = true;
    if (this.#closed || this.#timer || this.#telling) return;
    this.#timer = this.#options.clock.after(LIMITS.training_log_every_ms, () => {
      this.#timer = undefined;
      this.#telling = this.#tell().finally(() => {
        this.#telling = undefined;
        if (this.#changed) this.#soon();
      });
    });
  }

  async #tell(): Promise<void> {
    const { clock, tell } = this.#options;
    this.#changed = false;
    const limit = { clock, limit: "training_log_ms_max" as const, what: "the log of a training" };
    await withDeadline(tell(this.#tail.log), limit).catch(() => {
      this.#changed = true;
    });
  }
}
