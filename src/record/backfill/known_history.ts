/**
 * What the database holds of a stretch of history, by trade ids, which are consecutive: which are missing,
 * which days are whole. This, and not a note of what was once asked for, is where a backfill goes on.
 */

import type { Sql } from "postgres";
import { type TradeId, tradeId, US_PER_SEC } from "../../base/units.ts";
import type { HistoryKind } from "../../binance/trade_run.ts";
import type { Database } from "../database.ts";
import { asked } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";

/** Both included. */
export interface IdRange {
  readonly from: TradeId;
  readonly to: TradeId;
}

/** Ids that are missing, and the times of the trades around them; undefined where there is none. */
export interface MissingIds extends IdRange {
  readonly before_us: number | undefined;
  readonly after_us: number | undefined;
}

/** From ≤ ts < to (µs). */
export interface Stretch {
  readonly symbol: string;
  readonly from_us: number;
  readonly to_us: number;
}

/** Trades next to a stretch may be a little outside of it: ids run against time now and then. */
const SLACK_US = US_PER_SEC;

/** With "trades" an aggregate's ids count as missing: single trades are to take its place. */
const rowsFor = (kind: HistoryKind): string => (kind === "trades" ? "and first_trade_id is null" : "");
/** More than one taker order ever filled: how far above an id the aggregate that holds it is looked for. */
const AGGREGATE_TRADES_MAX = 100_000;

export class KnownHistory {
  readonly #sql: Sql;

  constructor(database: Pick<Database, "sql">) {
    this.#sql = database.sql;
  }

