/**
 * Brings rows from memory to the database, in the background and in batches, and keeps them on disk where the
 * database does not take them in time.
 *
 * Each table has its own way (`channel.ts`): the backlog on disk, then the queue in memory. The order within a
 * table is kept, and, since writing a row twice does nothing, nothing is there twice. Rows that wait longer than
 * `write_ahead_after_ms` are in the journal too (`write_ahead.ts`); beyond the bound of memory they are there only
 * (`overflow.ts`). A producer that can be slowed (a replay) waits for `drained` instead.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, ForetickError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Channel } from "./channel.ts";
import { Attempts } from "./insert/attempts.ts";
import { Rounds } from "./insert/rounds.ts";
import { encodeLine } from "./journal/line.ts";
import { WriteAhead } from "./journal/write_ahead.ts";
import { type Parts, partsOf, type WriterOptions } from "./parts.ts";
import type { WriteBatch } from "./queue/batch.ts";
import { Losses, type LostStretch } from "./queue/losses.ts";
import { Overflow } from "./queue/overflow.ts";
import { newCounters, statsOf, unsafeRows, type WriterStats } from "./stats.ts";
import type { TableName } from "./table.ts";
import { Waiters } from "./waiters.ts";

/** Rows that clients have seen wait this long for others of the same tick. */
const SHOWN_FLUSH_MS = 2;

