/**
 * Tries to write what the tables have waiting: one batch after the other on the one connection, the tables in
 * their order, those with a backlog on disk in turn with the others. A table that cannot be written waits longer
 * and longer by itself; a database that does not answer is tried for all of them together.
 */

import type { Clock } from "../../../base/clock.ts";
import { describeError, ForetickError } from "../../../base/errors.ts";
import type { Logger } from "../../../base/log.ts";
import { US_PER_MS, US_PER_SEC } from "../../../base/units.ts";
import type { Channel } from "../channel.ts";
import type { Journal } from "../journal/journal.ts";
import type { RejectedRow } from "../journal/rejected_rows.ts";
import type { WriteBatch } from "../queue/batch.ts";
import type { WriterCounters } from "../stats.ts";
import { type BatchInserter, concernsAllTables } from "./batch_inserter.ts";
import type { WriteFailure } from "./write_failure.ts";

export interface AttemptsOptions {
  readonly inserter: BatchInserter;
  readonly journal: Journal;
  readonly counters: WriterCounters;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onSettled: (channel: Channel) => void;
  readonly onFailed: (error: ForetickError) => void;
}

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 1_000;

export class Attempts {
  readonly #options: AttemptsOptions;
  #turn = 0;
  #retry_ms = 0;
  #retry_at_us = 0;
  #failure: WriteFailure | undefined;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Why the database takes no rows; undefined while it takes rows of some table. */
  get failure(): WriteFailure | undefined {
    return this.#failure;
  }

  /** Writes batch after batch until none may be written now, or `stopped`. Never rejects. */
  async run(channels: readonly Channel[], stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      const channel = this.#pick(channels);
      if (!channel) return;
      await this.#attempt(channel);
    }
  }

  /** What failed is tried again at once: the last chance before the process ends. */
  hurry(channels: readonly Channel[]): void {
    this.#retry_at_us = 0;
    for (const channel of channels) channel.hurry();
  }

  /** When rows that wait may be tried again (monotonic µs); undefined where none wait. */
  nextDueUs(channels: readonly Channel[]): number | undefined {
    const waiting = channels.filter((channel) => !channel.isEmpty).map(({ retry_at_us }) => retry_at_us);
    return waiting.length === 0 ? undefined : Math.max(this.#retry_at_us, Math.min(...waiting));
  }

  #pick(channels: readonly Channel[]): Channel | undefined {
    const now_us = this.#options.clock.monotonicUs();
    if (now_us < this.#retry_at_us) return undefined;
    const ready = channels.filter((channel) => channel.hasWork(now_us));
    const behind = ready.filter(({ journal }) => journal.hasBacklog);
    const current = ready.filter(({ journal }) => !journal.hasBacklog);
    // In the order of the tables: a vector is not stored before the rows it was computed from.
    const turn = this.#turn++;
    if (behind.length === 0 || (current.length > 0 && turn % 2 === 0)) return current[0];
    return behind[(turn >>> 1) % behind.length];
  }

  async #attempt(channel: Channel): Promise<void> {
    const { clock } = this.#options;
    const started_us = clock.monotonicUs();
    try {
      const batch = await channel.next();
      if (batch) await this.#write(channel, batch);
    } catch (error) {
      const known =
        error instanceof ForetickError
          ? error
          : new ForetickError("STORE_WRITE_FAILED", describeError(error));
      this.#failed(channel, known, (clock.monotonicUs() - started_us) / US_PER_MS);
    }
  }

  async #write(channel: Channel, batch: WriteBatch): Promise<void> {
    const { clock, inserter, counters } = this.#options;
    const { table } = channel;
    const started_us = clock.monotonicUs();
    const { rows, rejected } = await inserter.insert(batch);
    const now_us = clock.monotonicUs();
    if (rejected.length > 0) this.#setAside(rejected.map((row) => ({ table, ...row })));
    counters.written[table] += rows;
    counters.rows_known += batch.rows - rows - rejected.length;
    counters.batches_written++;
    counters.insert_ms = (now_us - started_us) / US_PER_MS;
    if (batch.opened_us > 0) counters.flush_latency_ms = (now_us - batch.opened_us) / US_PER_MS;
    if (this.#failure ?? channel.failure) this.#recovered(channel);
    channel.settled(batch, now_us);
    this.#options.onSettled(channel);
  }

  #setAside(rejected: readonly RejectedRow[]): void {
    const { journal, counters, log } = this.#options;
    const { table, error } = rejected[0]!;
    const rows = rejected.length;
    counters.rows_rejected += rows;
    try {
      journal.rejected.add(rejected);
      log.error({ table, rows, error }, "rows were refused by the database: set aside in rejected.ndjson");
    } catch (cause) {
      counters.lost[table as Channel["table"]] += rows;
      const reason = describeError(cause);
      log.error(
        { table, rows, error, reason },
        "rows were refused by the database and could not be set aside",
      );
    }
  }

  #recovered(channel: Channel): void {
    const { clock, log, journal } = this.#options;
    const since_us = this.#failure?.since_us ?? channel.failure!.since_us;
    const away_s = Math.round((clock.now() - since_us) / US_PER_SEC);
    if (this.#failure) log.info({ away_s, journal_bytes: journal.bytes }, "database takes rows again");
    else log.info({ away_s, table: channel.table }, "the table takes rows again");
    this.#failure = undefined;
    this.#retry_ms = 0;
    this.#retry_at_us = 0;
  }

  #failed(channel: Channel, error: ForetickError, took_ms: number): void {
    const { clock, log, counters, onFailed } = this.#options;
    const { code, message } = error;
    const now_us = clock.monotonicUs();
    counters.failures++;
    if (concernsAllTables(error)) {
      if (!this.#failure) {
        log.warn({ code, reason: message }, "database takes no rows: they wait, and are tried again");
      }
      this.#failure = { code, message, since_us: this.#failure?.since_us ?? clock.now() };
      this.#retry_ms = Math.min(Math.max(this.#retry_ms * 2, RETRY_MS_MIN), RETRY_MS_MAX);
      this.#retry_at_us = now_us + this.#retry_ms * US_PER_MS;
    } else {
      if (!channel.failure) {
        const { table } = channel;
        log.error({ table, code, reason: message }, "a table takes no rows: they wait, and are tried again");
      }
      channel.failed(error, now_us, clock.now(), took_ms);
    }
    onFailed(error);
  }
}
