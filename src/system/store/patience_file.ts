/**
 * How patient the service is with each stream, kept across restarts: a silence in the first seconds of a run is named as
 * soon as one later. A file of no consequence: where it is missing, old or unreadable, the pauses are learnt anew.
 */

import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { writeDurably } from "../../base/durable.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { LearntPatience } from "../../binance/stream/patience.ts";

const NAME = "patience.json";

const contents = z.object({
  /** When it was written (local clock, µs). */
  at_us: z.number(),
  /** By `<symbol>@<stream>` (µs). */
  patience_us: z.record(z.string(), z.number().positive()),
});

export interface PatienceFileOptions {
  readonly data_dir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export class PatienceFile {
  readonly #options: PatienceFileOptions;
  readonly #path: string;
  #learnt: (() => LearntPatience) | undefined;
  #timer: Timer | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: PatienceFileOptions) {
    this.#options = options;
    this.#path = join(options.data_dir, NAME);
  }

  /** What an earlier run had learnt; empty where that is not known, or too long ago. Never rejects. */
  async read(): Promise<LearntPatience> {
    const { clock, log } = this.#options;
    try {
      const text = await withDeadline(readFile(this.#path, "utf8"), this.#limit);
      const { at_us, patience_us } = contents.parse(JSON.parse(text));
      const age_us = clock.now() - at_us;
      return new Map(age_us <= LIMITS.patience_age_s_max * US_PER_SEC ? Object.entries(patience_us) : []);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        log.warn({ error: describeError(error) }, "the streams' usual pauses are learnt anew");
      return new Map();
    }
  }

  /** Writes `learnt` from time to time, and at `close`. */
  keep(learnt: () => LearntPatience): void {
    this.#learnt = learnt;
    this.#next();
  }

  /** May be called twice. Never rejects. */
  close(): Promise<void> {
    this.#timer?.cancel();
    this.#closed ??= this.#write();
    return this.#closed;
  }

  #next(): void {
    this.#timer = this.#options.clock.after(LIMITS.patience_write_every_ms, () => {
      void this.#write().finally(() => {
        if (!this.#closed) this.#next();
      });
    });
  }

  async #write(): Promise<void> {
    const learnt = this.#learnt?.();
    if (!learnt || learnt.size === 0) return;
    const { clock, log } = this.#options;
    const text = JSON.stringify({ at_us: clock.now(), patience_us: Object.fromEntries(learnt) });
    try {
      await withDeadline(this.#put(`${text}\n`), this.#limit);
    } catch (error) {
      log.warn({ error: describeError(error) }, "the streams' usual pauses are not stored");
    }
  }

  async #put(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    await writeDurably(this.#path, text);
  }

  get #limit() {
    return { clock: this.#options.clock, limit: "journal_timeout_ms" as const, what: this.#path };
  }
}
