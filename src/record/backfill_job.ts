/** What the parts of a backfill share: what is wanted, what to do it with, and what has come of it so far. */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Rng } from "../base/rng.ts";
import type { Backoff } from "../binance/backoff.ts";
import type { HistoryKind, TradeRun } from "../binance/trade_run.ts";
import type { ArchiveDay, HistoryLoader } from "./history_loader.ts";
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
  /** Rows of the archive that stand for no trade. */
  refused: number;
  days_loaded: number;
  /** Days of which every trade was known before. */
  days_known: number;
  /** Days left out since retention has deleted their raw rows, and their bars are all there is. */
  days_dropped: number;
  /** Days whose file is absent or was set aside. */
  days_failed: number;
  /** Daily files that are not published. */
  absent: string[];
  quarantined: { readonly file: string; readonly reason: string }[];
}

export interface BackfillJob {
  readonly stretch: Stretch;
  readonly kind: HistoryKind;
  readonly batch_rows: number;
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
    refused: 0,
    days_loaded: 0,
    days_known: 0,
    days_dropped: 0,
    days_failed: 0,
    absent: [],
    quarantined: [],
  };
}

export async function loadBatch(
  job: BackfillJob,
  runs: readonly TradeRun[],
  completes?: ArchiveDay,
): Promise<void> {
  job.signal.throwIfAborted();
  const { rows_added, aggregates_replaced } = await job.loader.load(runs, completes);
  job.tally.rows_added += rows_added;
  job.tally.aggregates_replaced += aggregates_replaced;
}

/** `time_us`: how far in the stretch the stage has come. */
export function progressed(job: BackfillJob, stage: BackfillStage, time_us: number, at: string): void {
  const { from_us, to_us } = job.stretch;
  const done = Math.min(1, Math.max(0, (time_us - from_us) / (to_us - from_us)));
  const { rows_read, rows_added } = job.tally;
  job.onProgress({ stage, done, at, rows_read, rows_added });
}
