-- What is feature set gold of a symbol, as of each instant from p_from to before p_to?
-- Generated from src/features: change it there. Set hash 4d90733d13976e7d63060b7a719bc4cd40a1f332b1e459c1cec528ded28d01ba.
create or replace function features_gold(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz
)
returns table (
  symbol text,
  ts timestamptz,
  warm boolean,
  price double precision,
  mid_price double precision,
  ret_1s double precision,
  ret_5s double precision,
  ret_10s double precision,
  volume_1s double precision,
  volume_5s double precision,
  vol_imbalance_1s double precision,
  vol_imbalance_5s double precision,
  spread_bp double precision,
  ob_imbalance double precision,
  bid_strength double precision,
  ask_strength double precision,
  trade_intensity_1s double precision,
  avg_trade_size_1s double precision,
  dollar_volume_1s double precision,
  vwap_dev_1s double precision,
  vwap_dev_5s double precision,
  price_volatility double precision,
  momentum double precision,
  price_acceleration double precision,
  volume_momentum double precision,
  vol_adj_ret_1s double precision,
  vol_adj_ret_5s double precision,
  volume_change_5s double precision,
  dollar_intensity double precision,
  trade_size_trend double precision,
  spread_adj_imbalance double precision,
  bid_ask_ratio double precision,
  mid_last_diff double precision,
  hour_sin double precision,
  hour_cos double precision,
  is_us_hours double precision,
  is_asia_hours double precision,
  price_volume_int double precision,
  spread_momentum_int double precision,
  vol_imbalance_int double precision
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
  start_t bigint := first_t - 30;
  -- An instant's bar is that of the second before it.
  from_sec timestamptz := to_timestamp(start_t - 1);
  to_sec timestamptz := to_timestamp(end_t - 1);
  -- From here on breaks count: the first instant's look-back, and what it reads.
  known_from timestamptz := to_timestamp(least(first_t - 31, start_t - 1));
  trade_places bar_places := bar_places_of('trade_bars_1s', 'trades', p_symbol);
  quote_places bar_places := bar_places_of('quote_bars_1s', 'quotes', p_symbol);
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
  last_quote_before bigint[] := last_quote_before(p_symbol, from_sec, quote_places);
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
      coalesce(b.buy_qty_e8, 0) as buy_qty_e8,
      coalesce(b.sell_qty_e8, 0) as sell_qty_e8,
      coalesce(b.n, 0) as n,
      coalesce(b.notional_e16, 0) as notional_e16,
      coalesce(o.exact_e8[3], o.bid_qty_top20_e8) as bid_qty_top20_e8,
      coalesce(o.exact_e8[4], o.ask_qty_top20_e8) as ask_qty_top20_e8,
      coalesce(o.exact_e8[1], o.bid_qty_top5_e8) as bid_qty_top5_e8,
      coalesce(o.exact_e8[2], o.ask_qty_top5_e8) as ask_qty_top5_e8,
      greatest(max(case when b.sec is not null then array[b.epoch, b.last_trade_id, b.close_e8, b.last_trade_ts_us] end) over so_far, last_trade_before) as last_trade,
      greatest(max(case when q.sec is not null then array[q.epoch, q.update_id, q.ts_us, q.bid_price_e8, q.bid_qty_e8, q.ask_price_e8, q.ask_qty_e8] end) over so_far, last_quote_before) as last_quote,
      greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us,
      coalesce(max(d.hole_us) over so_far, -1) as hole_us
    from generate_series(start_t, end_t - 1) as seconds(t)
    left join breaks d using (t)
    left join trade_bars_of(p_symbol, from_sec, to_sec, trade_places.elsewhere, trade_places.dropped, trade_places.raw) b
      on b.sec = to_timestamp(t - 1)
      and b.n > 0
    left join quote_bars_of(p_symbol, from_sec, to_sec, quote_places.elsewhere, quote_places.dropped, quote_places.raw) q
      on q.sec = to_timestamp(t - 1)
      and q.n_quotes > 0
    left join book_1s o
      on o.symbol = p_symbol
      and o.sec = to_timestamp(t - 1)
      and o.sec >= from_sec
      and o.sec < to_sec
    window so_far as (order by t rows unbounded preceding)
  ),
  instants as (
    select
      t,
      (t - start_t + 1)::int as i,
      hole_us,
      last_trade[3] as close_e8,
      case when last_quote[3] > marker_us then last_quote[4] end as bid_price_e8,
      case when last_quote[3] > marker_us then last_quote[6] end as ask_price_e8,
      buy_qty_e8,
      sell_qty_e8,
      bid_qty_top20_e8,
      ask_qty_top20_e8,
      bid_qty_top5_e8,
      ask_qty_top5_e8,
      n,
      notional_e16
    from heard
    order by t
  ),
  stage_1 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      bid_price_e8,
      ask_price_e8,
      buy_qty_e8,
      sell_qty_e8,
      bid_qty_top5_e8,
      ask_qty_top5_e8,
      n,
      notional_e16,
      bid_qty_top20_e8,
      ask_qty_top20_e8,
      lag(close_e8, 1) over seconds as close_e8_1s_ago,
      lag(close_e8, 5) over seconds as close_e8_5s_ago,
      lag(close_e8, 10) over seconds as close_e8_10s_ago,
      sum(buy_qty_e8) over last_5 as buy_qty_e8_sum_5s,
      sum(sell_qty_e8) over last_5 as sell_qty_e8_sum_5s,
      (sum(n) over last_5)::bigint as n_5s,
      sum(notional_e16) over last_5 as notional_5s,
      lag(close_e8, 30) over seconds as close_e8_30s_ago
    from instants
    window
      seconds as (order by t rows unbounded preceding),
      last_5 as (order by t rows 4 preceding)
  ),
  stage_2 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      bid_price_e8,
      ask_price_e8,
      close_e8_10s_ago,
      buy_qty_e8_sum_5s,
      sell_qty_e8_sum_5s,
      buy_qty_e8,
      sell_qty_e8,
      bid_qty_top5_e8,
      ask_qty_top5_e8,
      n,
      notional_e16,
      n_5s,
      notional_5s,
      lnr(close_e8, close_e8_1s_ago) as ret_1s,
      lnr(close_e8, close_e8_5s_ago) as ret_5s,
      (buy_qty_e8 + sell_qty_e8)::float8 / 1e8::float8 as volume_1s,
      (20000::numeric * (ask_price_e8 - bid_price_e8))::float8 / nullif((bid_price_e8 + ask_price_e8)::float8, 0) as spread_bp,
      case ((bid_qty_top20_e8 + ask_qty_top20_e8) = 0) when true then 0::float8 when false then ((bid_qty_top20_e8 - ask_qty_top20_e8)::float8 / nullif((bid_qty_top20_e8 + ask_qty_top20_e8)::float8, 0)) end as ob_imbalance,
      lnr(close_e8, close_e8_30s_ago) as momentum,
      buy_qty_e8_sum_5s + sell_qty_e8_sum_5s as qty_5s
    from stage_1
    where t >= first_t - 9
    order by t
  ),
  series_2 as materialized (
    select
      array_agg(coalesce(ret_1s, 'NaN') order by t) as ret_1s__f
    from stage_2
  ),
  stage_3 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      bid_price_e8,
      ask_price_e8,
      ret_1s,
      ret_5s,
      close_e8_10s_ago,
      volume_1s,
      buy_qty_e8_sum_5s,
      sell_qty_e8_sum_5s,
      buy_qty_e8,
      sell_qty_e8,
      spread_bp,
      ob_imbalance,
      bid_qty_top5_e8,
      ask_qty_top5_e8,
      n,
      notional_e16,
      n_5s,
      notional_5s,
      momentum,
      lag(ret_1s, 1) over seconds as ret_1s_1s_ago,
      lag(qty_5s, 5) over seconds as qty_5s_5s_ago
    from stage_2
    window
      seconds as (order by t rows unbounded preceding)
  ),
  stage_4 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      bid_price_e8,
      ask_price_e8,
      ret_1s,
      ret_5s,
      close_e8_10s_ago,
      volume_1s,
      buy_qty_e8_sum_5s,
      sell_qty_e8_sum_5s,
      buy_qty_e8,
      sell_qty_e8,
      spread_bp,
      ob_imbalance,
      bid_qty_top5_e8,
      ask_qty_top5_e8,
      n,
      notional_e16,
      n_5s,
      notional_5s,
      momentum,
      ret_1s_1s_ago,
      qty_5s_5s_ago,
      case when t >= first_t then (ret_1s__f[i - 30]
        + ret_1s__f[i - 29]
        + ret_1s__f[i - 28]
        + ret_1s__f[i - 27]
        + ret_1s__f[i - 26]
        + ret_1s__f[i - 25]
        + ret_1s__f[i - 24]
        + ret_1s__f[i - 23]
        + ret_1s__f[i - 22]
        + ret_1s__f[i - 21]) / 10::float8 end as price_volatility_mean
    from stage_3
    cross join (
      select
        (select ret_1s__f from series_2) as ret_1s__f
      offset 0
    ) as series
    where t >= first_t - 9
    order by t
  ),
  stage_6 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      bid_price_e8,
      ask_price_e8,
      ret_1s,
      ret_5s,
      close_e8_10s_ago,
      volume_1s,
      buy_qty_e8_sum_5s,
      sell_qty_e8_sum_5s,
      buy_qty_e8,
      sell_qty_e8,
      spread_bp,
      ob_imbalance,
      bid_qty_top5_e8,
      ask_qty_top5_e8,
      n,
      notional_e16,
      n_5s,
      notional_5s,
      momentum,
      ret_1s_1s_ago,
      qty_5s_5s_ago,
      nullif(sqrt(((ret_1s__f[i - 30] - price_volatility_mean) * (ret_1s__f[i - 30] - price_volatility_mean)
        + (ret_1s__f[i - 29] - price_volatility_mean) * (ret_1s__f[i - 29] - price_volatility_mean)
        + (ret_1s__f[i - 28] - price_volatility_mean) * (ret_1s__f[i - 28] - price_volatility_mean)
        + (ret_1s__f[i - 27] - price_volatility_mean) * (ret_1s__f[i - 27] - price_volatility_mean)
        + (ret_1s__f[i - 26] - price_volatility_mean) * (ret_1s__f[i - 26] - price_volatility_mean)
        + (ret_1s__f[i - 25] - price_volatility_mean) * (ret_1s__f[i - 25] - price_volatility_mean)
        + (ret_1s__f[i - 24] - price_volatility_mean) * (ret_1s__f[i - 24] - price_volatility_mean)
        + (ret_1s__f[i - 23] - price_volatility_mean) * (ret_1s__f[i - 23] - price_volatility_mean)
        + (ret_1s__f[i - 22] - price_volatility_mean) * (ret_1s__f[i - 22] - price_volatility_mean)
        + (ret_1s__f[i - 21] - price_volatility_mean) * (ret_1s__f[i - 21] - price_volatility_mean)) / 9::float8), 'NaN') as price_volatility
    from stage_4
    cross join (
      select
        (select ret_1s__f from series_2) as ret_1s__f
      offset 0
    ) as series
    where t >= first_t
    order by t
  )
  select
    p_symbol,
    to_timestamp(t),
    coalesce(first_sec < t - 31 and t <= last_sec and hole_us < (t - 31) * 1000000, false) as warm,
    close_e8::float8 / 1e8::float8 as price,
    (bid_price_e8 + ask_price_e8)::float8 / 2e8::float8 as mid_price,
    ret_1s,
    ret_5s,
    lnr(close_e8, close_e8_10s_ago) as ret_10s,
    volume_1s,
    (buy_qty_e8_sum_5s + sell_qty_e8_sum_5s)::float8 / 1e8::float8 as volume_5s,
    case when (buy_qty_e8 + sell_qty_e8) = 0 then 0::float8 else ((buy_qty_e8 - sell_qty_e8)::float8 / nullif((buy_qty_e8 + sell_qty_e8)::float8, 0)) end as vol_imbalance_1s,
    case when (buy_qty_e8_sum_5s + sell_qty_e8_sum_5s) = 0 then 0::float8 else ((buy_qty_e8_sum_5s - sell_qty_e8_sum_5s)::float8 / nullif((buy_qty_e8_sum_5s + sell_qty_e8_sum_5s)::float8, 0)) end as vol_imbalance_5s,
    spread_bp,
    ob_imbalance,
    bid_qty_top5_e8::float8 / 1e8::float8 as bid_strength,
    ask_qty_top5_e8::float8 / 1e8::float8 as ask_strength,
    n::float8 as trade_intensity_1s,
    case when n = 0 then 0::float8 else ((buy_qty_e8 + sell_qty_e8)::float8 / nullif((n * 100000000)::float8, 0)) end as avg_trade_size_1s,
    notional_e16::float8 / 1e16::float8 as dollar_volume_1s,
    case when n = 0 then 0::float8 else (((close_e8 * (buy_qty_e8 + sell_qty_e8)) - notional_e16)::float8 / nullif(notional_e16::float8, 0)) end as vwap_dev_1s,
    case when n_5s = 0 then 0::float8 else (((close_e8 * (buy_qty_e8_sum_5s + sell_qty_e8_sum_5s)) - notional_5s)::float8 / nullif(notional_5s::float8, 0)) end as vwap_dev_5s,
    price_volatility,
    momentum,
    ret_1s - ret_1s_1s_ago as price_acceleration,
    case when (buy_qty_e8_sum_5s + sell_qty_e8_sum_5s) = 0 then 0::float8 else ((5 * (buy_qty_e8 + sell_qty_e8))::float8 / nullif((buy_qty_e8_sum_5s + sell_qty_e8_sum_5s)::float8, 0)) end as volume_momentum,
    case (price_volatility = 0::float8) when true then 0::float8 when false then (ret_1s / nullif(price_volatility, 0)) end as vol_adj_ret_1s,
    case (price_volatility = 0::float8) when true then 0::float8 when false then (ret_5s / nullif(price_volatility, 0)) end as vol_adj_ret_5s,
    case when qty_5s_5s_ago = 0 then 0::float8 else (((buy_qty_e8_sum_5s + sell_qty_e8_sum_5s) - qty_5s_5s_ago)::float8 / nullif(qty_5s_5s_ago::float8, 0)) end as volume_change_5s,
    case when n = 0 then 0::float8 else ((notional_e16::float8 / 1e16::float8) / nullif(n::float8, 0)) end as dollar_intensity,
    case when n = 0 then 0::float8 else (((buy_qty_e8 + sell_qty_e8) * n_5s)::float8 / nullif((n * (buy_qty_e8_sum_5s + sell_qty_e8_sum_5s))::float8, 0)) end as trade_size_trend,
    ob_imbalance / nullif(1::float8 + spread_bp, 0) as spread_adj_imbalance,
    case (ask_qty_top5_e8 = 0) when true then 0::float8 when false then (bid_qty_top5_e8::float8 / nullif(ask_qty_top5_e8::float8, 0)) end as bid_ask_ratio,
    ((bid_price_e8 + ask_price_e8) - (2 * close_e8))::float8 / 2e8::float8 as mid_last_diff,
    ('{0,0.25881904510252074,0.5,0.7071067811865476,0.8660254037844386,0.9659258262890683,1,0.9659258262890683,0.8660254037844386,0.7071067811865476,0.5,0.25881904510252074,0,-0.25881904510252074,-0.5,-0.7071067811865476,-0.8660254037844386,-0.9659258262890683,-1,-0.9659258262890683,-0.8660254037844386,-0.7071067811865476,-0.5,-0.25881904510252074}'::float8[])[t / 3600 % 24 + 1] as hour_sin,
    ('{1,0.9659258262890683,0.8660254037844386,0.7071067811865476,0.5,0.25881904510252074,0,-0.25881904510252074,-0.5,-0.7071067811865476,-0.8660254037844386,-0.9659258262890683,-1,-0.9659258262890683,-0.8660254037844386,-0.7071067811865476,-0.5,-0.25881904510252074,0,0.25881904510252074,0.5,0.7071067811865476,0.8660254037844386,0.9659258262890683}'::float8[])[t / 3600 % 24 + 1] as hour_cos,
    ('{0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1,0,0,0}'::float8[])[t / 3600 % 24 + 1] as is_us_hours,
    ('{1,1,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}'::float8[])[t / 3600 % 24 + 1] as is_asia_hours,
    ret_1s * volume_1s as price_volume_int,
    spread_bp * momentum as spread_momentum_int,
    price_volatility * ob_imbalance as vol_imbalance_int
  from stage_6
  where t >= first_t
    and t % 2 = 0
  order by t;
