/**
 * The point-in-time training set in SQL: `training_<set>(p_symbol, p_from, p_to, p_horizon_s)`, the warm
 * vectors of a set, the label of each, and since when each row could have been known.
 *
 * Labels are joined by the exchange's time alone. `known_at` is the local clock: the latest moment at which
 * any trade or quote was received that the row rests on, in its look-back, carried into it, or in its label. A row
 * whose data was fetched later carries that later time, so `known_at <= …` takes out what a model of that
 * day could not have seen. It errs to the late side: the look-back is taken at its longest.
 */

import { warmUpMaxSeconds } from "../algebra/look_back.ts";
import type { FeatureSet } from "../sets/feature_set.ts";
import { commaed } from "./text/lines.ts";

/** Horizon of the label where the caller gives none (s). */
const HORIZON_S = 10;

export const trainingFunctionName = (set: FeatureSet): string => `training_${set.name}`;

/** The function's definition, one statement without a semicolon. Calls the set's feature function. */
export function compileTrainingFunction(set: FeatureSet): string {
  const reach_s = warmUpMaxSeconds(set.look_back);
  const columns = commaed([...set.names.map((name) => `${name} double precision`), ...LABEL_COLUMNS], "  ");
  const values = set.names.map((name) => `f.${name}`);
  return `-- Which vectors of feature set ${set.name} may a model learn from, and what came of each p_horizon_s later?
-- Generated from src/features: change it there. Set hash ${set.hash}.
create or replace function training_${set.name}(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_horizon_s integer default ${HORIZON_S}
)
returns table (
  symbol text,
  ts timestamptz,
${columns.join("\n")}
)
language plpgsql
stable
parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
set work_mem = '64MB'
as $function$
#variable_conflict use_column
declare
${declarations(reach_s)}
begin
  return query
  with
${tables(reach_s, set.sources.includes("book"))}
  select
    f.symbol,
    f.ts,
${commaed([...values, "l.mid_sum_e8", "l.close_e8", "l.label_mid", "l.label_last", "l.known_at"], "    ").join("\n")}
  from features_${set.name}(p_symbol, p_from, p_to) f
  join labels l
    on l.t = us_of(f.ts) / 1000000
  where f.warm
  order by f.ts;
end
$function$`;
}

/** mid_sum_e8 and close_e8: bid + ask, and the last trade's price, as of ts: what label_mid and label_last start from. */
const LABEL_COLUMNS = [
  "mid_sum_e8 bigint",
  "close_e8 bigint",
  "label_mid double precision",
  "label_last double precision",
  "known_at timestamptz",
];

const declarations = (reach_s: number): string => `\
  -- t counts seconds since 1970: the instants asked for, and what their look-backs and labels reach.
  first_t bigint := ceil(extract(epoch from p_from));
  end_t bigint := ceil(extract(epoch from p_to));
  start_t bigint := first_t - ${reach_s - 1};
  from_sec timestamptz := to_timestamp(start_t - 1);
  to_sec timestamptz := to_timestamp(end_t + p_horizon_s - 1);
  trade_places bar_places := bar_places_of('trade_bars_1s', 'trades', p_symbol);
  quote_places bar_places := bar_places_of('quote_bars_1s', 'quotes', p_symbol);
  -- A quote, or a trade, at or after t + p_horizon_s says that nothing before it is missing.
  newest record := row_ends(p_symbol, 'infinity', 'infinity', trade_places, quote_places);
  newest_quote_t bigint := newest.quotes_before;
  newest_trade_t bigint := newest.trades_before[1];
  ends record := row_ends(p_symbol, from_sec, to_sec, trade_places, quote_places);
  last_trade_before bigint[] := last_trade_before(p_symbol, from_sec, trade_places);
  last_quote_before bigint[] := last_quote_before(p_symbol, from_sec, quote_places);
  -- No quote from before a break is current after it.
  marker_before_us bigint := us_of((
    select max(ts)
    from disconnects
    where symbol = p_symbol
      and ts < from_sec
      and stream in ('all', 'quote')
  ));`;

