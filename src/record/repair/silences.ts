/**
 * Where a symbol's stored trades may be incomplete: spans whose bars say that ids are missing, and breaks that were
 * noted and not filled. Each span reaches from the second of the last trade before to the end of the second of the
 * first one after, so that what is in it can be read by id.
 */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { DAY_US, US_PER_SEC } from "../../base/units.ts";
import type { Stretch } from "../backfill/known_history.ts";
import type { Span } from "../bars/bars.ts";
import { asked } from "../sql/asked.ts";

/**
 * What can be looked at: from the first trade that retention has not deleted the neighbours of, at most so many days
 * back, to shortly before the newest one, which the live path still completes. Undefined where that is nothing.
 */
export async function repairable(sql: Sql, symbol: string): Promise<Span | undefined> {
  const text = `
    with newest as (
      select ts
      from trades
      where symbol = $1 and set_aside is null and not late
      order by ts desc
      limit 1
    )
    select
      us_of(newest.ts) as newest_us,
      us_of((
        select ts
        from trades
        where symbol = $1
          and set_aside is null
          and ts >= newest.ts - make_interval(days => $2::integer)
          and ts >= coalesce(
            (select max(to_ts) from raw_drops where symbol = $1 and source = 'trades'),
            '-infinity'
          )
        order by ts
        limit 1
      )) as oldest_us
    from newest`;
  const [row] = await asked(
    sql.unsafe<{ newest_us: string; oldest_us: string | null }[]>(text, [symbol, LIMITS.repair_days_max]),
  );
  if (row?.oldest_us == null) return undefined;
  const to_us = secondStart(Number(row.newest_us)) - LIMITS.repair_lag_s * US_PER_SEC;
  const from_us = secondStart(Number(row.oldest_us));
  return from_us < to_us ? { from_us, to_us } : undefined;
}

/** Spans in which ids are missing by the bars, whoever loaded the trades. Ascending. */
export async function spansWithHoles(sql: Sql, { symbol, from_us, to_us }: Stretch): Promise<Span[]> {
  const text = `
    select holes.from_sec, holes.until_sec
    from bar_places_of('trade_bars_1s', 'trades', $1) as places
    cross join lateral trade_holes($1, at_us($2), at_us($3), places) as holes
    order by holes.from_sec`;
  const rows = await asked(
    sql.unsafe<{ from_sec: string; until_sec: string }[]>(text, [symbol, String(from_us), String(to_us)]),
  );
  return rows.map(({ from_sec, until_sec }) => ({
    from_us: Number(from_sec) * US_PER_SEC,
    to_us: (Number(until_sec) + 1) * US_PER_SEC,
  }));
}

/** The spans around breaks of the trades that are not marked as filled. Newest first, at most a bound. */
export async function spansOfBreaks(sql: Sql, { symbol, from_us, to_us }: Stretch): Promise<Span[]> {
  const text = `
    select us_of(before.ts) as before_us, us_of(next.ts) as after_us
    from disconnects d
    cross join lateral (
      select ts
      from trades t
      where t.symbol = d.symbol and t.set_aside is null and t.ts <= d.ts and t.ts >= at_us($2)
      order by ts desc
      limit 1
    ) as before
    cross join lateral (
      select ts
      from trades t
      where t.symbol = d.symbol
        and t.set_aside is null
        and t.ts > d.ts
        and t.ts >= coalesce(d.until, d.ts)
        and t.ts < at_us($3)
      order by ts
      limit 1
    ) as next
    where d.symbol = $1
      and d.filled_at is null
      and d.fillable
      and d.stream in ('all', 'trade')
      and d.ts >= at_us($2)
      and d.ts < at_us($3)
    order by d.ts desc
    limit $4`;
  const parameters = [symbol, from_us, to_us, LIMITS.repair_spans_max].map(String);
  const rows = await asked(sql.unsafe<{ before_us: string; after_us: string }[]>(text, parameters));
  return rows.map(({ before_us, after_us }) => ({
    from_us: secondStart(Number(before_us)),
    to_us: secondStart(Number(after_us)) + US_PER_SEC,
  }));
}

/**
 * Trades set aside because their time was wrong, with no believed account of them: their ids count as known in the
 * bars, under the wrong second. Read from the bars that have rows beside the believed ones. Times may be of the future.
 */
export async function misdatedTrades(
  sql: Sql,
  symbol: string,
  from_us: number,
): Promise<{ trade_id: number; ts_us: number }[]> {
  const text = `
    select t.trade_id, us_of(t.ts) as ts_us
    from bar_places_of('trade_bars_1s', 'trades', $1) as places
    cross join lateral trade_bars_of(
      $1, at_us($2), 'infinity', places.elsewhere, places.dropped, places.raw
    ) as b
    join trades t
      on t.symbol = b.symbol
      and t.ts >= b.sec
      and t.ts < b.sec + interval '1 second'
    where b.n_rows > b.n
      and t.set_aside = 'time_ahead'
      and not exists (
        select
        from trades known
        where known.symbol = t.symbol
          and known.trade_id = t.trade_id
          and known.set_aside is null
          and known.ts >= t.ts - interval '${LIMITS.repair_days_max} days'
      )
    order by t.trade_id desc
    limit $3`;
  const rows = await asked(
    sql.unsafe<{ trade_id: string; ts_us: string }[]>(text, [
      symbol,
      String(from_us),
      String(LIMITS.repair_spans_max),
    ]),
  );
  return rows.map((row) => ({ trade_id: Number(row.trade_id), ts_us: Number(row.ts_us) }));
}

/** The numberings a span's trades have; undefined where it has none. */
export async function epochsOf(
  sql: Sql,
  { symbol, from_us, to_us }: Stretch,
): Promise<{ least: number; newest: number } | undefined> {
  const text = `
    select min(epoch) as least, max(epoch) as newest
    from trades
    where symbol = $1 and set_aside is null and ts >= at_us($2) and ts < at_us($3)`;
  const [row] = await asked(
    sql.unsafe<{ least: number | null; newest: number | null }[]>(text, [
      symbol,
      String(from_us),
      String(to_us),
    ]),
  );
  return row?.least == null || row.newest == null ? undefined : { least: row.least, newest: row.newest };
}

/** Days of a span, the newest first. */
export function daysOf({ from_us, to_us }: Span): Span[] {
  const days: Span[] = [];
  for (let end_us = to_us; end_us > from_us; end_us -= DAY_US) {
    days.push({ from_us: Math.max(from_us, end_us - DAY_US), to_us: end_us });
  }
  return days;
}

function secondStart(time_us: number): number {
  return Math.floor(time_us / US_PER_SEC) * US_PER_SEC;
}
