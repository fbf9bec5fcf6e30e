/**
 * Predictions whose horizon is over and that have no outcome yet, with what is stored of their end. The rule
 * is the one of every label: its price at either end, and all that happened between, in one known stretch; else null.
 */

import type { Sql } from "postgres";
import { type Micros, modelVersion, startOf, unixSec } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import type { Role } from "../../model/role.ts";
import { type Outcome, VENUE } from "../../predict/prediction.ts";
import { outcomeOf } from "../../predict/realized.ts";
import type { ForecastSource } from "../../predict/source.ts";
import { asked } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";
import { textFromMicros } from "../sql/time_text.ts";

export interface OutcomeSpan {
  readonly symbol: string;
  /** Predictions with from_us ≤ ts < to_us. */
  readonly from_us: Micros;
  readonly to_us: Micros;
}

/** Only what the live path believed and had in time. */
const BELIEVED = "not q.late and q.set_aside is null";

/** What became of one label's price: the last of a stream by id. Ids may run against time a little, hence the minute. */
const priceOf = (table: "quotes" | "trades", price: string, id: string, breaks: string): string => `
  left join lateral (
    select
      (
        select max(d.ts)
        from disconnects d
        where d.symbol = p.symbol
          and d.ts < p.due
          and ${breaks}
      ) as break_at,
      (
        select q.ts
        from ${table} q
        where q.symbol = p.symbol
          and q.ts < p.ts
          and ${BELIEVED}
        order by q.ts desc
        limit 1
      ) as known_at,
      (
        select ${price}
        from ${table} q
        where q.symbol = p.symbol
          and q.ts >= p.ts - interval '1 minute'
          and q.ts < p.due
          and ${BELIEVED}
        order by q.epoch desc, ${id} desc
        limit 1
      ) as end_price
  ) ${table}_price on true`;

/**
 * By label: `break` is the last break in its stream before the end of the horizon (µs), `known` the newest quote or
 * trade before the prediction, `end` its price at the end.
 */
const OPEN = `
  with open as (
    select p.*, p.ts + make_interval(secs => p.horizon_s) as due
    from predictions p
    where p.venue = $1
      and p.symbol = $2
      and p.ts >= $3
      and p.ts < $4
      and p.ts + make_interval(secs => p.horizon_s) < $5
      and not exists (
        select
        from outcomes o
        where o.venue = p.venue
          and o.symbol = p.symbol
          and o.ts = p.ts
          and o.model_version = p.model_version
          and o.horizon_s = p.horizon_s
      )
    order by p.ts
    limit $6
  )
  select
    us_of(p.ts) / 1000000 as ts_sec,
    p.model_version,
    p.role,
    coalesce(p.served, p.role = 'champion') as served,
    p.horizon_s,
    p.mid_sum_e8,
    p.close_e8,
    p.label,
    p.yhat_log_return,
    p.lower_log_return,
    p.upper_log_return,
    p.source,
    us_of(quotes_price.break_at) as mid_break_us,
    us_of(quotes_price.known_at) as mid_known_us,
    quotes_price.end_price as mid_end,
    us_of(trades_price.break_at) as last_break_us,
    us_of(trades_price.known_at) as last_known_us,
    trades_price.end_price as last_end
  from open p
  ${priceOf("quotes", "q.bid_price_e8 + q.ask_price_e8", "q.update_id", "d.stream in ('all', 'quote')")}
  ${priceOf("trades", "q.price_e8", "q.trade_id", "d.stream in ('all', 'trade') and d.filled_at is null")}
  order by p.ts`;

interface OpenRow {
  readonly ts_sec: string;
  readonly model_version: string;
  readonly role: Role;
  readonly served: boolean;
  readonly horizon_s: number;
  readonly label: Label;
  readonly yhat_log_return: number;
  readonly lower_log_return: number | null;
  readonly upper_log_return: number | null;
  readonly source: ForecastSource;
  readonly mid_sum_e8: string | null;
  readonly close_e8: string | null;
  readonly mid_break_us: string | null;
  readonly mid_known_us: string | null;
  readonly mid_end: string | null;
  readonly last_break_us: string | null;
  readonly last_known_us: string | null;
  readonly last_end: string | null;
}

/**
 * The outcomes of at most `limit` open predictions of the span, the oldest ones. Those whose horizon ends at
 * or after `final_us` are left open.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function openOutcomes(
  sql: Sql,
  { symbol, from_us, to_us }: OutcomeSpan,
  { final_us, limit }: { readonly final_us: Micros; readonly limit: number },
): Promise<Outcome[]> {
  const parameters = [VENUE, symbol, ...[from_us, to_us, final_us].map(textFromMicros), String(limit)];
  const rows = await asked(sql.unsafe<OpenRow[]>(OPEN, parameters));
  return rows.map((row) => {
    const prediction = {
      ...{
        venue: VENUE,
        symbol,
        role: row.role,
        served: row.served,
        horizon_s: row.horizon_s,
        label: row.label,
        yhat_log_return: row.yhat_log_return,
        lower_log_return: row.lower_log_return,
        upper_log_return: row.upper_log_return,
        source: row.source,
      },
      ts_sec: unixSec(Number(row.ts_sec)),
      model_version: modelVersion(row.model_version),
      mid_sum_e8: row.mid_sum_e8 === null ? null : exactNumber(row.mid_sum_e8),
      close_e8: row.close_e8 === null ? null : exactNumber(row.close_e8),
    };
    const ts_us = startOf(prediction.ts_sec);
    const [mid, last] = [
      { break_us: row.mid_break_us, known_us: row.mid_known_us, end: row.mid_end },
      { break_us: row.last_break_us, known_us: row.last_known_us, end: row.last_end },
    ];
    return outcomeOf(prediction, {
      mid_sum_e8: endOf(mid, ts_us, prediction.mid_sum_e8),
      close_e8: endOf(last, ts_us, prediction.close_e8),
    });
  });
}

interface Ended {
  readonly break_us: string | null;
  readonly known_us: string | null;
  readonly end: string | null;
}

/**
 * The price at the end, undefined where a break is inside the horizon, or between the last quote or trade and
 * the prediction: then its own price was not known. Without one in the horizon the price did not change.
 */
function endOf({ break_us, known_us, end }: Ended, ts_us: Micros, price: number | null): number | undefined {
  if (known_us === null || price === null) return undefined;
  const whole = break_us === null || (Number(break_us) < ts_us && Number(known_us) > Number(break_us));
  if (!whole) return undefined;
  return end === null ? price : exactNumber(end);
}
