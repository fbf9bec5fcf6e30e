-- What is feature set minute of a symbol, as of each instant from p_from to before p_to?
-- Generated from src/features: change it there. Set hash 4fc32ee7fa559081474cf117a30611d1651863cf0e16fab703c30797cd8ce5ae.
create or replace function features_minute(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz
)
returns table (
  symbol text,
  ts timestamptz,
  warm boolean,
  current_price double precision,
  price_change_1m double precision,
  price_change_5m double precision,
  vwap double precision,
  volume double precision,
  volume_avg_1m double precision,
  trade_intensity double precision,
  bid_ask_spread double precision,
  order_book_imbalance double precision,
  rsi_5m double precision,
  macd_signal double precision,
  bollinger_position double precision
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
  start_t bigint := first_t - 340;
  -- An instant's bar is that of the second before it.
  from_sec timestamptz := to_timestamp(start_t - 1);
  to_sec timestamptz := to_timestamp(end_t - 1);
  -- From here on breaks count: the first instant's look-back, and what it reads.
  known_from timestamptz := to_timestamp(least(first_t - 341, start_t - 1));
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
      coalesce(b.notional_e16, 0) as notional_e16,
      coalesce(b.n, 0) as n,
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
    window so_far as (order by t rows unbounded preceding)
  ),
  instants as (
    select
      t,
      (t - start_t + 1)::int as i,
      hole_us,
      last_trade[3] as close_e8,
      buy_qty_e8,
      sell_qty_e8,
      notional_e16,
      n,
      case when last_quote[3] > marker_us then last_quote[6] end as ask_price_e8,
      case when last_quote[3] > marker_us then last_quote[4] end as bid_price_e8,
      case when last_quote[3] > marker_us then last_quote[5] end as bid_qty_e8,
      case when last_quote[3] > marker_us then last_quote[7] end as ask_qty_e8
    from heard
    order by t
  ),
  series_0 as materialized (
    select
      array_agg(coalesce(close_e8, -360287970189639640) order by t) as close_e8__sum20
    from instants
  ),
  stage_1 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      buy_qty_e8,
      sell_qty_e8,
      ask_price_e8,
      bid_price_e8,
      bid_qty_e8,
      ask_qty_e8,
      lag(close_e8, 60) over seconds as close_e8_60s_ago,
      lag(close_e8, 300) over seconds as close_e8_300s_ago,
      sum(notional_e16) over last_60 as notional_e16_sum_60s,
      (sum(n) over last_60)::bigint as n_sum_60s,
      lag(close_e8, 5) over seconds as close_e8_5s_ago
    from instants
    window
      seconds as (order by t rows unbounded preceding),
      last_60 as (order by t rows 59 preceding)
  ),
  stage_2 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      close_e8_60s_ago,
      close_e8_300s_ago,
      notional_e16_sum_60s,
      buy_qty_e8,
      sell_qty_e8,
      n_sum_60s,
      ask_price_e8,
      bid_price_e8,
      bid_qty_e8,
      ask_qty_e8,
      buy_qty_e8 + sell_qty_e8 as qty,
      case (close_e8 > close_e8_5s_ago) when true then (close_e8 - close_e8_5s_ago) when false then 0::bigint end as rsi_5m_part,
      case (close_e8 < close_e8_5s_ago) when true then (close_e8_5s_ago - close_e8) when false then 0::bigint end as rsi_5m_part_2,
      close_e8::float8 as current_price_part,
      close_e8::numeric * close_e8 as bollinger_position_part,
      case when t >= first_t then close_e8__sum20[i - 95]
        + close_e8__sum20[i - 90]
        + close_e8__sum20[i - 85]
        + close_e8__sum20[i - 80]
        + close_e8__sum20[i - 75]
        + close_e8__sum20[i - 70]
        + close_e8__sum20[i - 65]
        + close_e8__sum20[i - 60]
        + close_e8__sum20[i - 55]
        + close_e8__sum20[i - 50]
        + close_e8__sum20[i - 45]
        + close_e8__sum20[i - 40]
        + close_e8__sum20[i - 35]
        + close_e8__sum20[i - 30]
        + close_e8__sum20[i - 25]
        + close_e8__sum20[i - 20]
        + close_e8__sum20[i - 15]
        + close_e8__sum20[i - 10]
        + close_e8__sum20[i - 5]
        + close_e8__sum20[i] end as close_e8_sum_20x5
    from stage_1
    cross join (
      select
        (select close_e8__sum20 from series_0) as close_e8__sum20
      offset 0
    ) as series
    where t >= first_t - 340
    order by t
  ),
  series_2 as materialized (
    select
      array_agg(coalesce(current_price_part, 'NaN') order by t) as current_price_part__f
    from stage_2
  ),
  stage_3 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      close_e8_60s_ago,
      close_e8_300s_ago,
      notional_e16_sum_60s,
      buy_qty_e8,
      sell_qty_e8,
      n_sum_60s,
      ask_price_e8,
      bid_price_e8,
      bid_qty_e8,
      ask_qty_e8,
      close_e8_sum_20x5,
      sum(qty) over last_60 as qty_60s,
      case when count(rsi_5m_part) over last_60x5 = 60 then (sum(rsi_5m_part) over last_60x5)::bigint end as rises_60,
      case when count(rsi_5m_part_2) over last_60x5 = 60 then (sum(rsi_5m_part_2) over last_60x5)::bigint end as falls_60,
      case when count(bollinger_position_part) over last_20x5 = 20 then sum(bollinger_position_part) over last_20x5 end as squares_20
    from stage_2
    window
      last_60 as (order by t rows 59 preceding),
      last_60x5 as (partition by t % 5 order by t rows 59 preceding),
      last_20x5 as (partition by t % 5 order by t rows 19 preceding)
  ),
  stage_4 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      close_e8_60s_ago,
      close_e8_300s_ago,
      qty_60s,
      notional_e16_sum_60s,
      buy_qty_e8,
      sell_qty_e8,
      n_sum_60s,
      ask_price_e8,
      bid_price_e8,
      bid_qty_e8,
      ask_qty_e8,
      rises_60,
      falls_60,
      squares_20,
      nullif(0.003360272069726949::float8 * current_price_part__f[i - 115]
        + 0.0039712306278591215::float8 * current_price_part__f[i - 110]
        + 0.004693272560197144::float8 * current_price_part__f[i - 105]
        + 0.005546594843869352::float8 * current_price_part__f[i - 100]
        + 0.0065550666336637795::float8 * current_price_part__f[i - 95]
        + 0.0077468969306935575::float8 * current_price_part__f[i - 90]
        + 0.009155423645365113::float8 * current_price_part__f[i - 85]
        + 0.010820046126340589::float8 * current_price_part__f[i - 80]
        + 0.012787327240220695::float8 * current_price_part__f[i - 75]
        + 0.01511229582935173::float8 * current_price_part__f[i - 70]
        + 0.01785998598014295::float8 * current_price_part__f[i - 65]
        + 0.02110725615835076::float8 * current_price_part__f[i - 60]
        + 0.024944939096232716::float8 * current_price_part__f[i - 55]
        + 0.02948038256827503::float8 * current_price_part__f[i - 50]
        + 0.034840452126143215::float8 * current_price_part__f[i - 45]
        + 0.041175079785441986::float8 * current_price_part__f[i - 40]
        + 0.04866145792824962::float8 * current_price_part__f[i - 35]
        + 0.05750899573338592::float8 * current_price_part__f[i - 30]
        + 0.06796517677581972::float8 * current_price_part__f[i - 25]
        + 0.08032248164415058::float8 * current_price_part__f[i - 20]
        + 0.09492656921581433::float8 * current_price_part__f[i - 15]
        + 0.11218594543687146::float8 * current_price_part__f[i - 10]
        + 0.1325833900617572::float8 * current_price_part__f[i - 5]
        + 0.15668946098207667::float8 * current_price_part__f[i], 'NaN') as macd_signal_part,
      nullif(0.0014895903469246165::float8 * current_price_part__f[i - 255]
        + 0.0016087575746785857::float8 * current_price_part__f[i - 250]
        + 0.0017374581806528725::float8 * current_price_part__f[i - 245]
        + 0.0018764548351051023::float8 * current_price_part__f[i - 240]
        + 0.0020265712219135106::float8 * current_price_part__f[i - 235]
        + 0.0021886969196665915::float8 * current_price_part__f[i - 230]
        + 0.0023637926732399187::float8 * current_price_part__f[i - 225]
        + 0.002552896087099112::float8 * current_price_part__f[i - 220]
        + 0.002757127774067041::float8 * current_price_part__f[i - 215]
        + 0.0029776979959924045::float8 * current_price_part__f[i - 210]
        + 0.0032159138356717965::float8 * current_price_part__f[i - 205]
        + 0.0034731869425255408::float8 * current_price_part__f[i - 200]
        + 0.0037510418979275835::float8 * current_price_part__f[i - 195]
        + 0.00405112524976179::float8 * current_price_part__f[i - 190]
        + 0.004375215269742734::float8 * current_price_part__f[i - 185]
        + 0.0047252324913221525::float8 * current_price_part__f[i - 180]
        + 0.005103251090627924::float8 * current_price_part__f[i - 175]
        + 0.005511511177878159::float8 * current_price_part__f[i - 170]
        + 0.005952432072108411::float8 * current_price_part__f[i - 165]
        + 0.006428626637877083::float8 * current_price_part__f[i - 160]
        + 0.00694291676890725::float8 * current_price_part__f[i - 155]
        + 0.00749835011041983::float8 * current_price_part__f[i - 150]
        + 0.008098218119253417::float8 * current_price_part__f[i - 145]
        + 0.00874607556879369::float8 * current_price_part__f[i - 140]
        + 0.009445761614297186::float8 * current_price_part__f[i - 135]
        + 0.010201422543440959::float8 * current_price_part__f[i - 130]
        + 0.011017536346916237::float8 * current_price_part__f[i - 125]
        + 0.011898939254669536::float8 * current_price_part__f[i - 120]
        + 0.012850854395043099::float8 * current_price_part__f[i - 115]
        + 0.013878922746646547::float8 * current_price_part__f[i - 110]
        + 0.014989236566378268::float8 * current_price_part__f[i - 105]
        + 0.01618837549168853::float8 * current_price_part__f[i - 100]
        + 0.01748344553102361::float8 * current_price_part__f[i - 95]
        + 0.0188821211735055::float8 * current_price_part__f[i - 90]
        + 0.020392690867385942::float8 * current_price_part__f[i - 85]
        + 0.022024106136776817::float8 * current_price_part__f[i - 80]
        + 0.023786034627718965::float8 * current_price_part__f[i - 75]
        + 0.02568891739793648::float8 * current_price_part__f[i - 70]
        + 0.027744030789771397::float8 * current_price_part__f[i - 65]
        + 0.029963553252953107::float8 * current_price_part__f[i - 60]
        + 0.03236063751318936::float8 * current_price_part__f[i - 55]
        + 0.03494948851424451::float8 * current_price_part__f[i - 50]
        + 0.03774544759538406::float8 * current_price_part__f[i - 45]
        + 0.04076508340301479::float8 * current_price_part__f[i - 40]
        + 0.04402629007525598::float8 * current_price_part__f[i - 35]
        + 0.047548393281276455::float8 * current_price_part__f[i - 30]
        + 0.051352264743778575::float8 * current_price_part__f[i - 25]
        + 0.05546044592328086::float8 * current_price_part__f[i - 20]
        + 0.05989728159714333::float8 * current_price_part__f[i - 15]
        + 0.0646890641249148::float8 * current_price_part__f[i - 10]
        + 0.06986418925490798::float8 * current_price_part__f[i - 5]
        + 0.07545332439530061::float8 * current_price_part__f[i], 'NaN') as macd_signal_part_2,
      case when close_e8_sum_20x5 >= -180143985094819820 then close_e8_sum_20x5 end as closes_20
    from stage_3
    cross join (
      select
        (select current_price_part__f from series_2) as current_price_part__f
      offset 0
    ) as series
    where t >= first_t - 85
    order by t
  ),
  stage_6 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      close_e8_60s_ago,
      close_e8_300s_ago,
      qty_60s,
      notional_e16_sum_60s,
      buy_qty_e8,
      sell_qty_e8,
      n_sum_60s,
      ask_price_e8,
      bid_price_e8,
      bid_qty_e8,
      ask_qty_e8,
      rises_60,
      falls_60,
      closes_20,
      macd_signal_part - macd_signal_part_2 as macd_e8,
      ((20 * squares_20) - (closes_20::numeric * closes_20))::float8 as bollinger_position_part_2
    from stage_4
    where t >= first_t - 85
    order by t
  ),
  series_6 as materialized (
    select
      array_agg(coalesce(macd_e8, 'NaN') order by t) as macd_e8__f
    from stage_6
  ),
  stage_8 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      close_e8_60s_ago,
      close_e8_300s_ago,
      qty_60s,
      notional_e16_sum_60s,
      buy_qty_e8,
      sell_qty_e8,
      n_sum_60s,
      ask_price_e8,
      bid_price_e8,
      bid_qty_e8,
      ask_qty_e8,
      rises_60,
      falls_60,
      closes_20,
      nullif(0.004586217578480437::float8 * macd_e8__f[i - 340]
        + 0.0057327719731005465::float8 * macd_e8__f[i - 335]
        + 0.007165964966375683::float8 * macd_e8__f[i - 330]
        + 0.008957456207969602::float8 * macd_e8__f[i - 325]
        + 0.011196820259962001::float8 * macd_e8__f[i - 320]
        + 0.013996025324952501::float8 * macd_e8__f[i - 315]
        + 0.017495031656190627::float8 * macd_e8__f[i - 310]
        + 0.021868789570238283::float8 * macd_e8__f[i - 305]
        + 0.02733598696279785::float8 * macd_e8__f[i - 300]
        + 0.03416998370349732::float8 * macd_e8__f[i - 295]
        + 0.04271247962937164::float8 * macd_e8__f[i - 290]
        + 0.053390599536714545::float8 * macd_e8__f[i - 285]
        + 0.06673824942089318::float8 * macd_e8__f[i - 280]
        + 0.08342281177611648::float8 * macd_e8__f[i - 275]
        + 0.10427851472014558::float8 * macd_e8__f[i - 270]
        + 0.13034814340018197::float8 * macd_e8__f[i - 265]
        + 0.16293517925022744::float8 * macd_e8__f[i - 260]
        + 0.2036689740627843::float8 * macd_e8__f[i - 255], 'NaN') as macd_e8_weighted_18x5s,
      case when bollinger_position_part_2 >= 0 then sqrt(bollinger_position_part_2) end as deviation_20
    from stage_6
    cross join (
      select
        (select macd_e8__f from series_6) as macd_e8__f
      offset 0
    ) as series
    where t >= first_t
    order by t
  )
  select
    p_symbol,
    to_timestamp(t),
    coalesce(first_sec < t - 341 and t <= last_sec and hole_us < (t - 341) * 1000000, false) as warm,
    close_e8::float8 / 1e8::float8 as current_price,
    lnr(close_e8, close_e8_60s_ago) as price_change_1m,
    lnr(close_e8, close_e8_300s_ago) as price_change_5m,
    case when qty_60s = 0 then (close_e8::float8 / 1e8::float8) else (notional_e16_sum_60s::float8 / nullif((qty_60s * 100000000)::float8, 0)) end as vwap,
    (buy_qty_e8 + sell_qty_e8)::float8 / 1e8::float8 as volume,
    qty_60s::float8 / 6e9::float8 as volume_avg_1m,
    n_sum_60s::float8 / 60::float8 as trade_intensity,
    (ask_price_e8 - bid_price_e8)::float8 / 1e8::float8 as bid_ask_spread,
    case ((bid_qty_e8::numeric + ask_qty_e8) = 0) when true then 0::float8 when false then ((bid_qty_e8 - ask_qty_e8)::float8 / nullif((bid_qty_e8::numeric + ask_qty_e8)::float8, 0)) end as order_book_imbalance,
    case ((rises_60 + falls_60) = 0) when true then 50::float8 when false then ((100::numeric * rises_60)::float8 / nullif((rises_60 + falls_60)::float8, 0)) end as rsi_5m,
    macd_e8_weighted_18x5s / 1e8::float8 as macd_signal,
    case (deviation_20 = 0::float8) when true then 0.5::float8 when false then ((((20 * close_e8) - closes_20)::float8 + (2::float8 * deviation_20)) / nullif(4::float8 * deviation_20, 0)) end as bollinger_position
  from stage_8
  where t >= first_t
  order by t;
