/** Whether a day of a table can be archived, and what it is made of: equal states, equal rows. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import { KnownHistory } from "../backfill/known_history.ts";
import { AbsentTrades } from "../repair/absent_trades.ts";
import { asked } from "../sql/asked.ts";
import type { LakeDay } from "./lake_day.ts";
import type { LakeSource } from "./tables.ts";

const HOUR_US = 3_600 * US_PER_SEC;
const NEEDS_TRADES: ReadonlySet<LakeSource> = new Set<LakeSource>(["trades", "trade_bars", "features"]);

/** Why the day is not archived now; undefined where it can be. A day that is repaired later can be then. */
export async function notYet(
  sql: Sql,
  source: LakeSource,
  day: LakeDay,
  now_us: number,
): Promise<string | undefined> {
  if (now_us < day.to_us + LIMITS.lake_settle_s * US_PER_SEC) return "the day is not over yet";
  if ((source === "trades" || source === "quotes") && (await isDropped(sql, source, day))) {
    return "its raw rows are not kept, or have been deleted by retention";
  }
  return NEEDS_TRADES.has(source) ? missingTrades(sql, day) : undefined;
}

/** What the day's rows are made of, as counts and latest times; any change of the rows changes it. */
export async function stateOf(
  sql: Sql,
  source: LakeSource,
  { symbol, from_us, to_us }: LakeDay,
): Promise<string> {
  const [row] = await asked(
    sql.unsafe<{ state: string }[]>(STATES[source], [symbol, String(from_us), String(to_us)]),
  );
  return row!.state;
}

const rawState = (table: string): string => `
  select concat_ws('/', count(*), count(set_aside), count(*) filter (where late), us_of(max(received_at))) as state
  from ${table}
  where symbol = $1 and ts >= at_us($2) and ts < at_us($3)`;
const barState = (view: string, n: string): string => `
  select concat_ws('/', count(*), sum(${n}), us_of(max(received_at))) as state
  from ${view}
  where symbol = $1 and sec >= at_us($2) and sec < at_us($3)`;

/** A vector looks back and a label ahead, so its neighbours' bars count too; a break leaves vectors cold. */
const AROUND = `
  symbol = $1
  and sec >= at_us($2) - interval '${LIMITS.look_back_s_max} seconds'
  and sec < at_us($3) + interval '${LIMITS.lake_horizon_s} seconds'`;

const STATES: Readonly<Record<LakeSource, string>> = {
  trades: rawState("trades"),
  quotes: rawState("quotes"),
  trade_bars: barState("bars_1s", "n"),
  quote_bars: barState("quotes_1s", "n_quotes"),
  features: `
    select concat_ws(
      '/',
      (select concat_ws('/', count(*), sum(n), us_of(max(received_at))) from bars_1s where ${AROUND}),
      (select concat_ws('/', count(*), sum(n_quotes), us_of(max(received_at))) from quotes_1s where ${AROUND}),
      (
        select concat_ws('/', count(*), count(filled_at))
        from disconnects
        where symbol = $1
          and ts >= at_us($2) - interval '${LIMITS.look_back_s_max} seconds'
          and ts < at_us($3) + interval '${LIMITS.lake_horizon_s} seconds'
      )
    ) as state`,
  predictions: `
    select concat_ws('/', count(*), count(realized_log_return), us_of(max(emitted_at)), us_of(max(joined_at))) as state
    from prediction_outcomes
    where symbol = $1 and ts >= at_us($2) and ts < at_us($3)`,
};

async function isDropped(
  sql: Sql,
  source: LakeSource,
  { symbol, from_us, to_us }: LakeDay,
): Promise<boolean> {
  const [row] = await asked(
    sql<{ dropped: boolean }[]>`
      select exists (
        select
        from raw_drops
        where symbol = ${symbol}
          and source = ${source}
          and from_ts < at_us(${to_us})
          and to_ts > at_us(${from_us})
      ) as dropped`,
  );
  return row!.dropped;
}

async function missingTrades(sql: Sql, day: LakeDay): Promise<string | undefined> {
  const known = new KnownHistory({ sql });
  if (await known.isWholeDay(day, day.date, "aggTrades")) return undefined;
  if (await known.isKeptWhole(day, day.date)) return undefined;
  const around = { symbol: day.symbol, from_us: day.from_us - HOUR_US, to_us: day.to_us + HOUR_US };
  const within = await known.extent(around);
  if (!within) return "no trade of it is stored";
  const absent = await AbsentTrades.read(sql, day.symbol, 0);
  const missing = absent.leaveOut(await known.missing(around, within, "aggTrades", LIMITS.backfill_gaps_max));
  if (missing.length === 0 && (await hasNeighbours(sql, day))) return undefined;
  const ids = missing.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return ids > 0 ? `${ids} of its trades are missing` : "the stored trades begin or end inside it";
}

/** Trades in the hour before and in the hour after: else the day may be cut off at an end. */
async function hasNeighbours(sql: Sql, { symbol, from_us, to_us }: LakeDay): Promise<boolean> {
  const some = (low_us: number, high_us: number) => sql`
    exists (
      select
      from bars_1s
      where symbol = ${symbol} and sec >= at_us(${low_us}) and sec < at_us(${high_us})
    )`;
  const [row] = await asked(
    sql<{ both: boolean }[]>`
      select ${some(from_us - HOUR_US, from_us)} and ${some(to_us, to_us + HOUR_US)} as both`,
  );
  return row!.both;
}
