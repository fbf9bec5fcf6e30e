/**
 * One table's way to the database, oldest rows first: the backlog on disk, then the queue in memory. Each table
 * has its own, with its own attempts, so that a table that cannot be written does not hold up the others.
 */

import type { ForetickError } from "../../base/errors.ts";
import { type Micros, US_PER_MS } from "../../base/units.ts";
import type { WriteFailure } from "./insert/write_failure.ts";
import type { TableJournal } from "./journal/table_journal.ts";
import type { WriteBatch } from "./queue/batch.ts";
import { TableQueue } from "./queue/table_queue.ts";
import type { TableName } from "./table.ts";
import { WRITE_TABLES } from "./tables.ts";

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 30_000;

/** Clients have seen these rows, so they are written at once and journalled soon. */
const SHOWN: ReadonlySet<TableName> = new Set<TableName>(["predictions", "outcomes"]);

export interface ChannelOptions {
  readonly table: TableName;
  readonly journal: TableJournal;
  readonly batch_rows_max: number;
  /** A row that is not in the database after this long goes to the journal as well (ms). */
  readonly ahead_after_ms: number;
  /** The same for rows that clients have seen (ms). */
  readonly shown_ahead_after_ms: number;
}

export class Channel {
  readonly table: TableName;
  readonly shown: boolean;
  readonly queue: TableQueue;
  readonly journal: TableJournal;
  readonly #batch_rows_max: number;
  readonly #ahead_after_us: number;
  /** The database is behind: rows go to the journal with the next group, whatever their age. */
  #ahead = false;
  #retry_ms = 0;
  #retry_at_us = 0;
  #failure: WriteFailure | undefined;

  constructor(options: ChannelOptions) {
    const { table, journal, batch_rows_max } = options;
    this.table = table;
    this.shown = SHOWN.has(table);
    this.queue = new TableQueue(WRITE_TABLES[table], batch_rows_max);
    this.journal = journal;
    this.#batch_rows_max = batch_rows_max;
    this.#ahead_after_us = (this.shown ? options.shown_ahead_after_ms : options.ahead_after_ms) * US_PER_MS;
  }

  /** Why the table is not written; undefined while it is. */
  get failure(): WriteFailure | undefined {
    return this.#failure;
  }

  get ahead(): boolean {
    return this.#ahead;
  }

  /** When it may be tried again (monotonic µs). */
  get retry_at_us(): number {
    return this.#retry_at_us;
  }

  /** Whether rows wait that may be written now. */
  hasWork(now_us: number): boolean {
    return now_us >= this.#retry_at_us && (this.journal.hasBacklog || this.queue.sealed !== undefined);
  }

  /** Whether all rows in memory are in the journal too. */
  get isJournalled(): boolean {
    return this.queue.batches.every(({ rows, journalled }) => rows === journalled);
  }

  get isEmpty(): boolean {
    return this.queue.rows === 0 && !this.journal.hasBacklog;
  }

  /** Whether the first `given` rows of this run, and all of earlier runs, have been settled. */
  isThrough(given: number): boolean {
    return !this.journal.hasBacklog && (this.queue.head?.first ?? Number.POSITIVE_INFINITY) >= given;
  }

  /**
   * The oldest rows, which stay until `settled`.
   * @throws ForetickError STORE_JOURNAL.
   */
  async next(): Promise<WriteBatch | undefined> {
    return (await this.journal.next(this.#batch_rows_max)) ?? this.queue.sealed;
  }

  /** The database has taken `batch`, or refused rows of it for good. */
  settled(batch: WriteBatch, now_us: number): void {
    batch.settled = true;
    if (batch.position) this.journal.settle(batch.position);
    this.queue.remove(batch, true);
    if (this.#ahead && !this.journal.hasBacklog && !this.#isBehind(now_us)) this.#ahead = false;
    this.#failure = undefined;
    this.#retry_ms = 0;
    this.#retry_at_us = 0;
  }

  /** @param took_ms how long the attempt took: the other tables get as much time before the next. */
  failed({ code, message }: ForetickError, now_us: number, at_us: Micros, took_ms: number): void {
    this.#failure = { code, message, since_us: this.#failure?.since_us ?? at_us };
    this.#retry_ms = Math.min(Math.max(this.#retry_ms * 2, RETRY_MS_MIN), RETRY_MS_MAX);
    this.#retry_at_us = now_us + Math.max(this.#retry_ms, took_ms) * US_PER_MS;
  }

  hurry(): void {
    this.#retry_at_us = 0;
  }

  /** Whether rows are to go to the journal now. */
  isDue(now_us: number): boolean {
    this.#ahead ||= this.#isBehind(now_us);
    return this.#ahead;
  }

  #isBehind(now_us: number): boolean {
    const head = this.queue.head;
    return head !== undefined && head.rows > 0 && now_us - head.opened_us >= this.#ahead_after_us;
  }
}