end
$function$;

comment on function features_minute(text, timestamptz, timestamptz) is 'Feature set minute, hash 4fc32ee7fa559081474cf117a30611d1651863cf0e16fab703c30797cd8ce5ae; text 4e861009509cbafba234673c183929b38a9decce1c01f2c2441e4b5b166cb014';

-- Which vectors of feature set minute may a model learn from, and what came of each p_horizon_s later?
-- Generated from src/features: change it there. Set hash 4fc32ee7fa559081474cf117a30611d1651863cf0e16fab703c30797cd8ce5ae.
create or replace function training_minute(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_horizon_s integer default 10
)
returns table (
  symbol text,
  ts timestamptz,
  current_price double precision,
  price_change_1m double precision,
  price_change_5m double precision,
  vwap double precision,
  volume double precision,
  volume_avg_1m double precision,
  trade_intensity double precision,
  bid_ask_spread double precision,
  order_book_imbalance double precision,
  rsi_5m double precision,
  macd_signal double precision,
  bollinger_position double precision,
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
  start_t bigint := first_t - 340;
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
      max(received_at) over (partition by t / 341 order by t rows unbounded preceding) as block_until_at,
      max(received_at) over (partition by t / 341 order by t desc rows unbounded preceding) as block_from_at
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
      greatest(carried_at, block_until_at, lag(block_from_at, 340) over seconds) as vector_known_at,
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
    f.current_price,
    f.price_change_1m,
    f.price_change_5m,
    f.vwap,
    f.volume,
    f.volume_avg_1m,
    f.trade_intensity,
    f.bid_ask_spread,
    f.order_book_imbalance,
    f.rsi_5m,
    f.macd_signal,
    f.bollinger_position,
    l.mid_sum_e8,
    l.close_e8,
    l.label_mid,
    l.label_last,
    l.known_at
  from features_minute(p_symbol, p_from, p_to) f
  join labels l
    on l.t = us_of(f.ts) / 1000000
  where f.warm
  order by f.ts;
end
$function$;

comment on function training_minute(text, timestamptz, timestamptz, integer) is 'Feature set minute, hash 4fc32ee7fa559081474cf117a30611d1651863cf0e16fab703c30797cd8ce5ae; text 7bfca47dcfe57ac944c4d5933f1d763975ea0da6db436215ade2e975a33bed5b';
