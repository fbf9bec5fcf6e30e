/**
 * Brings a stretch of history into the database: from the archive or through REST, then the gaps in its ids
 * one by one, then the bars, and last a check against klines and a report. Every part starts from what is in
 * the database, so a backfill that was stopped or killed anywhere is simply run again.
 */

import type { Clock } from "../../base/clock.ts";
import { describeError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Rng } from "../../base/rng.ts";
import { DAY_US, micros } from "../../base/units.ts";
import type { Backoff } from "../../binance/backoff.ts";
import type { HistoryKind } from "../../binance/trade_run.ts";
import { Refresher } from "../bars/refresher.ts";
import type { Database } from "../database.ts";
import { reviveTrades } from "../retention/kept_bars.ts";
import { asked } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";
import { type ArchiveSource, loadArchive } from "./archive_source.ts";
import { doubtedDays } from "./check/doubts.ts";
import { explainGaps } from "./check/explained.ts";
import { checkKlines, type KlineCheck, klinesByRest, klinesOfArchive } from "./check/kline_check.ts";
import { markFilled } from "./filled_breaks.ts";
import { HistoryLoader } from "./history_loader.ts";
import {
  type BackfillJob,
  type BackfillProgress,
  type BackfillTally,
  emptyTally,
  progressed,
} from "./job.ts";
import { type IdRange, KnownHistory, type Stretch } from "./known_history.ts";
import { type HistoryReport, reportHistory } from "./report.ts";
import { type BackfillRest, fillGaps, insist, loadRest, missingTrades } from "./rest_source.ts";

export interface BackfillOptions {
  readonly database: Database;
  readonly stretch: Stretch;
  readonly kind: HistoryKind;
  /** From here where given, else through `rest`. Whole UTC days only. */
  readonly archive?: ArchiveSource | undefined;
  /** Beside an archive it fills gaps; without, they stay. */
  readonly rest?: BackfillRest | undefined;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly signal?: AbortSignal;
  /** Rows per transaction, about. */
  readonly batch_rows?: number;
  /** Between an exchange's failure and asking again. */
  readonly backoff?: Backoff;
  /** Load days again of which only the bars are kept, though they are whole. */
  readonly again?: boolean;
  /** From an archive: keep one-second bars of what comes, and no trades where nothing is wrong with them. */
  readonly bars_only?: boolean;
  /** Load days again that miss trades, differ from the klines, or whose file has been published again. */
  readonly refetch?: boolean;
  /** Compare with the exchange's klines at the end. Default true. */
  readonly check?: boolean;
  readonly onProgress?: (progress: BackfillProgress) => void;
}

export interface BackfillResult {
  /** As asked for, cut where aggregates may not go. */
  readonly stretch: Stretch;
  readonly tally: Readonly<BackfillTally>;
  readonly report: HistoryReport;
  /** undefined where it was not wanted, or the klines could not be had. */
  readonly check: KlineCheck | undefined;
  /** Every trade of the stretch is known, and the exchange's klines agree as far as they were had. */
  readonly is_complete: boolean;
}

/**
 * The live path writes single trades of the last minutes or hours, without looking for aggregates in their
 * place: those keep this far away from it (µs).
 */
const AGGREGATE_AGE_US = DAY_US;
const BACKOFF: Backoff = { first_ms: 500, cap_ms: 30_000 };
/** A longer run of missing ids in an archive is not a gap but missing history. */
const GAP_IDS_MAX = 100_000;
const NO_DAYS: ReadonlySet<number> = new Set();

/** @throws ForetickError CONFIG_INVALID, ARCHIVE_UNREACHABLE, REST_…, STORE_…; what was loaded stays. */
export async function backfill(options: BackfillOptions): Promise<BackfillResult> {
  const { database, archive, rest, clock, log } = options;
  const stretch = allowed(options);
  const loader = await HistoryLoader.open({ url: database.url, symbol: stretch.symbol, clock });
  const known = new KnownHistory(database);
  const job: BackfillJob = {
    ...{ stretch, loader, known, clock, log, sql: database.sql, kind: options.kind, rng: options.rng },
    tally: emptyTally(),
    batch_rows: options.batch_rows ?? LIMITS.load_batch_rows_max,
    backoff: options.backoff ?? BACKOFF,
    again: options.again ?? false,
    replaces: options.refetch ?? false,
    ...(options.bars_only ? { bars_only: { last_id: undefined } } : {}),
    signal: options.signal ?? new AbortController().signal,
    onProgress: options.onProgress ?? (() => {}),
  };
  try {
    const { ids, checked } = archive
      ? await fromArchive(job, archive, options)
      : { ids: await loadRest(job, rest!), checked: undefined };
    if (!checked) await makeBars(job, database);
    const report = await reportHistory(job, database, ids);
    if (report.ids && !report.missing_cut) {
      await markFilled(database.sql, stretch, report.missing, clock.now());
    }
    const check = checked ?? (await secondOpinion(job, options));
    const { tally } = job;
    const failed = tally.days_failed + report.missing_count;
    return {
      ...{ stretch, tally, report, check },
      is_complete: failed === 0 && (check?.minutes_differing ?? 0) === 0,
    };
  } finally {
    await loader.close();
  }
}

