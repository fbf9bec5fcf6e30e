/**
 * Brings a stretch of history into the database: from the archive or through REST, then the gaps in its ids
 * one by one, then the bars, and last a second opinion and a report. Every part goes by what the database
 * knows, so a backfill that was stopped anywhere, killed even, is simply run again.
 */

import type { Clock } from "../base/clock.ts";
import { describeError, fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Rng } from "../base/rng.ts";
import { micros } from "../base/units.ts";
import { DAY_US } from "../binance/archive_layout.ts";
import type { Backoff } from "../binance/backoff.ts";
import type { HistoryKind } from "../binance/trade_run.ts";
import { type ArchiveSource, loadArchive } from "./archive_backfill.ts";
import {
  type BackfillJob,
  type BackfillProgress,
  type BackfillTally,
  emptyTally,
  progressed,
} from "./backfill_job.ts";
import { type HistoryReport, reportHistory } from "./backfill_report.ts";
import type { Database } from "./database.ts";
import { HistoryLoader } from "./history_loader.ts";
import { checkKlines, type KlineCheck, klinesByRest, klinesOfArchive } from "./kline_check.ts";
import { type IdRange, KnownHistory, type Stretch } from "./known_history.ts";
import { Refresher } from "./refresher.ts";
import { type BackfillRest, fillGaps, insist, loadRest } from "./rest_backfill.ts";
import { storeError } from "./store_errors.ts";
import { textFromMicros } from "./time_text.ts";

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
  /** Rows a transaction, about. */
  readonly batch_rows?: number;
  /** Between an exchange's failure and asking again. */
  readonly backoff?: Backoff;
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

/** @throws ForetickError CONFIG_INVALID, ARCHIVE_UNREACHABLE, REST_…, STORE_…; what was loaded stays. */
export async function backfill(options: BackfillOptions): Promise<BackfillResult> {
  const { database, archive, rest, clock, log } = options;
  const stretch = allowed(options);
  const loader = await HistoryLoader.open({ url: database.url, symbol: stretch.symbol, clock });
  const known = new KnownHistory(database);
  const job: BackfillJob = {
    ...{ stretch, loader, known, clock, log, kind: options.kind, rng: options.rng, tally: emptyTally() },
    batch_rows: options.batch_rows ?? LIMITS.load_batch_rows_max,
    backoff: options.backoff ?? BACKOFF,
    signal: options.signal ?? new AbortController().signal,
    onProgress: options.onProgress ?? (() => {}),
  };
  try {
    const ids = archive ? await fromArchive(job, archive, rest) : await loadRest(job, rest!);
    await refreshBars(job, database);
    const report = await reportHistory(database, known, stretch, ids);
    await markFilled(database, stretch, report, clock);
    const check = options.check === false ? undefined : await secondOpinion(job, options);
    const { tally } = job;
    const failed = tally.days_failed + tally.days_dropped + report.missing_count;
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

async function fromArchive(
  job: BackfillJob,
  archive: ArchiveSource,
  rest: BackfillRest | undefined,
): Promise<IdRange | undefined> {
  await loadArchive(job, archive);
  const ids = await job.known.extent(job.stretch);
  if (ids && rest) await fillGaps(job, rest, ids, "aggTrades", GAP_IDS_MAX);
  return ids;
}

async function refreshBars(job: BackfillJob, database: Database): Promise<void> {
  const { stretch, clock, log } = job;
  const refresher = new Refresher({ database, clock, log });
  try {
    // Day by day, so that progress can be told.
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

/** Breaks around which no id is missing any more are filled: vectors across them are warm again. */
async function markFilled(
  database: Database,
  { symbol, from_us, to_us }: Stretch,
  { missing, missing_cut, ids }: HistoryReport,
  clock: Clock,
): Promise<void> {
  if (missing_cut || !ids) return;
  const [before, after] = [
    missing.map(({ before_us }) => before_us ?? 0),
    missing.map(({ after_us }) => after_us ?? Number.MAX_SAFE_INTEGER),
  ];
  try {
    await database.sql`
      update disconnects d
      set filled_at = at_us(${clock.now()})
      where d.symbol = ${symbol}
        and d.filled_at is null
        and d.ts >= at_us(${from_us})
        and d.ts < at_us(${to_us})
        and exists (select from trades t where t.symbol = d.symbol and t.ts > d.ts and t.ts < at_us(${to_us}))
        and exists (select from trades t where t.symbol = d.symbol and t.ts <= d.ts and t.ts >= at_us(${from_us}))
        and not exists (
          select
          from unnest(${`{${before.join(",")}}`}::bigint[], ${`{${after.join(",")}}`}::bigint[])
            as missing(before_us, after_us)
          where us_of(d.ts) between missing.before_us and missing.after_us
        )`;
  } catch (error) {
    throw storeError(error, "STORE_QUERY");
  }
}

async function secondOpinion(
  job: BackfillJob,
  { database, archive, rest }: BackfillOptions,
): Promise<KlineCheck | undefined> {
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
