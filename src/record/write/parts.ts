/** What a writer is made of, from its options. */

import { join } from "node:path";
import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { ConnectOptions } from "../database.ts";
import { Channel } from "./channel.ts";
import { type Disk, limitedDisk, realDisk } from "./disk.ts";
import { BatchInserter } from "./insert/batch_inserter.ts";
import { DiskSpace, type SpaceLimits } from "./journal/disk_space.ts";
import { Journal } from "./journal/journal.ts";
import { TABLE_NAMES, type TableName } from "./table.ts";

/** Each bound is that of limits.ts unless a test sets another. */
export interface WriterOptions {
  readonly database: { connect(options?: ConnectOptions): Sql; readonly data_dir: string };
  readonly clock: Clock;
  readonly log: Logger;
  /** The fences of the leases held; refuses where they are not held. Default: without leases. */
  readonly fences?: (() => string | null) | undefined;
  readonly disk?: Disk;
  /** How long a row may wait for others of its batch (ms). */
  readonly flush_interval_ms?: number;
  readonly queue_rows_max?: number;
  readonly burst_rows_max?: number;
  readonly batch_rows_max?: number;
  readonly journal_segment_bytes_max?: number;
  readonly timeout_ms?: number;
  readonly close_ms?: number;
  readonly ahead_after_ms?: number;
  readonly space?: Partial<SpaceLimits>;
}

export interface Parts {
  readonly channels: readonly Channel[];
  readonly byTable: Readonly<Record<TableName, Channel>>;
  readonly journal: Journal;
  readonly space: DiskSpace;
  readonly inserter: BatchInserter;
  readonly flush_interval_ms: number;
  readonly ahead_check_ms: number;
  readonly queue_rows_max: number;
  readonly burst_rows_max: number;
  readonly close_ms: number;
}

const FLUSH_INTERVAL_MS = 150;

export function partsOf(options: WriterOptions): Parts {
  const { database, clock, log } = options;
  const timeout_ms = options.timeout_ms ?? LIMITS.write_timeout_ms;
  const directory = join(database.data_dir, "journal");
  const disk = limitedDisk(options.disk ?? realDisk, { clock, timeout_ms: LIMITS.journal_timeout_ms });
  const journal = new Journal({
    ...{ directory, disk, log },
    segment_bytes_max: options.journal_segment_bytes_max ?? LIMITS.journal_segment_bytes_max,
    rejected_bytes_max: LIMITS.rejected_bytes_max,
  });
  const space = new DiskSpace(directory, disk, clock, {
    free_low_bytes: LIMITS.disk_free_low_bytes,
    free_min_bytes: LIMITS.disk_free_min_bytes,
    journal_bytes_max: LIMITS.journal_bytes_max,
    ...options.space,
  });
  const channels = TABLE_NAMES.map(
    (table) =>
      new Channel({
        table,
        journal: journal.tables[table],
        batch_rows_max: options.batch_rows_max ?? LIMITS.write_batch_rows_max,
        ahead_after_ms: options.ahead_after_ms ?? LIMITS.write_ahead_after_ms,
        shown_ahead_after_ms: LIMITS.shown_ahead_after_ms,
      }),
  );
  const inserter = new BatchInserter({
    connect: () =>
      database.connect({
        connections: 1,
        statement_timeout_ms: timeout_ms,
        application_name: "foretick writer",
      }),
    timeout_ms,
    clock,
    fences: options.fences,
  });
  return {
    ...{ channels, journal, space, inserter },
    byTable: Object.fromEntries(channels.map((channel) => [channel.table, channel])) as Record<
      TableName,
      Channel
    >,
    flush_interval_ms: options.flush_interval_ms ?? FLUSH_INTERVAL_MS,
    ahead_check_ms: LIMITS.shown_ahead_after_ms,
    queue_rows_max: options.queue_rows_max ?? LIMITS.write_queue_rows_max,
    burst_rows_max: options.burst_rows_max ?? LIMITS.write_burst_rows_max,
    close_ms: options.close_ms ?? LIMITS.write_close_ms,
  };
}
