-- What is feature set trades of a symbol, as of each instant from p_from to before p_to?
-- Generated from src/features: change it there. Set hash ec991dbdada478e416329a84736da6f5a7f57ffb05f814672d8106c2421ce754.
create or replace function features_trades(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz
)
returns table (
  symbol text,
  ts timestamptz,
  warm boolean,
  ret_1s double precision,
  ret_2s double precision,
  ret_5s double precision,
  vwap_5s_dev double precision,
  n_trades_1s double precision,
  n_trades_5s double precision,
  buy_vol_1s double precision,
  sell_vol_1s double precision,
  tvi_1s double precision,
  buy_vol_5s double precision,
  sell_vol_5s double precision,
  tvi_5s double precision,
  avg_trade_size_1s double precision,
  vol_ret_10s double precision,
  burst_1s double precision,
  large_trade_flag_5s double precision,
  time_since_last_trade_ms double precision,
  last_price_minus_1s double precision,
  last_price_minus_5s double precision,
  flow_1s double precision,
  flow_5s double precision,
  flow_10s double precision,
  flow_30s double precision,
  flow_60s double precision,
  tvi_10s double precision,
  tvi_60s double precision,
  realised_vol_10s double precision,
  realised_vol_60s double precision,
  realised_vol_300s double precision,
  size_tail_60s double precision,
  time_since_large_trade_s double precision,
  side_run_s double precision,
  hour_sin double precision,
  hour_cos double precision,
  is_us_hours double precision,
  is_asia_hours double precision
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
  -- t counts seconds since 1970: the instants asked for, and the first one read for them.
  first_t bigint := ceil(extract(epoch from p_from));
  end_t bigint := ceil(extract(epoch from p_to));
  start_t bigint := first_t - 300;
  -- An instant's bar is that of the second before it.
  from_sec timestamptz := to_timestamp(start_t - 1);
  to_sec timestamptz := to_timestamp(end_t - 1);
  -- From here on breaks count: the first instant's look-back, and what it reads.
  known_from timestamptz := to_timestamp(least(least(first_t - 301, ((first_t - 299) / 300 - 1) * 300), start_t - 1));
  trade_places bar_places := bar_places_of('trade_bars_1s', 'trades', p_symbol);
  quote_places bar_places := bar_places_of('quote_bars_1s', 'quotes', p_symbol);
  block_places bar_places := bar_places_of('trade_blocks_5m', 'trades', p_symbol);
  ends record := row_ends(p_symbol, known_from, to_sec, trade_places, quote_places);
  -- Data begins somewhere inside the first second that has any, and is whole from the next one on.
  first_sec bigint := coalesce(
    least(ends.trades_before[1], ends.quotes_before),
    first_row_sec(p_symbol, trade_places, quote_places)
  );
  -- Data is known as of t if an event at or after t bears it out.
  last_sec bigint := coalesce(
    greatest(ends.trades_after[1], ends.quotes_after),
    last_row_sec(p_symbol, trade_places, quote_places)
  );
  last_trade_before bigint[] := last_trade_before(p_symbol, from_sec, trade_places);
  -- No quote from before a break is current after it.
  marker_before_us bigint := coalesce(
    (
      select us_of(max(ts))
      from disconnects
      where symbol = p_symbol
        and ts < from_sec
        and stream in ('all', 'quote')
    ),
    -1
  );
begin
  return query
  with
  breaks as materialized (
    select
      greatest(ts_us / 1000000 + 1, start_t) as t,
      max(ts_us) filter (where quotes) as marker_us,
      max(until_us) filter (where trades) as hole_us
    from breaks_of(p_symbol, known_from, to_sec, trade_places, quote_places,
      ends.trades_before, ends.trades_after, ends.quotes_before, ends.quotes_after)
    group by 1
  ),
  heard as (
    select
      t,
      coalesce(b.n, 0) as n,
      coalesce(b.buy_qty_e8, 0) as buy_qty_e8,
      coalesce(b.sell_qty_e8, 0) as sell_qty_e8,
      coalesce(b.notional_e16, 0) as notional_e16,
      coalesce(b.qty_max_e8, 0) as qty_max_e8,
      case when qty_q95_100_300s_e8_block.n <= 4000000 then qty_q95_100_300s_e8_block.qty_p95_e8 end as qty_q95_100_300s_e8,
      greatest(max(case when b.sec is not null then array[b.epoch, b.last_trade_id, b.close_e8, b.last_trade_ts_us] end) over so_far, last_trade_before) as last_trade,
      greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us,
      coalesce(max(d.hole_us) over so_far, -1) as hole_us
    from generate_series(start_t, end_t - 1) as seconds(t)
    left join breaks d using (t)
    left join trade_bars_of(p_symbol, from_sec, to_sec, trade_places.elsewhere, trade_places.dropped, trade_places.raw) b
      on b.sec = to_timestamp(t - 1)
      and b.n > 0
    left join trade_blocks_of(p_symbol, to_timestamp((start_t / 300 - 1) * 300), to_timestamp(end_t / 300 * 300), block_places.elsewhere, block_places.dropped, block_places.raw) qty_q95_100_300s_e8_block
      on qty_q95_100_300s_e8_block.block = to_timestamp((t / 300 - 1) * 300)
      and qty_q95_100_300s_e8_block.n > 0
    window so_far as (order by t rows unbounded preceding)
  ),
  instants as (
    select
      t,
      (t - start_t + 1)::int as i,
      hole_us,
      last_trade[3] as close_e8,
      n,
      buy_qty_e8,
      sell_qty_e8,
      notional_e16,
      qty_max_e8,
      last_trade[4] as last_trade_ts_us,
      qty_q95_100_300s_e8
    from heard
    order by t
  ),
  series_0 as materialized (
    select
      array_agg(coalesce(qty_max_e8, 0) order by t) as qty_max_e8__x
    from instants
  ),
  stage_1 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      n,
      buy_qty_e8,
      sell_qty_e8,
      qty_q95_100_300s_e8,
      last_trade_ts_us,
      qty_max_e8,
      lag(close_e8, 1) over seconds as close_e8_1s_ago,
      lag(close_e8, 2) over seconds as close_e8_2s_ago,
      lag(close_e8, 5) over seconds as close_e8_5s_ago,
      coalesce(sum(n) over seconds, 0) as n_sum_so_far,
      coalesce(sum(buy_qty_e8) over seconds, 0) as buy_qty_e8_sum_so_far,
      coalesce(sum(sell_qty_e8) over seconds, 0) as sell_qty_e8_sum_so_far,
      coalesce(sum(notional_e16) over seconds, 0) as notional_e16_sum_so_far,
      (select array_agg(n order by t) from instants)[(t - start_t + 1 - 60)::int:(t - start_t + 1 - 1)::int] as n_last_60_1s_ago,
      coalesce(sum(buy_qty_e8 - sell_qty_e8) over seconds, 0) as net_sum_so_far
    from instants
    window
      seconds as (order by t rows unbounded preceding)
  ),
  stage_2 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      close_e8_2s_ago,
      close_e8_5s_ago,
      n,
      buy_qty_e8,
      sell_qty_e8,
      qty_q95_100_300s_e8,
      last_trade_ts_us,
      close_e8_1s_ago,
      n_sum_so_far,
      buy_qty_e8_sum_so_far,
      sell_qty_e8_sum_so_far,
      notional_e16_sum_so_far,
      net_sum_so_far,
      lnr(close_e8, close_e8_1s_ago) as ret_1s,
      ((n_last_60_1s_ago[1] < n)::int
        + (n_last_60_1s_ago[2] < n)::int
        + (n_last_60_1s_ago[3] < n)::int
        + (n_last_60_1s_ago[4] < n)::int
        + (n_last_60_1s_ago[5] < n)::int
        + (n_last_60_1s_ago[6] < n)::int
        + (n_last_60_1s_ago[7] < n)::int
        + (n_last_60_1s_ago[8] < n)::int
        + (n_last_60_1s_ago[9] < n)::int
        + (n_last_60_1s_ago[10] < n)::int
        + (n_last_60_1s_ago[11] < n)::int
        + (n_last_60_1s_ago[12] < n)::int
        + (n_last_60_1s_ago[13] < n)::int
        + (n_last_60_1s_ago[14] < n)::int
        + (n_last_60_1s_ago[15] < n)::int
        + (n_last_60_1s_ago[16] < n)::int
        + (n_last_60_1s_ago[17] < n)::int
        + (n_last_60_1s_ago[18] < n)::int
        + (n_last_60_1s_ago[19] < n)::int
        + (n_last_60_1s_ago[20] < n)::int
        + (n_last_60_1s_ago[21] < n)::int
        + (n_last_60_1s_ago[22] < n)::int
        + (n_last_60_1s_ago[23] < n)::int
        + (n_last_60_1s_ago[24] < n)::int
        + (n_last_60_1s_ago[25] < n)::int
        + (n_last_60_1s_ago[26] < n)::int
        + (n_last_60_1s_ago[27] < n)::int
        + (n_last_60_1s_ago[28] < n)::int
        + (n_last_60_1s_ago[29] < n)::int
        + (n_last_60_1s_ago[30] < n)::int
        + (n_last_60_1s_ago[31] < n)::int
        + (n_last_60_1s_ago[32] < n)::int
        + (n_last_60_1s_ago[33] < n)::int
        + (n_last_60_1s_ago[34] < n)::int
        + (n_last_60_1s_ago[35] < n)::int
        + (n_last_60_1s_ago[36] < n)::int
        + (n_last_60_1s_ago[37] < n)::int
        + (n_last_60_1s_ago[38] < n)::int
        + (n_last_60_1s_ago[39] < n)::int
        + (n_last_60_1s_ago[40] < n)::int
        + (n_last_60_1s_ago[41] < n)::int
        + (n_last_60_1s_ago[42] < n)::int
        + (n_last_60_1s_ago[43] < n)::int
        + (n_last_60_1s_ago[44] < n)::int
        + (n_last_60_1s_ago[45] < n)::int
        + (n_last_60_1s_ago[46] < n)::int
        + (n_last_60_1s_ago[47] < n)::int
        + (n_last_60_1s_ago[48] < n)::int
        + (n_last_60_1s_ago[49] < n)::int
        + (n_last_60_1s_ago[50] < n)::int
        + (n_last_60_1s_ago[51] < n)::int
        + (n_last_60_1s_ago[52] < n)::int
        + (n_last_60_1s_ago[53] < n)::int
        + (n_last_60_1s_ago[54] < n)::int
        + (n_last_60_1s_ago[55] < n)::int
        + (n_last_60_1s_ago[56] < n)::int
        + (n_last_60_1s_ago[57] < n)::int
        + (n_last_60_1s_ago[58] < n)::int
        + (n_last_60_1s_ago[59] < n)::int
        + (n_last_60_1s_ago[60] < n)::int) >= 30 as burst_1s_part,
      case when t >= first_t then greatest(qty_max_e8__x[i], qty_max_e8__x[i - 1], qty_max_e8__x[i - 2], qty_max_e8__x[i - 3], qty_max_e8__x[i - 4]) end as qty_max_e8_max_5s,
      (close_e8 - close_e8_1s_ago)::numeric * (close_e8 - close_e8_1s_ago) as change_squared,
      case when t >= first_t - 52 then greatest(qty_max_e8__x[i], qty_max_e8__x[i - 1], qty_max_e8__x[i - 2], qty_max_e8__x[i - 3], qty_max_e8__x[i - 4], qty_max_e8__x[i - 5], qty_max_e8__x[i - 6], qty_max_e8__x[i - 7]) end as qty_max_e8_max_8x1,
      coalesce(case (qty_max_e8 >= qty_q95_100_300s_e8) when true then (t * 1000000) when false then 0::bigint end, 0::bigint) as time_since_large_trade_s_part,
      coalesce(case when (buy_qty_e8 - sell_qty_e8) > 0 then (t * 1000000) else 0::bigint end, 0::bigint) as side_run_s_part,
      coalesce(case when (buy_qty_e8 - sell_qty_e8) < 0 then (t * 1000000) else 0::bigint end, 0::bigint) as side_run_s_part_3
    from stage_1
    cross join (
      select
        (select qty_max_e8__x from series_0) as qty_max_e8__x
      offset 0
    ) as series
    where t >= first_t - 300
    order by t
  ),
  series_2 as materialized (
    select
      array_agg(coalesce(ret_1s, 'NaN') order by t) as ret_1s__f,
      array_agg(coalesce(qty_max_e8_max_8x1, 9223372036854775807) order by t) as qty_max_e8_max_8x1__max,
      array_agg(coalesce(time_since_large_trade_s_part, 0) order by t) as time_since_large_trade_s_part__x,
      array_agg(coalesce(side_run_s_part, 0) order by t) as side_run_s_part__x,
      array_agg(coalesce(side_run_s_part_3, 0) order by t) as side_run_s_part_3__x
    from stage_2
  ),
  stage_3 as (
    select
      t,
      i,
      hole_us,
      ret_1s,
      close_e8,
      close_e8_2s_ago,
      close_e8_5s_ago,
      n,
      buy_qty_e8,
      sell_qty_e8,
      burst_1s_part,
      qty_max_e8_max_5s,
      qty_q95_100_300s_e8,
      last_trade_ts_us,
      close_e8_1s_ago,
      (n_sum_so_far - lag(n_sum_so_far, 5, 0) over seconds)::bigint as n_sum_5s,
      buy_qty_e8_sum_so_far - lag(buy_qty_e8_sum_so_far, 5, 0) over seconds as buy_qty_e8_sum_5s,
      sell_qty_e8_sum_so_far - lag(sell_qty_e8_sum_so_far, 5, 0) over seconds as sell_qty_e8_sum_5s,
      notional_e16_sum_so_far - lag(notional_e16_sum_so_far, 5, 0) over seconds as notional_e16_sum_5s,
      net_sum_so_far - lag(net_sum_so_far, 1, 0) over seconds as net_sum_1s,
      net_sum_so_far - lag(net_sum_so_far, 5, 0) over seconds as net_sum_5s,
      net_sum_so_far - lag(net_sum_so_far, 10, 0) over seconds as net_sum_10s,
      net_sum_so_far - lag(net_sum_so_far, 30, 0) over seconds as net_sum_30s,
      net_sum_so_far - lag(net_sum_so_far, 60, 0) over seconds as net_sum_60s,
      buy_qty_e8_sum_so_far - lag(buy_qty_e8_sum_so_far, 10, 0) over seconds as buy_qty_e8_sum_10s,
      sell_qty_e8_sum_so_far - lag(sell_qty_e8_sum_so_far, 10, 0) over seconds as sell_qty_e8_sum_10s,
      buy_qty_e8_sum_so_far - lag(buy_qty_e8_sum_so_far, 60, 0) over seconds as buy_qty_e8_sum_60s,
      sell_qty_e8_sum_so_far - lag(sell_qty_e8_sum_so_far, 60, 0) over seconds as sell_qty_e8_sum_60s,
      coalesce(sum(change_squared) over seconds, 0) as change_squared_sum_so_far,
      count(change_squared) over seconds as change_squared_count_so_far
    from stage_2
    window
      seconds as (order by t rows unbounded preceding)
  ),
  stage_4 as (
    select
      t,
      i,
      hole_us,
      ret_1s,
      close_e8,
      close_e8_2s_ago,
      close_e8_5s_ago,
      n_sum_5s,
      buy_qty_e8_sum_5s,
      sell_qty_e8_sum_5s,
      notional_e16_sum_5s,
      n,
      buy_qty_e8,
      sell_qty_e8,
      burst_1s_part,
      qty_max_e8_max_5s,
      qty_q95_100_300s_e8,
      last_trade_ts_us,
      close_e8_1s_ago,
      net_sum_1s,
      net_sum_5s,
      net_sum_10s,
      net_sum_30s,
      net_sum_60s,
      buy_qty_e8_sum_10s,
      sell_qty_e8_sum_10s,
      buy_qty_e8_sum_60s,
      sell_qty_e8_sum_60s,
      change_squared_count_so_far,
      change_squared_sum_so_far,
      case when t >= first_t then (ret_1s__f[i - 9]
        + ret_1s__f[i - 8]
        + ret_1s__f[i - 7]
        + ret_1s__f[i - 6]
        + ret_1s__f[i - 5]
        + ret_1s__f[i - 4]
        + ret_1s__f[i - 3]
        + ret_1s__f[i - 2]
        + ret_1s__f[i - 1]
        + ret_1s__f[i]) / 10::float8 end as vol_ret_10s_mean,
      case when t >= first_t then greatest(qty_max_e8_max_8x1__max[i], qty_max_e8_max_8x1__max[i - 8], qty_max_e8_max_8x1__max[i - 16], qty_max_e8_max_8x1__max[i - 24], qty_max_e8_max_8x1__max[i - 32], qty_max_e8_max_8x1__max[i - 40], qty_max_e8_max_8x1__max[i - 48], qty_max_e8_max_8x1__max[i - 52]) end as qty_max_e8_max_60s,
      case when t >= first_t - 282 then greatest(time_since_large_trade_s_part__x[i], time_since_large_trade_s_part__x[i - 1], time_since_large_trade_s_part__x[i - 2], time_since_large_trade_s_part__x[i - 3], time_since_large_trade_s_part__x[i - 4], time_since_large_trade_s_part__x[i - 5], time_since_large_trade_s_part__x[i - 6], time_since_large_trade_s_part__x[i - 7], time_since_large_trade_s_part__x[i - 8], time_since_large_trade_s_part__x[i - 9], time_since_large_trade_s_part__x[i - 10], time_since_large_trade_s_part__x[i - 11], time_since_large_trade_s_part__x[i - 12], time_since_large_trade_s_part__x[i - 13], time_since_large_trade_s_part__x[i - 14], time_since_large_trade_s_part__x[i - 15], time_since_large_trade_s_part__x[i - 16], time_since_large_trade_s_part__x[i - 17]) end as time_since_large_trade_s_part_max_18x1,
      case when t >= first_t - 52 then greatest(side_run_s_part__x[i], side_run_s_part__x[i - 1], side_run_s_part__x[i - 2], side_run_s_part__x[i - 3], side_run_s_part__x[i - 4], side_run_s_part__x[i - 5], side_run_s_part__x[i - 6], side_run_s_part__x[i - 7]) end as side_run_s_part_max_8x1,
      case when t >= first_t - 52 then greatest(side_run_s_part_3__x[i], side_run_s_part_3__x[i - 1], side_run_s_part_3__x[i - 2], side_run_s_part_3__x[i - 3], side_run_s_part_3__x[i - 4], side_run_s_part_3__x[i - 5], side_run_s_part_3__x[i - 6], side_run_s_part_3__x[i - 7]) end as side_run_s_part_max_8x1_2
    from stage_3
    cross join (
      select
        (select ret_1s__f from series_2) as ret_1s__f,
        (select qty_max_e8_max_8x1__max from series_2) as qty_max_e8_max_8x1__max,
        (select time_since_large_trade_s_part__x from series_2) as time_since_large_trade_s_part__x,
        (select side_run_s_part__x from series_2) as side_run_s_part__x,
        (select side_run_s_part_3__x from series_2) as side_run_s_part_3__x
      offset 0
    ) as series
    where t >= first_t - 300
    order by t
  ),
  series_4 as materialized (
    select
      array_agg(coalesce(time_since_large_trade_s_part_max_18x1, 9223372036854775807) order by t) as time_since_large_trade_s_part_max_18x1__max,
      array_agg(coalesce(side_run_s_part_max_8x1, 9223372036854775807) order by t) as side_run_s_part_max_8x1__max,
      array_agg(coalesce(side_run_s_part_max_8x1_2, 9223372036854775807) order by t) as side_run_s_part_max_8x1_2__max
    from stage_4
  ),
  stage_5 as (
    select
      t,
      i,
      hole_us,
      ret_1s,
      close_e8,
      close_e8_2s_ago,
      close_e8_5s_ago,
      n_sum_5s,
      buy_qty_e8_sum_5s,
      sell_qty_e8_sum_5s,
      notional_e16_sum_5s,
      n,
      buy_qty_e8,
      sell_qty_e8,
      burst_1s_part,
      qty_max_e8_max_5s,
      qty_q95_100_300s_e8,
      last_trade_ts_us,
      close_e8_1s_ago,
      net_sum_1s,
      net_sum_5s,
      net_sum_10s,
      net_sum_30s,
      net_sum_60s,
      buy_qty_e8_sum_10s,
      sell_qty_e8_sum_10s,
      buy_qty_e8_sum_60s,
      sell_qty_e8_sum_60s,
      qty_max_e8_max_60s,
      vol_ret_10s_mean,
      case when change_squared_count_so_far - lag(change_squared_count_so_far, 10, 0) over seconds = 10 then change_squared_sum_so_far - lag(change_squared_sum_so_far, 10, 0) over seconds end as change_squared_sum_10s,
      case when change_squared_count_so_far - lag(change_squared_count_so_far, 60, 0) over seconds = 60 then change_squared_sum_so_far - lag(change_squared_sum_so_far, 60, 0) over seconds end as change_squared_sum_60s,
      case when change_squared_count_so_far - lag(change_squared_count_so_far, 300, 0) over seconds = 300 then change_squared_sum_so_far - lag(change_squared_sum_so_far, 300, 0) over seconds end as change_squared_sum_300s
    from stage_4
    window
      seconds as (order by t rows unbounded preceding)
  ),
  stage_6 as (
    select
      t,
      i,
      hole_us,
      ret_1s,
      close_e8,
      close_e8_2s_ago,
      close_e8_5s_ago,
      n_sum_5s,
      buy_qty_e8_sum_5s,
      sell_qty_e8_sum_5s,
      notional_e16_sum_5s,
      n,
      buy_qty_e8,
      sell_qty_e8,
      burst_1s_part,
      qty_max_e8_max_5s,
      qty_q95_100_300s_e8,
      last_trade_ts_us,
      close_e8_1s_ago,
      net_sum_1s,
      net_sum_5s,
      net_sum_10s,
      net_sum_30s,
      net_sum_60s,
      buy_qty_e8_sum_10s,
      sell_qty_e8_sum_10s,
      buy_qty_e8_sum_60s,
      sell_qty_e8_sum_60s,
      change_squared_sum_10s,
      change_squared_sum_60s,
      change_squared_sum_300s,
      qty_max_e8_max_60s,
      nullif(sqrt(((ret_1s__f[i - 9] - vol_ret_10s_mean) * (ret_1s__f[i - 9] - vol_ret_10s_mean)
        + (ret_1s__f[i - 8] - vol_ret_10s_mean) * (ret_1s__f[i - 8] - vol_ret_10s_mean)
        + (ret_1s__f[i - 7] - vol_ret_10s_mean) * (ret_1s__f[i - 7] - vol_ret_10s_mean)
        + (ret_1s__f[i - 6] - vol_ret_10s_mean) * (ret_1s__f[i - 6] - vol_ret_10s_mean)
        + (ret_1s__f[i - 5] - vol_ret_10s_mean) * (ret_1s__f[i - 5] - vol_ret_10s_mean)
        + (ret_1s__f[i - 4] - vol_ret_10s_mean) * (ret_1s__f[i - 4] - vol_ret_10s_mean)
        + (ret_1s__f[i - 3] - vol_ret_10s_mean) * (ret_1s__f[i - 3] - vol_ret_10s_mean)
        + (ret_1s__f[i - 2] - vol_ret_10s_mean) * (ret_1s__f[i - 2] - vol_ret_10s_mean)
        + (ret_1s__f[i - 1] - vol_ret_10s_mean) * (ret_1s__f[i - 1] - vol_ret_10s_mean)
        + (ret_1s__f[i] - vol_ret_10s_mean) * (ret_1s__f[i] - vol_ret_10s_mean)) / 9::float8), 'NaN') as vol_ret_10s,
      greatest(time_since_large_trade_s_part_max_18x1__max[i], time_since_large_trade_s_part_max_18x1__max[i - 18], time_since_large_trade_s_part_max_18x1__max[i - 36], time_since_large_trade_s_part_max_18x1__max[i - 54], time_since_large_trade_s_part_max_18x1__max[i - 72], time_since_large_trade_s_part_max_18x1__max[i - 90], time_since_large_trade_s_part_max_18x1__max[i - 108], time_since_large_trade_s_part_max_18x1__max[i - 126], time_since_large_trade_s_part_max_18x1__max[i - 144], time_since_large_trade_s_part_max_18x1__max[i - 162], time_since_large_trade_s_part_max_18x1__max[i - 180], time_since_large_trade_s_part_max_18x1__max[i - 198], time_since_large_trade_s_part_max_18x1__max[i - 216], time_since_large_trade_s_part_max_18x1__max[i - 234], time_since_large_trade_s_part_max_18x1__max[i - 252], time_since_large_trade_s_part_max_18x1__max[i - 270], time_since_large_trade_s_part_max_18x1__max[i - 282]) as time_since_large_trade_s_part_2,
      greatest(side_run_s_part_max_8x1__max[i], side_run_s_part_max_8x1__max[i - 8], side_run_s_part_max_8x1__max[i - 16], side_run_s_part_max_8x1__max[i - 24], side_run_s_part_max_8x1__max[i - 32], side_run_s_part_max_8x1__max[i - 40], side_run_s_part_max_8x1__max[i - 48], side_run_s_part_max_8x1__max[i - 52]) as side_run_s_part_2,
      greatest(side_run_s_part_max_8x1_2__max[i], side_run_s_part_max_8x1_2__max[i - 8], side_run_s_part_max_8x1_2__max[i - 16], side_run_s_part_max_8x1_2__max[i - 24], side_run_s_part_max_8x1_2__max[i - 32], side_run_s_part_max_8x1_2__max[i - 40], side_run_s_part_max_8x1_2__max[i - 48], side_run_s_part_max_8x1_2__max[i - 52]) as side_run_s_part_4
    from stage_5
    cross join (
      select
        (select ret_1s__f from series_2) as ret_1s__f,
        (select time_since_large_trade_s_part_max_18x1__max from series_4) as time_since_large_trade_s_part_max_18x1__max,
        (select side_run_s_part_max_8x1__max from series_4) as side_run_s_part_max_8x1__max,
        (select side_run_s_part_max_8x1_2__max from series_4) as side_run_s_part_max_8x1_2__max
      offset 0
    ) as series
    where t >= first_t
    order by t
  ),
  stage_8 as (
    select
      t,
      i,
      hole_us,
      ret_1s,
      close_e8,
      close_e8_2s_ago,
      close_e8_5s_ago,
      n_sum_5s,
      buy_qty_e8_sum_5s,
      sell_qty_e8_sum_5s,
      notional_e16_sum_5s,
      n,
      buy_qty_e8,
      sell_qty_e8,
      vol_ret_10s,
      burst_1s_part,
      qty_max_e8_max_5s,
      qty_q95_100_300s_e8,
      last_trade_ts_us,
      close_e8_1s_ago,
      net_sum_1s,
      net_sum_5s,
      net_sum_10s,
      net_sum_30s,
      net_sum_60s,
      buy_qty_e8_sum_10s,
      sell_qty_e8_sum_10s,
      buy_qty_e8_sum_60s,
      sell_qty_e8_sum_60s,
      change_squared_sum_10s,
      change_squared_sum_60s,
      change_squared_sum_300s,
      qty_max_e8_max_60s,
      (t * 1000000) - case when time_since_large_trade_s_part_2 > 0 then time_since_large_trade_s_part_2 else ((t * 1000000) - 300000000) end as time_since_large_trade_s_part_3,
      case when side_run_s_part_2 > 0 then side_run_s_part_2 else ((t * 1000000) - 60000000) end - case when side_run_s_part_4 > 0 then side_run_s_part_4 else ((t * 1000000) - 60000000) end as side_run_s_part_5
    from stage_6
    where t >= first_t
    order by t
  )
  select
    p_symbol,
    to_timestamp(t),
    coalesce(first_sec < least(t - 301, ((t - 299) / 300 - 1) * 300) and t <= last_sec and hole_us < (least(t - 301, ((t - 299) / 300 - 1) * 300)) * 1000000, false) as warm,
    ret_1s,
    lnr(close_e8, close_e8_2s_ago) as ret_2s,
    lnr(close_e8, close_e8_5s_ago) as ret_5s,
    case when n_sum_5s = 0 then 0::float8 else (((close_e8 * (buy_qty_e8_sum_5s + sell_qty_e8_sum_5s)) - notional_e16_sum_5s)::float8 / nullif(notional_e16_sum_5s::float8, 0)) end as vwap_5s_dev,
    n::float8 as n_trades_1s,
    n_sum_5s::float8 as n_trades_5s,
    buy_qty_e8::float8 / 1e8::float8 as buy_vol_1s,
    sell_qty_e8::float8 / 1e8::float8 as sell_vol_1s,
    case when (buy_qty_e8 + sell_qty_e8) = 0 then 0::float8 else ((buy_qty_e8 - sell_qty_e8)::float8 / nullif((buy_qty_e8 + sell_qty_e8)::float8, 0)) end as tvi_1s,
    buy_qty_e8_sum_5s::float8 / 1e8::float8 as buy_vol_5s,
    sell_qty_e8_sum_5s::float8 / 1e8::float8 as sell_vol_5s,
    case when (buy_qty_e8_sum_5s + sell_qty_e8_sum_5s) = 0 then 0::float8 else ((buy_qty_e8_sum_5s - sell_qty_e8_sum_5s)::float8 / nullif((buy_qty_e8_sum_5s + sell_qty_e8_sum_5s)::float8, 0)) end as tvi_5s,
    case when n = 0 then 0::float8 else ((buy_qty_e8 + sell_qty_e8)::float8 / nullif((n * 100000000)::float8, 0)) end as avg_trade_size_1s,
    vol_ret_10s,
    case when burst_1s_part then 1::float8 else 0::float8 end as burst_1s,
    case (case when n_sum_5s > 0 then qty_max_e8_max_5s else (-1::bigint) end >= qty_q95_100_300s_e8) when true then 1::float8 when false then 0::float8 end as large_trade_flag_5s,
    (((t * 1000000) - last_trade_ts_us) / 1000 - case when ((t * 1000000) - last_trade_ts_us) % 1000 < 0 then 1 else 0 end)::float8 as time_since_last_trade_ms,
    (close_e8 - close_e8_1s_ago)::float8 / 1e8::float8 as last_price_minus_1s,
    (close_e8 - close_e8_5s_ago)::float8 / 1e8::float8 as last_price_minus_5s,
    net_sum_1s::float8 / 1e8::float8 as flow_1s,
    net_sum_5s::float8 / 1e8::float8 as flow_5s,
    net_sum_10s::float8 / 1e8::float8 as flow_10s,
    net_sum_30s::float8 / 1e8::float8 as flow_30s,
    net_sum_60s::float8 / 1e8::float8 as flow_60s,
    case when (buy_qty_e8_sum_10s + sell_qty_e8_sum_10s) = 0 then 0::float8 else ((buy_qty_e8_sum_10s - sell_qty_e8_sum_10s)::float8 / nullif((buy_qty_e8_sum_10s + sell_qty_e8_sum_10s)::float8, 0)) end as tvi_10s,
    case when (buy_qty_e8_sum_60s + sell_qty_e8_sum_60s) = 0 then 0::float8 else ((buy_qty_e8_sum_60s - sell_qty_e8_sum_60s)::float8 / nullif((buy_qty_e8_sum_60s + sell_qty_e8_sum_60s)::float8, 0)) end as tvi_60s,
    case when change_squared_sum_10s::float8 >= 0 then sqrt(change_squared_sum_10s::float8) end / nullif(close_e8::float8, 0) as realised_vol_10s,
    case when change_squared_sum_60s::float8 >= 0 then sqrt(change_squared_sum_60s::float8) end / nullif(close_e8::float8, 0) as realised_vol_60s,
    case when change_squared_sum_300s::float8 >= 0 then sqrt(change_squared_sum_300s::float8) end / nullif(close_e8::float8, 0) as realised_vol_300s,
    qty_max_e8_max_60s::float8 / nullif(qty_q95_100_300s_e8::float8, 0) as size_tail_60s,
    (time_since_large_trade_s_part_3 / 1000000 - case when time_since_large_trade_s_part_3 % 1000000 < 0 then 1 else 0 end)::float8 as time_since_large_trade_s,
    (side_run_s_part_5 / 1000000 - case when side_run_s_part_5 % 1000000 < 0 then 1 else 0 end)::float8 as side_run_s,
    ('{0,0.25881904510252074,0.5,0.7071067811865476,0.8660254037844386,0.9659258262890683,1,0.9659258262890683,0.8660254037844386,0.7071067811865476,0.5,0.25881904510252074,0,-0.25881904510252074,-0.5,-0.7071067811865476,-0.8660254037844386,-0.9659258262890683,-1,-0.9659258262890683,-0.8660254037844386,-0.7071067811865476,-0.5,-0.25881904510252074}'::float8[])[t / 3600 % 24 + 1] as hour_sin,
    ('{1,0.9659258262890683,0.8660254037844386,0.7071067811865476,0.5,0.25881904510252074,0,-0.25881904510252074,-0.5,-0.7071067811865476,-0.8660254037844386,-0.9659258262890683,-1,-0.9659258262890683,-0.8660254037844386,-0.7071067811865476,-0.5,-0.25881904510252074,0,0.25881904510252074,0.5,0.7071067811865476,0.8660254037844386,0.9659258262890683}'::float8[])[t / 3600 % 24 + 1] as hour_cos,
    ('{0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1,0,0,0}'::float8[])[t / 3600 % 24 + 1] as is_us_hours,
    ('{1,1,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}'::float8[])[t / 3600 % 24 + 1] as is_asia_hours
  from stage_8
  where t >= first_t
  order by t;
