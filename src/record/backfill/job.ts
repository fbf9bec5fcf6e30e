/** What the parts of a backfill share: what is wanted, what to do it with, and the results so far. */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Rng } from "../../base/rng.ts";
import type { Backoff } from "../../binance/backoff.ts";
import type { HistoryKind } from "../../binance/trade_run.ts";
import type { CheckedRun } from "./checked_runs.ts";
import type { ArchiveDay, AsideRow, HistoryLoader, RunBlock } from "./history_loader.ts";
import type { KnownHistory, Stretch } from "./known_history.ts";

export type BackfillStage = "download" | "load" | "gaps" | "bars" | "check";

export interface BackfillProgress {
  readonly stage: BackfillStage;
  /** Part of the stage that is done, 0…1, by market time (downloads: by bytes). */
  readonly done: number;
  /** File or day at hand. */
  readonly at: string;
  readonly rows_read: number;
  readonly rows_added: number;
}

/** Counts over the whole backfill. */
export interface BackfillTally {
  /** Rows of the source, those known already included. */
  rows_read: number;
  rows_added: number;
  aggregates_replaced: number;
  /** Rows in whose place those of a file that was fetched again came. */
  rows_replaced: number;
  /** Rows of the archive that describe no trade. */
  refused: number;
  /** Rows that are bars now and were not kept. */
  rows_to_bars: number;
  /** Rows of the archive whose time is not that of their file: kept beside it. */
  rows_elsewhere: number;
  /** Rows stored as not believed. */
  rows_set_aside: number;
  /** The first rows of both kinds. */
  set_aside: AsideRow[];
  days_loaded: number;
  /** Days of which every trade was known before. */
  days_known: number;
  /** Days left out: retention has deleted their trades, and the bars that are kept know every one of them. */
  days_dropped: number;
  /** Days whose file is absent or was set aside. */
  days_failed: number;
  /** Runs of missing ids that the exchange's klines explain: it has no such trades. */
  gaps_explained: number;
  /** Daily files that are not published. */
  absent: string[];
  quarantined: { readonly file: string; readonly reason: string }[];
}

export interface BackfillJob {
  readonly stretch: Stretch;
  readonly kind: HistoryKind;
  /** Of the exchange's numbering; 0 where it is left out. */
  readonly epoch?: number;
  readonly batch_rows: number;
  /** Load days again of which only the bars are kept, though they are whole. */
  readonly again: boolean;
  /**
   * Where given, whole blocks become bars and their trades are not kept. Highest id of the block read last; undefined
   * where what comes next need not go on from it.
   */
  readonly bars_only?: { last_id: number | undefined };
  /** Rows that differ from stored ones of the same id take their place. */
  readonly replaces?: boolean;
  readonly sql: Sql;
  readonly loader: HistoryLoader;
  readonly known: KnownHistory;
  readonly tally: BackfillTally;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  /** Between an exchange's failure and asking again. */
  readonly backoff: Backoff;
  /** Aborted: the backfill ends after the batch at hand. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BackfillProgress) => void;
}

export function emptyTally(): BackfillTally {
  return {
    rows_read: 0,
    rows_added: 0,
    aggregates_replaced: 0,
    rows_replaced: 0,
    refused: 0,
    rows_to_bars: 0,
    rows_elsewhere: 0,
    rows_set_aside: 0,
    set_aside: [],
    days_loaded: 0,
    days_known: 0,
    days_dropped: 0,
    days_failed: 0,
    gaps_explained: 0,
    absent: [],
    quarantined: [],
  };
}

/** What one transaction brings in. */
export interface Batch {
  readonly runs: readonly CheckedRun[];
  /** Whole blocks, to be kept as bars alone. */
  readonly blocks?: readonly RunBlock[];
  readonly completes?: readonly ArchiveDay[];
}

export async function loadBatch(job: BackfillJob, { runs, ...more }: Batch): Promise<void> {
  job.signal.throwIfAborted();
  const { tally, replaces = false } = job;
  const counts = await job.loader.load(runs, { ...more, replaces });
  tally.rows_added += counts.rows_added;
  tally.rows_to_bars += counts.rows_to_bars;
  tally.aggregates_replaced += counts.aggregates_replaced;
  tally.rows_replaced += counts.rows_replaced;
  tally.rows_set_aside += counts.set_aside.length;
  nameSetAside(tally, counts.set_aside);
}

export function nameSetAside({ set_aside }: BackfillTally, rows: readonly AsideRow[]): void {
  set_aside.push(...rows.slice(0, LIMITS.backfill_set_aside_named_max - set_aside.length));
}

/** `time_us`: how far in the stretch the stage has come. */
export function progressed(job: BackfillJob, stage: BackfillStage, time_us: number, at: string): void {
  const { from_us, to_us } = job.stretch;
  const done = Math.min(1, Math.max(0, (time_us - from_us) / (to_us - from_us)));
  const { rows_read, rows_added } = job.tally;
  job.onProgress({ stage, done, at, rows_read, rows_added });
}
