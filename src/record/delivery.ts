/**
 * Brings rows from memory to the database, in the background and in batches.
 *
 * Where a row is, oldest first: being written, in the journal on disk, in the queue in memory. The queue is
 * bounded; beyond the bound its oldest batch moves to the end of the journal. So nothing is lost while the
 * database is away, the order within a table is kept, and, since writing a row twice does nothing, nothing
 * is there twice. A producer that can be slowed (a replay) waits for `drained` instead of spilling.
 */

import { join } from "node:path";
import type { Sql } from "postgres";
import type { Clock, Timer } from "../base/clock.ts";
import { describeError, ForetickError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { US_PER_MS, US_PER_SEC } from "../base/units.ts";
import { BatchInserter } from "./batch_inserter.ts";
import type { ConnectOptions } from "./database.ts";
import { Journal } from "./journal.ts";
import { Waiters } from "./waiters.ts";
import type { WriteBatch } from "./write_batch.ts";
import { WriteQueue } from "./write_queue.ts";
import type { TableName } from "./write_tables.ts";
import { newCounters, type WriteFailure, type WriterStats } from "./writer_stats.ts";

export interface WriterOptions {
  readonly database: { connect(options?: ConnectOptions): Sql; readonly data_dir: string };
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a row may wait for company (ms). */
  readonly flush_interval_ms?: number;
  readonly queue_rows_max?: number;
  readonly batch_rows_max?: number;
  readonly journal_segment_bytes_max?: number;
  readonly timeout_ms?: number;
  readonly close_ms?: number;
}

const FLUSH_INTERVAL_MS = 150;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

export class Delivery {
  readonly #counters = newCounters();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #flush_interval_ms: number;
  readonly #queue_rows_max: number;
  readonly #close_ms: number;
  readonly #queue: WriteQueue;
  readonly #journal: Journal;
  readonly #inserter: BatchInserter;
  readonly #waiters = new Waiters();
  #timer: Timer | undefined;
  #retry_ms = 0;
  #writing: WriteBatch | undefined;
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(options: WriterOptions) {
    const timeout_ms = options.timeout_ms ?? LIMITS.write_timeout_ms;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#flush_interval_ms = options.flush_interval_ms ?? FLUSH_INTERVAL_MS;
    this.#queue_rows_max = options.queue_rows_max ?? LIMITS.write_queue_rows_max;
    this.#close_ms = options.close_ms ?? LIMITS.write_close_ms;
    this.#queue = new WriteQueue(options.batch_rows_max ?? LIMITS.write_batch_rows_max);
    this.#journal = new Journal({
      directory: join(options.database.data_dir, "journal"),
      segment_bytes_max: options.journal_segment_bytes_max ?? LIMITS.journal_segment_bytes_max,
      log: options.log,
    });
    this.#inserter = new BatchInserter({
      connect: () =>
        options.database.connect({
          connections: 1,
          statement_timeout_ms: timeout_ms,
          application_name: "foretick writer",
        }),
      timeout_ms,
      clock: options.clock,
    });
    if (!this.#journal.empty) {
      this.#log.info(
        { bytes: this.#journal.bytes },
        "rows of an earlier run are in the journal: writing them first",
      );
      this.#arm(0);
    }
  }

  get queue_depth(): number {
    return this.#queue.rows;
  }

  get stats(): WriterStats {
    return { ...this.#counters, queue_rows: this.#queue.rows, journal_bytes: this.#journal.bytes };
  }

  /** The batch the next row of `table` goes into: write its cells at index `rows`, then call `added`. */
  open(table: TableName): WriteBatch {
    return this.#queue.filling(table, this.#clock.monotonicUs());
  }

  added(batch: WriteBatch): void {
    const full = this.#queue.added(batch);
    if (this.#closed || this.#queue.rows > this.#queue_rows_max) this.#spill();
    if (full && this.#retry_ms === 0) this.#startDraining();
    else if (!this.#timer) this.#arm(this.#flush_interval_ms);
  }

  /**
   * Resolves once every row given so far is in the database, or was refused by it and set aside.
   *
   * @throws ForetickError STORE_UNREACHABLE, STORE_WRITE_TIMEOUT or STORE_WRITE_FAILED where the database
   *   does not take them now; they wait and will be tried again.
   */
  flush(): Promise<void> {
    this.#queue.seal();
    const last = this.#queue.last_seq;
    this.#startDraining();
    const written = () => this.#journal.empty && (this.#queue.head?.seq ?? Number.POSITIVE_INFINITY) > last;
    return this.#until(written, true);
  }

  /**
   * Resolves once at most `below` rows wait in memory and none on disk: when a producer may go on. Waits
   * for as long as the database is away.
   *
   * @throws ForetickError STORE_WRITE_FAILED where the writer is closed first.
   */
  drained(below: number): Promise<void> {
    return this.#until(() => this.#journal.empty && this.#queue.rows <= below, false);
  }

  /** Writes what waits; what the database does not take in time goes to the journal, for the next run. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #arm(delay_ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delay_ms, () => {
      this.#timer = undefined;
      this.#queue.seal();
      this.#startDraining();
    });
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #startDraining(): void {
    if (this.#draining || this.#closed) return;
    this.#draining = this.#drain().finally(() => {
      this.#draining = undefined;
      if (this.#closed || this.#timer) return;
      if (this.#retry_ms > 0) this.#arm(this.#retry_ms);
      else if (this.#queue.rows > 0 || !this.#journal.empty) this.#arm(this.#flush_interval_ms);
    });
  }

  /** Writes batch after batch until none is left or one cannot be written now. */
  async #drain(): Promise<void> {
    try {
      while (!this.#closed) {
        const spilled = await this.#journal.next();
        this.#waiters.wake();
        const batch = spilled ?? this.#queue.head;
        if (!batch) return;
        this.#writing = batch;
        await this.#write(batch);
        if (spilled) this.#journal.settled();
        else this.#queue.remove(batch, true);
      }
    } catch (error) {
      this.#failed(
        error instanceof ForetickError
          ? error
          : new ForetickError("STORE_WRITE_FAILED", describeError(error)),
      );
    } finally {
      this.#writing = undefined;
    }
  }

  async #write(batch: WriteBatch): Promise<void> {
    const started_us = this.#clock.monotonicUs();
    const { rows, rejected } = await this.#inserter.insert(batch);
    const now_us = this.#clock.monotonicUs();
    const counters = this.#counters;
    const table = batch.table.name;
    for (const { record, error } of rejected) {
      this.#journal.reject(table, record, error);
      this.#log.error({ table, error }, "a row was refused by the database: set aside in rejected.ndjson");
    }
    counters.written[table] += rows;
    counters.rows_known += batch.rows - rows - rejected.length;
    counters.rows_rejected += rejected.length;
    counters.batches_written++;
    counters.insert_ms = (now_us - started_us) / US_PER_MS;
    if (batch.opened_us > 0) counters.flush_latency_ms = (now_us - batch.opened_us) / US_PER_MS;
    if (counters.last_error) this.#recovered(counters.last_error);
  }

  #recovered({ since_us }: WriteFailure): void {
    const away_s = Math.round((this.#clock.now() - since_us) / US_PER_SEC);
    const { queue_rows, journal_bytes } = this.stats;
    this.#log.info({ away_s, queue_rows, journal_bytes }, "database takes rows again");
    this.#counters.last_error = undefined;
    this.#retry_ms = 0;
  }

  #failed(error: ForetickError): void {
    const counters = this.#counters;
    const { code, message } = error;
    if (!counters.last_error) {
      this.#log.warn({ code, reason: message }, "database takes no rows: they wait, and are tried again");
    }
    const since_us = counters.last_error?.since_us ?? this.#clock.now();
    counters.last_error = { code, message, since_us };
    counters.failures++;
    this.#retry_ms = Math.min(Math.max(this.#retry_ms * 2, RETRY_MS_MIN), RETRY_MS_MAX);
    // A row that came meanwhile has set the flush timer; the retry's takes its place.
    this.#cancelTimer();
    this.#waiters.disappoint(error);
  }

  /** Moves the oldest batches to the journal until the queue is within its bound (all of them once closed). */
  #spill(): void {
    const keep = this.#closed ? 0 : this.#queue_rows_max;
    while (this.#queue.rows > keep) {
      if (!this.#queue.head) this.#queue.seal();
      const batch = this.#queue.head!;
      try {
        this.#journal.append(batch);
        this.#counters.rows_spilled += batch.rows;
      } catch (error) {
        this.#log.error({ reason: describeError(error), rows: batch.rows }, "the journal cannot be written");
        if (!this.#closed && this.#queue.rows <= 2 * keep) return;
        this.#counters.rows_lost += batch.rows;
      }
      // One that is being written is still read from; writing it a second time, from the journal, does nothing.
      this.#queue.remove(batch, batch !== this.#writing);
    }
    if (this.#closed) this.#journal.seal();
  }

  #until(met: () => boolean, impatient: boolean): Promise<void> {
    if (met()) return Promise.resolve();
    if (this.#closed) return Promise.reject(closedError());
    return this.#waiters.until(met, impatient);
  }

  async #close(): Promise<void> {
    this.#cancelTimer();
    await new Promise<void>((done) => {
      const deadline = this.#clock.after(this.#close_ms, done);
      void this.#lastDrain().finally(() => {
        deadline.cancel();
        done();
      });
    });
    this.#closed = true;
    this.#cancelTimer();
    this.#queue.seal();
    this.#spill();
    await this.#inserter.close();
    await this.#draining;
    await this.#journal.close();
    this.#waiters.wake();
    this.#waiters.dismiss(closedError());
    if (!this.#journal.empty) {
      this.#log.warn(
        { bytes: this.#journal.bytes },
        "rows the database did not take are in the journal, for the next run",
      );
    }
  }

  /** Drains until nothing is left, or the database does not take it. */
  async #lastDrain(): Promise<void> {
    await this.#draining;
    const failures_before = this.#counters.failures;
    while (this.#queue.rows > 0 || !this.#journal.empty) {
      this.#queue.seal();
      this.#startDraining();
      await this.#draining;
      if (this.#counters.failures > failures_before || this.#closed) return;
    }
  }
}

function closedError(): ForetickError {
  const message =
    "writer closed before the rows were in the database; they are in the journal, for the next run";
  return new ForetickError("STORE_WRITE_FAILED", message);
}