end
$function$;

comment on function features_trades(text, timestamptz, timestamptz) is 'Feature set trades, hash ec991dbdada478e416329a84736da6f5a7f57ffb05f814672d8106c2421ce754; text 7204897e58492c0d8e041e158813690a8bc5d3e0164e16cd686ab9d877407487';

-- Which vectors of feature set trades may a model learn from, and what came of each p_horizon_s later?
-- Generated from src/features: change it there. Set hash ec991dbdada478e416329a84736da6f5a7f57ffb05f814672d8106c2421ce754.
create or replace function training_trades(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_horizon_s integer default 10
)
returns table (
  symbol text,
  ts timestamptz,
  ret_1s double precision,
  ret_2s double precision,
  ret_5s double precision,
  vwap_5s_dev double precision,
  n_trades_1s double precision,
  n_trades_5s double precision,
  buy_vol_1s double precision,
  sell_vol_1s double precision,
  tvi_1s double precision,
  buy_vol_5s double precision,
  sell_vol_5s double precision,
  tvi_5s double precision,
  avg_trade_size_1s double precision,
  vol_ret_10s double precision,
  burst_1s double precision,
  large_trade_flag_5s double precision,
  time_since_last_trade_ms double precision,
  last_price_minus_1s double precision,
  last_price_minus_5s double precision,
  flow_1s double precision,
  flow_5s double precision,
  flow_10s double precision,
  flow_30s double precision,
  flow_60s double precision,
  tvi_10s double precision,
  tvi_60s double precision,
  realised_vol_10s double precision,
  realised_vol_60s double precision,
  realised_vol_300s double precision,
  size_tail_60s double precision,
  time_since_large_trade_s double precision,
  side_run_s double precision,
  hour_sin double precision,
  hour_cos double precision,
  is_us_hours double precision,
  is_asia_hours double precision,
  mid_sum_e8 bigint,
  close_e8 bigint,
  label_mid double precision,
  label_last double precision,
  known_at timestamptz
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
  -- t counts seconds since 1970: the instants asked for, and what their look-backs and labels reach.
  first_t bigint := ceil(extract(epoch from p_from));
  end_t bigint := ceil(extract(epoch from p_to));
  start_t bigint := first_t - 898;
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
  ));
