/** The result of a backfill, read from the database: missing ids, seconds without data, known sizes. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import type { Database } from "../database.ts";
import { asked } from "../sql/asked.ts";
import { tradeCounts } from "./check/trade_counts.ts";
import type { BackfillJob } from "./job.ts";
import type { IdRange, MissingIds, Stretch } from "./known_history.ts";
import { missingTrades } from "./rest_source.ts";

/** Seconds without a trade, from ≤ second < to (µs). */
export interface SilentStretch {
  readonly from_us: number;
  readonly to_us: number;
}

export interface HistoryReport {
  /** The ids that were looked at; undefined where nothing is stored. */
  readonly ids: IdRange | undefined;
  /** Ids of it that are missing, and how many; the list is cut at a bound. */
  readonly missing: readonly MissingIds[];
  readonly missing_count: number;
  readonly missing_cut: boolean;
  /** Trades by the bars, and of these the ones whose own size is known. */
  readonly n: number;
  readonly n_single: number;
  /** Trades that are not kept, only their bars. */
  readonly n_bars_only: number;
  readonly seconds: number;
  readonly seconds_without_trade: number;
  /** The longest, longest first. */
  readonly silent: readonly SilentStretch[];
}

const SILENT_SHOWN = 5;

/**
 * @param ids what the exchange said the stretch holds, where it was asked; otherwise what is stored counts.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function reportHistory(
  job: BackfillJob,
  database: Pick<Database, "sql">,
  ids: IdRange | undefined,
): Promise<HistoryReport> {
  const { known, stretch } = job;
  const within = ids ?? (await known.extent(stretch));
  const missing = within ? await missingTrades(job, within, "aggTrades") : [];
  const kept = await keptTrades(database.sql, stretch);
  const seconds = Math.max(0, Math.floor((stretch.to_us - stretch.from_us) / 1e6));
  const { n, n_single, bars } = await tradeCounts(database, stretch);
  return {
    ids: within,
    missing,
    missing_count: missing.reduce((sum, { from, to }) => sum + to - from + 1, kept.missing),
    missing_cut: missing.length === LIMITS.backfill_gaps_max,
    n_bars_only: kept.n,
    n,
    n_single,
    seconds,
    seconds_without_trade: seconds - bars,
    silent: await silence(database.sql, stretch),
  };
}

/** Trades of which only the bars are kept, and ids that are missing within a second of these. */
async function keptTrades(
  sql: Sql,
  { symbol, from_us, to_us }: Stretch,
): Promise<{ readonly n: number; readonly missing: number }> {
  const [row] = await asked(
    sql<{ n: string; missing: string }[]>`
      select
        coalesce(sum(n), 0) as n,
        coalesce(sum(last_id - first_id + 1 - n_ids) filter (where first_epoch = last_epoch), 0) as missing
      from trade_bars_1s_kept
      where symbol = ${symbol} and sec >= at_us(${from_us}) and sec < at_us(${to_us})`,
  );
  return { n: Number(row!.n), missing: Math.max(0, Number(row!.missing)) };
}

async function silence(sql: Sql, { symbol, from_us, to_us }: Stretch): Promise<SilentStretch[]> {
  const rows = await asked(
    sql<{ from_us: string; to_us: string }[]>`
      with ends as (
        select us_of(sec) as sec_us
        from bars_1s
        where symbol = ${symbol} and sec >= at_us(${from_us}) and sec < at_us(${to_us})
        union all
        select ${from_us}::bigint - 1000000
        union all
        select ${to_us}::bigint
      )
      select from_us, to_us
      from (
        select lag(sec_us) over (order by sec_us) + 1000000 as from_us, sec_us as to_us
        from ends
      ) as stretches
      where to_us > from_us
      order by to_us - from_us desc, from_us
      limit ${SILENT_SHOWN}`,
  );
  return rows.map((row) => ({ from_us: Number(row.from_us), to_us: Number(row.to_us) }));
}
