/** A writer's counters: read by `/metrics`, `/health` and tests. */

import type { Channel } from "./channel.ts";
import type { WriteFailure } from "./insert/write_failure.ts";
import { TABLE_NAMES, type TableName } from "./table.ts";

export interface WriterCounters {
  /** Rows that were not in the table before. */
  readonly written: Record<TableName, number>;
  /** Rows that were there already: written twice, or received twice. */
  rows_known: number;
  /** Rows set aside in `journal/rejected.ndjson`: the database refused them for what they hold. */
  rows_rejected: number;
  /** Rows that left memory for the journal on disk. */
  rows_spilled: number;
  /** Rows that neither the database nor the disk took. Lost market data leaves a break in `disconnects`. */
  readonly lost: Record<TableName, number>;
  batches_written: number;
  /** Attempts that failed; the rows were kept and tried again. */
  failures: number;
  /** The last batch: from its first row's coming to its being in the database (ms). */
  flush_latency_ms: number;
  /** The last batch's statement (ms). */
  insert_ms: number;
}

export interface JournalStats {
  /** Bytes on disk whose rows are not known to be in the database. */
  readonly bytes: number;
  /** Bytes of rejected rows kept. */
  readonly rejected_bytes: number;
  /** Lines that could not be read back. */
  readonly lines_damaged: number;
  /** `low`: the free space is below what is comfortable. `full`: bulk rows are no longer journalled. */
  readonly disk: "ok" | "low" | "full";
  /** undefined before the first look. */
  readonly disk_free_bytes: number | undefined;
  /** Groups journalled: each appended and synced as one. */
  readonly groups: number;
  /** The last group's sync, and the longest (ms). */
  readonly sync_ms: number;
  readonly sync_ms_max: number;
  /** Why nothing can be journalled; undefined while it can. */
  readonly fault: WriteFailure | undefined;
}

export interface WriterStats extends Readonly<WriterCounters> {
  /** Rows in memory that are not known to be in the database. */
  readonly queue_rows: number;
  /** Of these, the ones that are not in the journal either: what would be lost if the process ended now. */
  readonly queue_rows_unsafe: number;
  /** Of these, the ones that clients have been shown. */
  readonly shown_rows_unsafe: number;
  /** Bytes on disk whose rows are not known to be in the database. */
  readonly journal_bytes: number;
  readonly journal: JournalStats;
  /** Rows lost, all tables together. */
  readonly rows_lost: number;
  /** Why the database, or else a table, takes no rows; undefined while all do. */
  readonly last_error: WriteFailure | undefined;
  /** Rows wait longer than the database ever takes when all is well: they go to the journal ahead of it. */
  readonly behind: boolean;
  /** Tables that are not written for a reason of their own, such as a missing right, while others may be. */
  readonly tables_failing: readonly { readonly table: TableName; readonly failure: WriteFailure }[];
}

const zeroRows = (): Record<TableName, number> =>
  Object.fromEntries(TABLE_NAMES.map((name) => [name, 0])) as Record<TableName, number>;

export function newCounters(): WriterCounters {
  return {
    written: zeroRows(),
    rows_known: 0,
    rows_rejected: 0,
    rows_spilled: 0,
    lost: zeroRows(),
    batches_written: 0,
    failures: 0,
    flush_latency_ms: 0,
    insert_ms: 0,
  };
}

/** Rows in memory that are in neither the database, as far as is known, nor the journal. */
export function unsafeRows(channels: readonly Channel[]): number {
  let rows = 0;
  for (const { queue } of channels) {
    for (const batch of queue.batches) rows += batch.rows - batch.journalled;
  }
  return rows;
}

export function statsOf(
  counters: WriterCounters,
  journal: JournalStats,
  channels: readonly Channel[],
  failure: WriteFailure | undefined,
): WriterStats {
  return {
    ...counters,
    queue_rows: channels.reduce((sum, { queue }) => sum + queue.rows, 0),
    queue_rows_unsafe: unsafeRows(channels),
    shown_rows_unsafe: unsafeRows(channels.filter(({ shown }) => shown)),
    journal_bytes: journal.bytes,
    journal,
    rows_lost: TABLE_NAMES.reduce((sum, table) => sum + counters.lost[table], 0),
    // Rows that clients have seen are journalled soon in any case: that says nothing about the database.
    behind: channels.some(({ shown, ahead }) => ahead && !shown),
    tables_failing: channels.flatMap(({ table, failure }) => (failure ? [{ table, failure }] : [])),
    last_error: failure ?? channels.find((channel) => channel.failure)?.failure,
  };
}