begin
  return query
  with
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
      greatest(b.received_at, q.received_at) as received_at,
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
      and q.n_quotes > 0
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
      max(received_at) over (partition by t / 899 order by t rows unbounded preceding) as block_until_at,
      max(received_at) over (partition by t / 899 order by t desc rows unbounded preceding) as block_from_at
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
      greatest(carried_at, block_until_at, lag(block_from_at, 898) over seconds) as vector_known_at,
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
  )
  select
    f.symbol,
    f.ts,
    f.ret_1s,
    f.ret_2s,
    f.ret_5s,
    f.vwap_5s_dev,
    f.n_trades_1s,
    f.n_trades_5s,
    f.buy_vol_1s,
    f.sell_vol_1s,
    f.tvi_1s,
    f.buy_vol_5s,
    f.sell_vol_5s,
    f.tvi_5s,
    f.avg_trade_size_1s,
    f.vol_ret_10s,
    f.burst_1s,
    f.large_trade_flag_5s,
    f.time_since_last_trade_ms,
    f.last_price_minus_1s,
    f.last_price_minus_5s,
    f.flow_1s,
    f.flow_5s,
    f.flow_10s,
    f.flow_30s,
    f.flow_60s,
    f.tvi_10s,
    f.tvi_60s,
    f.realised_vol_10s,
    f.realised_vol_60s,
    f.realised_vol_300s,
    f.size_tail_60s,
    f.time_since_large_trade_s,
    f.side_run_s,
    f.hour_sin,
    f.hour_cos,
    f.is_us_hours,
    f.is_asia_hours,
    l.mid_sum_e8,
    l.close_e8,
    l.label_mid,
    l.label_last,
    l.known_at
  from features_trades(p_symbol, p_from, p_to) f
  join labels l
    on l.t = us_of(f.ts) / 1000000
  where f.warm
  order by f.ts;
end
$function$;

comment on function training_trades(text, timestamptz, timestamptz, integer) is 'Feature set trades, hash ec991dbdada478e416329a84736da6f5a7f57ffb05f814672d8106c2421ce754; text e99e685adb43e7814bb597ff13e7c7f224e73b0b8a895c481791749547b8a5a4';