  /**
   * Missing ids of `within`, ascending, at most `limit` ranges. Only rows near `stretch` are looked at, and where trades
   * are not kept, their bars, second by second: of a second that lacks some the rest is not asked for.
   */
  async missing(
    { symbol, from_us, to_us }: Stretch,
    within: IdRange,
    kind: HistoryKind,
    limit: number,
  ): Promise<MissingIds[]> {
    const text = `
      with known as (
        select coalesce(first_trade_id, trade_id) as first_id, trade_id as last_id, ts
        from trades
        where symbol = $1 and ts >= at_us($2) and ts < at_us($3) and trade_id between $4 and $5
          and set_aside is null ${rowsFor(kind)}
        union all
        select first_id, last_id, sec
        from trade_bars_1s_kept
        where symbol = $1 and sec >= at_us($2) and sec < at_us($3) and last_id >= $4 and first_id <= $5
          and first_epoch = last_epoch
      ),
      between_known as (
        select
          coalesce(max(last_id) over before_it, $4::bigint - 1) + 1 as from_id,
          first_id - 1 as to_id,
          lag(ts) over by_id as before_ts,
          ts as after_ts
        from known
        window
          by_id as (order by first_id),
          before_it as (order by first_id rows between unbounded preceding and 1 preceding)
      )
      select from_id, to_id, us_of(before_ts) as before_us, us_of(after_ts) as after_us
      from between_known
      where from_id <= to_id
      union all
      select *
      from (
        select coalesce(max(last_id) + 1, $4::bigint) as from_id, $5::bigint, us_of(max(ts)), null::bigint
        from known
      ) as behind
      where from_id <= $5
      order by from_id
      limit $6`;
    const parameters = [symbol, from_us - SLACK_US, to_us + SLACK_US, within.from, within.to, limit];
    const rows = await this.#asked<Record<"from_id" | "to_id" | "before_us" | "after_us", string | null>>(
      text,
      parameters,
    );
    return rows.map((row) => ({
      from: tradeId(exactNumber(row.from_id!)),
      to: tradeId(exactNumber(row.to_id!)),
      before_us: row.before_us === null ? undefined : exactNumber(row.before_us),
      after_us: row.after_us === null ? undefined : exactNumber(row.after_us),
    }));
  }

  /** Lowest and highest id of the stretch; undefined where nothing is known of it. */
  async extent({ symbol, from_us, to_us }: Stretch): Promise<IdRange | undefined> {
    const text = `
      select min(first_id) as from_id, max(last_id) as to_id
      from (
        select min(coalesce(first_trade_id, trade_id)) as first_id, max(trade_id) as last_id
        from trades
        where symbol = $1 and ts >= at_us($2) and ts < at_us($3) and set_aside is null
        union all
        select min(first_id), max(last_id)
        from trade_bars_1s_kept
        where symbol = $1 and sec >= at_us($2) and sec < at_us($3) and n > 0
      ) as ends`;
    const [row] = await this.#asked<{ from_id: string | null; to_id: string | null }>(text, [
      symbol,
      from_us,
      to_us,
    ]);
    if (row?.from_id == null || row.to_id == null) return undefined;
    return { from: tradeId(exactNumber(row.from_id)), to: tradeId(exactNumber(row.to_id)) };
  }

  /**
   * Whether every trade of a day is known: it was loaded whole from the archive and is still there, or its ids
   * leave no gap and join those of the days around it.
   */
  async isWholeDay(day: Stretch, date: string, kind: HistoryKind): Promise<boolean> {
    return (await this.#loaded(day, date, kind)) || (await this.#joined(day, kind));
  }

  /**
   * Whether trades of the day are not kept, and the bars know every one: as many as when the day
   * was loaded whole from the archive, or no id is missing in it or on its edges.
   */
  async isKeptWhole({ symbol, from_us, to_us }: Stretch, date: string): Promise<boolean> {
    const text = `
      select exists (
        select
        from raw_drops
        where symbol = $1 and source = 'trades' and from_ts < at_us($3) and to_ts > at_us($2)
      ) and (
        select
          exists (
            select
            from archive_days
            where symbol = $1
              and day = $4
              and n <= (
                select sum(n_ids)
                from trade_bars_of($1, at_us($2), at_us($3), places.elsewhere, places.dropped, places.raw)
              )
          )
          or ends.trades_before is not null
            and ends.trades_after is not null
            and not exists (select from trade_holes($1, at_us($2), at_us($3), places))
        from bar_places_of('trade_bars_1s', 'trades', $1) as places
        cross join lateral row_ends($1, at_us($2), at_us($3), places, places) as ends
      ) as kept`;
    return (await this.#asked<{ kept: boolean }>(text, [symbol, from_us, to_us, date]))[0]!.kept;
  }

  async #loaded({ symbol, from_us, to_us }: Stretch, date: string, kind: HistoryKind): Promise<boolean> {
    const text = `
      select exists (
        select
        from archive_days d
        where d.symbol = $1
          and d.day = $2
          and ($3 = 'aggTrades' or d.kind = 'trades')
          and (
            d.n = 0
            or 2 = (
              select count(distinct end_id)
              from (values (1, d.first_trade_id), (2, d.last_trade_id)) as ends(end_id, trade_id)
              join trades t
                on t.symbol = d.symbol
                and t.trade_id between ends.trade_id and ends.trade_id + ${AGGREGATE_TRADES_MAX}
                and coalesce(t.first_trade_id, t.trade_id) <= ends.trade_id
                and t.ts >= at_us($4)
                and t.ts < at_us($5)
                and t.set_aside is null
            )
          )
      ) as loaded`;
    return (await this.#asked<{ loaded: boolean }>(text, [symbol, date, kind, from_us, to_us]))[0]!.loaded;
  }

  async #joined({ symbol, from_us, to_us }: Stretch, kind: HistoryKind): Promise<boolean> {
    const text = `
      with day as (
        select
          min(coalesce(first_trade_id, trade_id)) as first_id,
          max(trade_id) as last_id,
          sum(trade_id - coalesce(first_trade_id, trade_id) + 1) as n
        from trades
        where symbol = $1 and ts >= at_us($2) and ts < at_us($3) and set_aside is null ${rowsFor(kind)}
      )
      select n = last_id - first_id + 1
        and exists (
          select
          from trades
          where symbol = $1 and set_aside is null and trade_id = first_id - 1 and ts >= at_us($4) and ts < at_us($3)
        )
        and exists (
          select
          from trades
          where symbol = $1 and set_aside is null and coalesce(first_trade_id, trade_id) = last_id + 1
            and trade_id between last_id + 1 and last_id + ${AGGREGATE_TRADES_MAX} and ts >= at_us($2) and ts < at_us($5)
        ) as joined
      from day`;
    const hour_us = 3_600 * US_PER_SEC;
    const parameters = [symbol, from_us, to_us, from_us - hour_us, to_us + hour_us];
    return (await this.#asked<{ joined: boolean | null }>(text, parameters))[0]!.joined === true;
  }

  async #asked<T extends object>(text: string, parameters: readonly (string | number)[]): Promise<T[]> {
    return await asked(this.#sql.unsafe<T[]>(text, parameters.map(String)));
  }
}
