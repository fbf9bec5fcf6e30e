/** What a writer says about itself: read by `/metrics`, `/health` and tests. */

import type { ErrorCode } from "../base/errors.ts";
import type { Micros } from "../base/units.ts";
import type { TableName } from "./write_tables.ts";

export interface WriterCounters {
  /** Rows that were not in the table before. */
  readonly written: Record<TableName, number>;
  /** Rows that were there already: written twice, or received twice. */
  rows_known: number;
  /** Rows set aside in `journal/rejected.ndjson`: the database refused them for what they hold. */
  rows_rejected: number;
  /** Rows moved to the journal. */
  rows_spilled: number;
  /** Rows given up because neither the database nor the disk took them. */
  rows_lost: number;
  batches_written: number;
  /** Attempts that failed; the rows were kept and tried again. */
  failures: number;
  /** The last batch: from its first row's coming to its being in the database (ms). */
  flush_latency_ms: number;
  /** The last batch's statement (ms). */
  insert_ms: number;
  /** Why the database takes no rows; undefined while it does. */
  last_error: WriteFailure | undefined;
}

export interface WriteFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly since_us: Micros;
}

export interface WriterStats extends Readonly<WriterCounters> {
  /** Rows in memory that are not known to be in the database. */
  readonly queue_rows: number;
  /** Bytes on disk that are not known to be in the database. */
  readonly journal_bytes: number;
}

export function newCounters(): WriterCounters {
  return {
    written: {
      trades: 0,
      quotes: 0,
      disconnects: 0,
      book_1s: 0,
      features_live: 0,
      predictions: 0,
      outcomes: 0,
    },
    rows_known: 0,
    rows_rejected: 0,
    rows_spilled: 0,
    rows_lost: 0,
    batches_written: 0,
    failures: 0,
    flush_latency_ms: 0,
    insert_ms: 0,
    last_error: undefined,
  };
}