const BOOK_JOIN = `
    left join book_1s o
      on o.symbol = p_symbol
      and o.sec = to_timestamp(t - 1)
      and o.sec >= from_sec
      and o.sec < to_sec`;

/** The received times of reach_s seconds are a window's maximum, in two runs over blocks of that length. */
const tables = (reach_s: number, reads_book: boolean): string => `\
  breaks as materialized (
    select
      greatest(ts_us / 1000000 + 1, start_t) as t,
      max(ts_us) filter (where quotes) as marker_us,
      max(until_us) filter (where trades) as hole_us
    from breaks_of(p_symbol, from_sec, to_sec, trade_places, quote_places,
      ends.trades_before, ends.trades_after, ends.quotes_before, ends.quotes_after)
    group by 1
  ),
  heard as (
    select
      t,
      greatest(b.received_at, q.received_at${reads_book ? ", o.received_at" : ""}) as received_at,
      greatest(max(case when b.sec is not null then array[b.epoch, b.last_trade_id, b.close_e8, b.last_trade_ts_us, us_of(b.received_at)] end) over so_far, last_trade_before) as last_trade,
      greatest(max(case when q.sec is not null then array[q.epoch, q.update_id, q.ts_us, q.bid_price_e8, q.bid_qty_e8, q.ask_price_e8, q.ask_qty_e8, us_of(q.received_at)] end) over so_far, last_quote_before) as last_quote,
      greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us,
      max(d.hole_us) over so_far as hole_us
    from generate_series(start_t, end_t + p_horizon_s - 1) as seconds(t)
    left join breaks d using (t)
    left join trade_bars_of(p_symbol, from_sec, to_sec, trade_places.elsewhere, trade_places.dropped, trade_places.raw) b
      on b.sec = to_timestamp(t - 1)
      and b.n > 0
    left join quote_bars_of(p_symbol, from_sec, to_sec, quote_places.elsewhere, quote_places.dropped, quote_places.raw) q
      on q.sec = to_timestamp(t - 1)
      and q.n_quotes > 0${reads_book ? BOOK_JOIN : ""}
    window so_far as (order by t rows unbounded preceding)
  ),
  blocks as (
    select
      t,
      last_trade[3] as close_e8,
      case when last_quote[3] > coalesce(marker_us, -1) then last_quote[4] + last_quote[6] end as mid_sum_e8,
      marker_us,
      hole_us,
      at_us(greatest(last_trade[5], last_quote[8])) as carried_at,
      received_at,
      max(received_at) over (partition by t / ${reach_s} order by t rows unbounded preceding) as block_until_at,
      max(received_at) over (partition by t / ${reach_s} order by t desc rows unbounded preceding) as block_from_at
    from heard
  ),
  ends as (
    select
      t,
      close_e8,
      mid_sum_e8,
      lead(close_e8, p_horizon_s) over seconds as close_then_e8,
      lead(mid_sum_e8, p_horizon_s) over seconds as mid_sum_then_e8,
      coalesce(lead(marker_us, p_horizon_s) over seconds >= t * 1000000, false) as quotes_broken,
      coalesce(lead(hole_us, p_horizon_s) over seconds >= t * 1000000, false) as trades_broken,
      greatest(carried_at, block_until_at, lag(block_from_at, ${reach_s - 1}) over seconds) as vector_known_at,
      max(received_at) over (order by t rows between 1 following and p_horizon_s following) as label_received_at
    from blocks
    window seconds as (order by t)
  ),
  labels as (
    select
      t,
      mid_sum_e8,
      close_e8,
      case when t + p_horizon_s <= newest_quote_t and not quotes_broken then lnr(mid_sum_then_e8, mid_sum_e8) end as label_mid,
      case when t + p_horizon_s <= newest_trade_t and not trades_broken then lnr(close_then_e8, close_e8) end as label_last,
      greatest(vector_known_at, label_received_at) as known_at
    from ends
    where t >= first_t
      and t < end_t
  )`;