end
$function$;

comment on function features_gold(text, timestamptz, timestamptz) is 'Feature set gold, hash 4d90733d13976e7d63060b7a719bc4cd40a1f332b1e459c1cec528ded28d01ba; text 2d38767a62630583930801b0568b98073dd7cc89d6cf00e33700990d5396e494';

-- Which vectors of feature set gold may a model learn from, and what came of each p_horizon_s later?
-- Generated from src/features: change it there. Set hash 4d90733d13976e7d63060b7a719bc4cd40a1f332b1e459c1cec528ded28d01ba.
create or replace function training_gold(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_horizon_s integer default 10
)
returns table (
  symbol text,
  ts timestamptz,
  price double precision,
  mid_price double precision,
  ret_1s double precision,
  ret_5s double precision,
  ret_10s double precision,
  volume_1s double precision,
  volume_5s double precision,
  vol_imbalance_1s double precision,
  vol_imbalance_5s double precision,
  spread_bp double precision,
  ob_imbalance double precision,
  bid_strength double precision,
  ask_strength double precision,
  trade_intensity_1s double precision,
  avg_trade_size_1s double precision,
  dollar_volume_1s double precision,
  vwap_dev_1s double precision,
  vwap_dev_5s double precision,
  price_volatility double precision,
  momentum double precision,
  price_acceleration double precision,
  volume_momentum double precision,
  vol_adj_ret_1s double precision,
  vol_adj_ret_5s double precision,
  volume_change_5s double precision,
  dollar_intensity double precision,
  trade_size_trend double precision,
  spread_adj_imbalance double precision,
  bid_ask_ratio double precision,
  mid_last_diff double precision,
  hour_sin double precision,
  hour_cos double precision,
  is_us_hours double precision,
  is_asia_hours double precision,
  price_volume_int double precision,
  spread_momentum_int double precision,
  vol_imbalance_int double precision,
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
  start_t bigint := first_t - 30;
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
      greatest(b.received_at, q.received_at, o.received_at) as received_at,
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
    left join book_1s o
      on o.symbol = p_symbol
      and o.sec = to_timestamp(t - 1)
      and o.sec >= from_sec
      and o.sec < to_sec
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
      max(received_at) over (partition by t / 31 order by t rows unbounded preceding) as block_until_at,
      max(received_at) over (partition by t / 31 order by t desc rows unbounded preceding) as block_from_at
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
      greatest(carried_at, block_until_at, lag(block_from_at, 30) over seconds) as vector_known_at,
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
    f.price,
    f.mid_price,
    f.ret_1s,
    f.ret_5s,
    f.ret_10s,
    f.volume_1s,
    f.volume_5s,
    f.vol_imbalance_1s,
    f.vol_imbalance_5s,
    f.spread_bp,
    f.ob_imbalance,
    f.bid_strength,
    f.ask_strength,
    f.trade_intensity_1s,
    f.avg_trade_size_1s,
    f.dollar_volume_1s,
    f.vwap_dev_1s,
    f.vwap_dev_5s,
    f.price_volatility,
    f.momentum,
    f.price_acceleration,
    f.volume_momentum,
    f.vol_adj_ret_1s,
    f.vol_adj_ret_5s,
    f.volume_change_5s,
    f.dollar_intensity,
    f.trade_size_trend,
    f.spread_adj_imbalance,
    f.bid_ask_ratio,
    f.mid_last_diff,
    f.hour_sin,
    f.hour_cos,
    f.is_us_hours,
    f.is_asia_hours,
    f.price_volume_int,
    f.spread_momentum_int,
    f.vol_imbalance_int,
    l.mid_sum_e8,
    l.close_e8,
    l.label_mid,
    l.label_last,
    l.known_at
  from features_gold(p_symbol, p_from, p_to) f
  join labels l
    on l.t = us_of(f.ts) / 1000000
  where f.warm
  order by f.ts;
end
$function$;

comment on function training_gold(text, timestamptz, timestamptz, integer) is 'Feature set gold, hash 4d90733d13976e7d63060b7a719bc4cd40a1f332b1e459c1cec528ded28d01ba; text e303077a9a9d2c8607e089b692d8f3118e7f2a275292a5915cf1c09cf5d65468';