/** Refuses what cannot be done; aggregates end a day before now. */
function allowed({ stretch, kind, archive, rest, clock }: BackfillOptions): Stretch {
  const { symbol, from_us } = stretch;
  if (!archive && !rest) fail("CONFIG_INVALID", "a backfill expected an archive or REST, has neither");
  if (archive && (from_us % DAY_US !== 0 || stretch.to_us % DAY_US !== 0)) {
    fail("CONFIG_INVALID", "the archive expected whole UTC days, was asked for parts; use --source rest");
  }
  const end_us = kind === "aggTrades" ? clock.now() - AGGREGATE_AGE_US : clock.now();
  const whole_us = archive ? Math.floor(end_us / DAY_US) * DAY_US : end_us;
  const to_us = Math.min(stretch.to_us, whole_us);
  if (from_us < to_us) return { symbol, from_us, to_us };
  const why = kind === "aggTrades" ? "aggregates of the last day are not loaded" : "the rest is yet to come";
  return fail(
    "CONFIG_INVALID",
    `a stretch expected to begin before ${textFromMicros(micros(to_us))}: ${why}`,
  );
}

/**
 * `checked` where nothing has been loaded since the klines were compared. Ids that are missing are the exchange's own
 * where its klines agree; REST is asked for the others.
 */
async function fromArchive(
  job: BackfillJob,
  archive: ArchiveSource,
  options: BackfillOptions,
): Promise<{ readonly ids: IdRange | undefined; readonly checked: KlineCheck | undefined }> {
  const { database, rest, refetch = false } = options;
  await loadArchive(job, archive, refetch ? await doubts(job, archive, options) : NO_DAYS);
  const ids = await job.known.extent(job.stretch);
  const missing = ids ? await missingTrades(job, ids, "aggTrades") : [];
  if (!ids || missing.length === 0) return { ids, checked: undefined };
  await makeBars(job, database);
  const check = await secondOpinion(job, options);
  if (check) {
    const { symbol } = job.stretch;
    job.tally.gaps_explained += await explainGaps(job.sql, symbol, missing, check, job.clock.now());
  }
  const { rows_added } = job.tally;
  if (rest) await fillGaps(job, rest, ids, "aggTrades", GAP_IDS_MAX);
  return { ids, checked: job.tally.rows_added === rows_added ? check : undefined };
}

async function doubts(job: BackfillJob, { archive }: ArchiveSource, options: BackfillOptions) {
  await makeBars(job, options.database);
  const ids = await job.known.extent(job.stretch);
  const missing = ids ? await missingTrades(job, ids, "aggTrades") : [];
  return doubtedDays(job, archive, missing, await secondOpinion(job, options));
}

/** Bars of everything that is stored. */
async function makeBars(job: BackfillJob, database: Database): Promise<void> {
  await revive(job, database);
  await refreshBars(job, database);
}

/** Where retention had deleted trades that are there again, bars are made of them again. */
async function revive({ stretch, signal }: BackfillJob, { sql }: Database): Promise<void> {
  const { symbol, from_us, to_us } = stretch;
  for (let at_us = from_us; at_us < to_us; at_us += DAY_US) {
    signal.throwIfAborted();
    await asked(reviveTrades(sql, symbol, { from_us: at_us, to_us: Math.min(to_us, at_us + DAY_US) }));
  }
}

async function refreshBars(job: BackfillJob, database: Database): Promise<void> {
  const { stretch, clock, log } = job;
  const refresher = new Refresher({ database, clock, log });
  try {
    // Day by day, so that progress can be reported.
    for (let from_us = stretch.from_us; from_us < stretch.to_us; ) {
      job.signal.throwIfAborted();
      const to_us = Math.min(stretch.to_us, (Math.floor(from_us / DAY_US) + 1) * DAY_US);
      await refresher.through({ from_us, to_us });
      progressed(job, "bars", to_us, textFromMicros(micros(from_us)).slice(0, 10));
      from_us = to_us;
    }
  } finally {
    await refresher.close();
  }
}

async function secondOpinion(
  job: BackfillJob,
  { database, archive, rest, check: wanted = true }: BackfillOptions,
): Promise<KlineCheck | undefined> {
  if (!wanted) return undefined;
  const { stretch, log } = job;
  progressed(job, "check", stretch.from_us, "klines");
  const compare = async () => {
    const pages = archive
      ? klinesOfArchive(archive.archive, stretch, archive.keep_files)
      : klinesByRest(rest!, stretch);
    return checkKlines(database, stretch, pages);
  };
  try {
    const check = await insist(job, compare);
    return check.minutes > 0 ? check : undefined;
  } catch (error) {
    job.signal.throwIfAborted();
    log.warn(
      { reason: describeError(error) },
      "the exchange's klines could not be had: volumes are unchecked",
    );
    return undefined;
  }
}
