/**
 * What is stored of a day, hour by hour: trades and quotes as their bars count them, breaks, what the archive gave. Raw rows
 * are never counted: a day is 86,400 bars at most, read by their key, and one day is one question.
 */

import type { Sql } from "postgres";
import { DAY_US } from "../../base/units.ts";
import { asked } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";

export interface StoredDaysQuery {
  readonly symbol: string;
  /** The first day that is left out, by its beginning (UTC, µs). */
  readonly before_us: number;
  readonly days: number;
}

/** An hour in which anything is stored. */
export interface StoredHour {
  /** 0 … 23 (UTC). */
  readonly hour: number;
  readonly trades: number;
  /** Seconds with a trade, with a quote. */
  readonly trade_seconds: number;
  readonly quotes: number;
  readonly quote_seconds: number;
}

export interface StoredDay {
  /** Its beginning (UTC, µs). */
  readonly day_us: number;
  readonly hours: readonly StoredHour[];
  /** Breaks that began in it, and those of them whose trades have not been fetched yet. */
  readonly breaks: number;
  readonly breaks_open: number;
  /** Bars alone are left of a part of it: retention has deleted raw rows. */
  readonly raw_dropped: boolean;
  /** Trades of it were loaded as a whole day from the archive. */
  readonly from_archive: boolean;
}

interface HourRow {
  readonly hour: number;
  readonly trades: string;
  readonly trade_seconds: string;
  readonly quotes: string;
  readonly quote_seconds: string;
}

/** Newest first, one question a day. Rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export async function readStoredDays(
  sql: Sql,
  { symbol, before_us, days }: StoredDaysQuery,
): Promise<StoredDay[]> {
  const read: StoredDay[] = [];
  for (let day_us = before_us - DAY_US; day_us >= before_us - days * DAY_US && day_us >= 0; day_us -= DAY_US)
    read.push(await storedDay(sql, symbol, day_us));
  return read;
}

async function storedDay(sql: Sql, symbol: string, day_us: number): Promise<StoredDay> {
  const [from, to] = [sql`at_us(${String(day_us)})`, sql`at_us(${String(day_us + DAY_US)})`];
  const hours = await asked(
    sql<HourRow[]>`
      with traded as (
        select
          extract(hour from sec at time zone 'UTC')::integer as hour,
          sum(n) as trades,
          count(*) as trade_seconds
        from bars_1s
        where symbol = ${symbol} and sec >= ${from} and sec < ${to}
        group by 1
      ),
      quoted as (
        select
          extract(hour from sec at time zone 'UTC')::integer as hour,
          sum(n_quotes) as quotes,
          count(*) as quote_seconds
        from quotes_1s
        where symbol = ${symbol} and sec >= ${from} and sec < ${to}
        group by 1
      )
      select
        hour,
        coalesce(trades, 0) as trades,
        coalesce(trade_seconds, 0) as trade_seconds,
        coalesce(quotes, 0) as quotes,
        coalesce(quote_seconds, 0) as quote_seconds
      from traded
      full join quoted using (hour)
      order by hour`,
  );
  const [marks] = await asked(
    sql<{ breaks: string; breaks_open: string; raw_dropped: boolean; from_archive: boolean }[]>`
      select
        count(*) as breaks,
        count(*) filter (where filled_at is null and fillable) as breaks_open,
        exists (
          select
          from raw_drops
          where symbol = ${symbol} and from_ts < ${to} and to_ts > ${from}
        ) as raw_dropped,
        exists (
          select
          from archive_days
          where symbol = ${symbol} and day = (${from} at time zone 'UTC')::date
        ) as from_archive
      from disconnects
      where symbol = ${symbol} and ts >= ${from} and ts < ${to}`,
  );
  return {
    day_us,
    hours: hours.map((row) => ({
      ...{ hour: row.hour, trades: exactNumber(row.trades), quotes: exactNumber(row.quotes) },
      ...{ trade_seconds: exactNumber(row.trade_seconds), quote_seconds: exactNumber(row.quote_seconds) },
    })),
    ...{ breaks: exactNumber(marks!.breaks), breaks_open: exactNumber(marks!.breaks_open) },
    ...{ raw_dropped: marks!.raw_dropped, from_archive: marks!.from_archive },
  };
}