export class Delivery {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #parts: Parts;
  readonly #counters = newCounters();
  readonly #waiters = new Waiters();
  readonly #losses = new Losses();
  readonly #writeAhead: WriteAhead;
  readonly #overflow: Overflow;
  readonly #attempts: Attempts;
  readonly #onLost: (stretch: LostStretch) => void;
  readonly #rounds: Rounds;
  #ahead_timer: Timer | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(options: WriterOptions, onLost: (stretch: LostStretch) => void) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onLost = onLost;
    this.#parts = partsOf(options);
    const { journal, space, channels, inserter } = this.#parts;
    this.#writeAhead = new WriteAhead({
      ...{ journal, space, clock: this.#clock, log: this.#log },
      onJournalled: (channel) => {
        this.#overflow.relieve();
        this.#taken(channel);
      },
    });
    this.#overflow = new Overflow({
      channels,
      rows_max: this.#parts.queue_rows_max,
      burst_rows_max: this.#parts.burst_rows_max,
      counters: this.#counters,
      losses: this.#losses,
      refuses: (channel) => this.#writeAhead.refuses(channel),
      journal: () => this.#journalSoon(),
    });
    this.#attempts = new Attempts({
      ...{ inserter, journal, counters: this.#counters, clock: this.#clock, log: this.#log },
      onSettled: (channel) => this.#taken(channel),
      onFailed: (error) => this.#waiters.disappoint(error),
    });
    this.#rounds = new Rounds({
      ...{ parts: this.#parts, attempts: this.#attempts, counters: this.#counters, clock: this.#clock },
      isLeft: () => this.#overflow.rows > 0 || journal.hasBacklog,
    });
    if (journal.hasBacklog) {
      this.#log.info(
        { bytes: journal.bytes },
        "rows of an earlier run are in the journal: writing them first",
      );
      this.#rounds.arm(0);
    }
    this.#lookAhead();
  }

  get queue_depth(): number {
    return this.#overflow.rows;
  }

  get stats(): WriterStats {
    return statsOf(this.#counters, this.#writeAhead.stats, this.#parts.channels, this.#attempts.failure);
  }

  channel(table: TableName): Channel {
    return this.#parts.byTable[table];
  }

  /** The batch the next row of `table` goes into: write its cells at index `rows`, then call `added`. */
  open(table: TableName): WriteBatch {
    return this.#parts.byTable[table].queue.filling(this.#clock.monotonicUs());
  }

  added(batch: WriteBatch): void {
    const channel = this.#parts.byTable[batch.table.name];
    const full = channel.queue.added(batch);
    if (this.#closed) this.#keepAfterClose(channel);
    else this.#schedule(channel, full);
  }

  #schedule(channel: Channel, full: boolean): void {
    if (this.#overflow.rows > this.#parts.queue_rows_max) this.#overflow.relieve();
    if (channel.shown && this.#attempts.failure) this.#journalSoon();
    else if (channel.shown) this.#rounds.arm(SHOWN_FLUSH_MS);
    else if (full && !this.#attempts.failure) this.#rounds.start();
    else this.#rounds.armUnlessDue();
  }

  /**
   * Resolves once every row given so far is in the database, or was refused by it and set aside.
   *
   * @throws ForetickError STORE_UNREACHABLE, STORE_WRITE_TIMEOUT or STORE_WRITE_FAILED where the database
   *   does not take them now; they wait and will be tried again.
   */
  flush(): Promise<void> {
    this.#rounds.seal(true);
    const given = this.#parts.channels.map((channel) => ({ channel, rows: channel.queue.given }));
    this.#rounds.start();
    return this.#until(() => given.every(({ channel, rows }) => channel.isThrough(rows)), true);
  }

  /**
   * Resolves once at most `below` rows wait in memory and none on disk: when a producer may go on. Waits
   * for as long as the database is away.
   *
   * @throws ForetickError STORE_WRITE_FAILED where the writer is closed first.
   */
  drained(below: number): Promise<void> {
    return this.#until(() => !this.#parts.journal.hasBacklog && this.#overflow.rows <= below, false);
  }

  /**
   * Resolves once every row given so far is in the database or in the journal, synced: with the number of rows
   * that are in neither, because the disk does not take them.
   */
  async secure(): Promise<number> {
    this.#writeAhead.hurry();
    await this.#writeAhead.group(this.#parts.channels);
    return unsafeRows(this.#parts.channels);
  }

  /** Secures everything, then writes what the database still takes in time; the rest is for the next run. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Looks, as long as the writer is open, for rows that have waited too long. */
  #lookAhead(): void {
    this.#ahead_timer = this.#clock.after(this.#parts.ahead_check_ms, () => {
      const now_us = this.#clock.monotonicUs();
      if (!this.#writeAhead.running) {
        // A disk that failed is tried with whatever waits: else nobody would know that it works again.
        const { failing } = this.#writeAhead;
        void this.#writeAhead.group(
          this.#parts.channels.filter((channel) => failing || channel.isDue(now_us)),
        );
      }
      if (!this.#closed) this.#lookAhead();
    });
  }

  #journalSoon(): void {
    if (!this.#writeAhead.running) void this.#writeAhead.group(this.#parts.channels);
  }

  /** Rows of `channel` are in the database or in the journal: what was lost of it before gets its break now. */
  #taken(channel: Channel): void {
    const lost = this.#losses.take(channel.table);
    for (const stretch of lost) {
      const { symbol, stream, rows } = stretch;
      this.#log.error({ symbol, stream, rows }, "rows were lost: a break marks where they are missing");
      this.#onLost(stretch);
    }
    this.#waiters.wake();
  }

  #until(met: () => boolean, impatient: boolean): Promise<void> {
    if (met()) return Promise.resolve();
    if (this.#closed) return Promise.reject(closedError());
    return this.#waiters.until(met, impatient);
  }

  async #close(): Promise<void> {
    const { journal, inserter, close_ms } = this.#parts;
    await this.secure();
    await this.#bounded(this.#rounds.last(), close_ms, "the last rows' delivery");
    this.#closed = true;
    this.#rounds.stop();
    this.#ahead_timer?.cancel();
    await this.#bounded(inserter.close(), close_ms, "the end of the writer's connection");
    await this.#bounded(this.#rounds.ended(), close_ms, "the insert under way");
    const unsafe_rows = await this.secure();
    this.#overflow.evictAll();
    await this.#bounded(journal.close(), close_ms, "the end of the journal");
    this.#waiters.wake();
    this.#waiters.dismiss(closedError());
    const { bytes } = journal;
    if (unsafe_rows > 0)
      this.#log.error({ rows: unsafe_rows }, "rows are lost: neither database nor disk took them");
    if (bytes > 0)
      this.#log.warn({ bytes }, "rows the database did not take are in the journal, for the next run");
  }

  async #bounded(promise: Promise<void>, ms: number, what: string): Promise<void> {
    await withDeadline(promise, { clock: this.#clock, ms, what }).catch((error: unknown) =>
      this.#log.warn({ reason: describeError(error) }, "the writer closes without it"),
    );
  }

  /** A forecast that was under way when the writer closed: written to disk at once, for the next run. */
  #keepAfterClose({ queue, journal }: Channel): void {
    queue.seal();
    const batch = queue.sealed!;
    try {
      journal.appendNow(encodeLine(batch, 0, batch.rows));
    } catch (error) {
      this.#counters.lost[batch.table.name] += batch.rows;
      this.#log.error({ reason: describeError(error) }, "a row that came after the writer closed is lost");
    }
    queue.remove(batch, false);
  }
}

function closedError(): ForetickError {
  const message =
    "writer closed before the rows were in the database; they are in the journal, for the next run";
  return new ForetickError("STORE_WRITE_FAILED", message);
}
