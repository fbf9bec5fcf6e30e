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
  -- Data begins somewhere inside the first second that has any, and is whole from the next one on.
  first_sec bigint := least(
    (
      select us_of(sec) / 1000000
      from bars_1s
      where symbol = p_symbol
        and sec < to_sec
      order by sec
      limit 1
    ),
    (
      select us_of(sec) / 1000000
      from quotes_1s
      where symbol = p_symbol
        and sec < to_sec
      order by sec
      limit 1
    )
  );
  last_trade_before bigint[] := (
    select max(array[last_trade_id, close_e8, last_trade_ts_us])
    from (
      select last_trade_id, close_e8, last_trade_ts_us
      from bars_1s
      where symbol = p_symbol
        and sec < from_sec
      order by sec desc
      limit 128
    ) as newest
  );
  last_quote_before bigint[] := (
    select max(array[update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8])
    from (
      select update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8
      from quotes_1s
      where symbol = p_symbol
        and sec < from_sec
      order by sec desc
      limit 128
    ) as newest
  );
  marker_before_us bigint := coalesce(
    (
      select us_of(max(ts))
      from disconnects
      where symbol = p_symbol
        and ts < from_sec
    ),
    -1
  );
  hole_before_us bigint := coalesce(
    (
      select us_of(max(ts))
      from disconnects
      where symbol = p_symbol
        and ts < from_sec
        and filled_at is null
    ),
    -1
  );
begin
  return query
  with
  breaks as materialized (
    select
      us_of(ts) / 1000000 + 1 as t,
      max(us_of(ts)) as marker_us,
      max(us_of(ts)) filter (where filled_at is null) as hole_us
    from disconnects
    where symbol = p_symbol
      and ts >= from_sec
      and ts < to_sec
    group by 1
  ),
  heard as (
    select
      t,
      coalesce(b.buy_qty_e8, 0) as buy_qty_e8,
      coalesce(b.sell_qty_e8, 0) as sell_qty_e8,
      coalesce(b.notional_e16, 0) as notional_e16,
      coalesce(b.n, 0) as n,
      greatest(max(case when b.sec is not null then array[b.last_trade_id, b.close_e8, b.last_trade_ts_us] end) over so_far, last_trade_before) as last_trade,
      greatest(max(case when q.sec is not null then array[q.update_id, q.ts_us, q.bid_price_e8, q.bid_qty_e8, q.ask_price_e8, q.ask_qty_e8] end) over so_far, last_quote_before) as last_quote,
      greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us,
      greatest(max(d.hole_us) over so_far, hole_before_us) as hole_us
    from generate_series(start_t, end_t - 1) as seconds(t)
    left join breaks d using (t)
    left join bars_1s b
      on b.symbol = p_symbol
      and b.sec = to_timestamp(t - 1)
      and b.sec >= from_sec
      and b.sec < to_sec
    left join quotes_1s q
      on q.symbol = p_symbol
      and q.sec = to_timestamp(t - 1)
      and q.sec >= from_sec
      and q.sec < to_sec
    window so_far as (order by t rows unbounded preceding)
  ),
  instants as (
    select
      t,
      hole_us,
      last_trade[2] as close_e8,
      buy_qty_e8,
      sell_qty_e8,
      notional_e16,
      n,
      case when last_quote[2] > marker_us then last_quote[5] end as ask_price_e8,
      case when last_quote[2] > marker_us then last_quote[3] end as bid_price_e8,
      case when last_quote[2] > marker_us then last_quote[4] end as bid_qty_e8,
      case when last_quote[2] > marker_us then last_quote[6] end as ask_qty_e8
    from heard
    order by t
  ),
  stage_1 as (
    select
      t,
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
      lag(close_e8, 5) over seconds as close_e8_5s_ago,
      case when count(close_e8) over last_20x5 = 20 then (sum(close_e8) over last_20x5)::bigint end as closes_20
    from instants
    window
      seconds as (order by t),
      last_60 as (order by t rows 59 preceding),
      last_20x5 as (partition by t % 5 order by t rows 19 preceding)
  ),
  stage_2 as (
    select
      t,
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
      closes_20,
      buy_qty_e8 + sell_qty_e8 as qty,
      case (close_e8 > close_e8_5s_ago) when true then (close_e8 - close_e8_5s_ago) when false then 0::bigint end as rsi_5m_part,
      case (close_e8 < close_e8_5s_ago) when true then (close_e8_5s_ago - close_e8) when false then 0::bigint end as rsi_5m_part_2,
      close_e8::float8 as current_price_part,
      close_e8::numeric * close_e8 as bollinger_position_part
    from stage_1
    where t >= first_t - 340
    order by t
  ),
  stage_3 as (
    select
      t,
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
      closes_20,
      sum(qty) over last_60 as qty_60s,
      case when count(rsi_5m_part) over last_60x5 = 60 then (sum(rsi_5m_part) over last_60x5)::bigint end as rises_60,
      case when count(rsi_5m_part_2) over last_60x5 = 60 then (sum(rsi_5m_part_2) over last_60x5)::bigint end as falls_60,
      array_agg(current_price_part) over newest_52x5 as current_price_part_newest_52x5,
      case when count(bollinger_position_part) over last_20x5 = 20 then sum(bollinger_position_part) over last_20x5 end as squares_20
    from stage_2
    window
      last_60 as (order by t rows 59 preceding),
      last_60x5 as (partition by t % 5 order by t rows 59 preceding),
      newest_52x5 as (partition by t % 5 order by t desc rows between current row and 51 following),
      last_20x5 as (partition by t % 5 order by t rows 19 preceding)
  ),
  stage_4 as (
    select
      t,
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
      0.003360272069726949::float8 * current_price_part_newest_52x5[24]
        + 0.0039712306278591215::float8 * current_price_part_newest_52x5[23]
        + 0.004693272560197144::float8 * current_price_part_newest_52x5[22]
        + 0.005546594843869352::float8 * current_price_part_newest_52x5[21]
        + 0.0065550666336637795::float8 * current_price_part_newest_52x5[20]
        + 0.0077468969306935575::float8 * current_price_part_newest_52x5[19]
        + 0.009155423645365113::float8 * current_price_part_newest_52x5[18]
        + 0.010820046126340589::float8 * current_price_part_newest_52x5[17]
        + 0.012787327240220695::float8 * current_price_part_newest_52x5[16]
        + 0.01511229582935173::float8 * current_price_part_newest_52x5[15]
        + 0.01785998598014295::float8 * current_price_part_newest_52x5[14]
        + 0.02110725615835076::float8 * current_price_part_newest_52x5[13]
        + 0.024944939096232716::float8 * current_price_part_newest_52x5[12]
        + 0.02948038256827503::float8 * current_price_part_newest_52x5[11]
        + 0.034840452126143215::float8 * current_price_part_newest_52x5[10]
        + 0.041175079785441986::float8 * current_price_part_newest_52x5[9]
        + 0.04866145792824962::float8 * current_price_part_newest_52x5[8]
        + 0.05750899573338592::float8 * current_price_part_newest_52x5[7]
        + 0.06796517677581972::float8 * current_price_part_newest_52x5[6]
        + 0.08032248164415058::float8 * current_price_part_newest_52x5[5]
        + 0.09492656921581433::float8 * current_price_part_newest_52x5[4]
        + 0.11218594543687146::float8 * current_price_part_newest_52x5[3]
        + 0.1325833900617572::float8 * current_price_part_newest_52x5[2]
        + 0.15668946098207667::float8 * current_price_part_newest_52x5[1] as macd_signal_part,
      0.0014895903469246165::float8 * current_price_part_newest_52x5[52]
        + 0.0016087575746785857::float8 * current_price_part_newest_52x5[51]
        + 0.0017374581806528725::float8 * current_price_part_newest_52x5[50]
        + 0.0018764548351051023::float8 * current_price_part_newest_52x5[49]
        + 0.0020265712219135106::float8 * current_price_part_newest_52x5[48]
        + 0.0021886969196665915::float8 * current_price_part_newest_52x5[47]
        + 0.0023637926732399187::float8 * current_price_part_newest_52x5[46]
        + 0.002552896087099112::float8 * current_price_part_newest_52x5[45]
        + 0.002757127774067041::float8 * current_price_part_newest_52x5[44]
        + 0.0029776979959924045::float8 * current_price_part_newest_52x5[43]
        + 0.0032159138356717965::float8 * current_price_part_newest_52x5[42]
        + 0.0034731869425255408::float8 * current_price_part_newest_52x5[41]
        + 0.0037510418979275835::float8 * current_price_part_newest_52x5[40]
        + 0.00405112524976179::float8 * current_price_part_newest_52x5[39]
        + 0.004375215269742734::float8 * current_price_part_newest_52x5[38]
        + 0.0047252324913221525::float8 * current_price_part_newest_52x5[37]
        + 0.005103251090627924::float8 * current_price_part_newest_52x5[36]
        + 0.005511511177878159::float8 * current_price_part_newest_52x5[35]
        + 0.005952432072108411::float8 * current_price_part_newest_52x5[34]
        + 0.006428626637877083::float8 * current_price_part_newest_52x5[33]
        + 0.00694291676890725::float8 * current_price_part_newest_52x5[32]
        + 0.00749835011041983::float8 * current_price_part_newest_52x5[31]
        + 0.008098218119253417::float8 * current_price_part_newest_52x5[30]
        + 0.00874607556879369::float8 * current_price_part_newest_52x5[29]
        + 0.009445761614297186::float8 * current_price_part_newest_52x5[28]
        + 0.010201422543440959::float8 * current_price_part_newest_52x5[27]
        + 0.011017536346916237::float8 * current_price_part_newest_52x5[26]
        + 0.011898939254669536::float8 * current_price_part_newest_52x5[25]
        + 0.012850854395043099::float8 * current_price_part_newest_52x5[24]
        + 0.013878922746646547::float8 * current_price_part_newest_52x5[23]
        + 0.014989236566378268::float8 * current_price_part_newest_52x5[22]
        + 0.01618837549168853::float8 * current_price_part_newest_52x5[21]
        + 0.01748344553102361::float8 * current_price_part_newest_52x5[20]
        + 0.0188821211735055::float8 * current_price_part_newest_52x5[19]
        + 0.020392690867385942::float8 * current_price_part_newest_52x5[18]
        + 0.022024106136776817::float8 * current_price_part_newest_52x5[17]
        + 0.023786034627718965::float8 * current_price_part_newest_52x5[16]
        + 0.02568891739793648::float8 * current_price_part_newest_52x5[15]
        + 0.027744030789771397::float8 * current_price_part_newest_52x5[14]
        + 0.029963553252953107::float8 * current_price_part_newest_52x5[13]
        + 0.03236063751318936::float8 * current_price_part_newest_52x5[12]
        + 0.03494948851424451::float8 * current_price_part_newest_52x5[11]
        + 0.03774544759538406::float8 * current_price_part_newest_52x5[10]
        + 0.04076508340301479::float8 * current_price_part_newest_52x5[9]
        + 0.04402629007525598::float8 * current_price_part_newest_52x5[8]
        + 0.047548393281276455::float8 * current_price_part_newest_52x5[7]
        + 0.051352264743778575::float8 * current_price_part_newest_52x5[6]
        + 0.05546044592328086::float8 * current_price_part_newest_52x5[5]
        + 0.05989728159714333::float8 * current_price_part_newest_52x5[4]
        + 0.0646890641249148::float8 * current_price_part_newest_52x5[3]
        + 0.06986418925490798::float8 * current_price_part_newest_52x5[2]
        + 0.07545332439530061::float8 * current_price_part_newest_52x5[1] as macd_signal_part_2,
      ((20 * squares_20) - (closes_20::numeric * closes_20))::float8 as bollinger_position_part_2
    from stage_3
    where t >= first_t - 85
    order by t
  ),
  stage_6 as (
    select
      t,
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
      case when bollinger_position_part_2 >= 0 then sqrt(bollinger_position_part_2) end as deviation_20
    from stage_4
    where t >= first_t - 85
    order by t
  ),
  stage_7 as (
    select
      t,
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
      deviation_20,
      closes_20,
      array_agg(macd_e8) over newest_18x5 as macd_e8_newest_18x5
    from stage_6
    window
      newest_18x5 as (partition by t % 5 order by t desc rows between current row and 17 following)
  ),
  stage_8 as (
    select
      t,
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
      deviation_20,
      closes_20,
      0.004586217578480437::float8 * macd_e8_newest_18x5[18]
        + 0.0057327719731005465::float8 * macd_e8_newest_18x5[17]
        + 0.007165964966375683::float8 * macd_e8_newest_18x5[16]
        + 0.008957456207969602::float8 * macd_e8_newest_18x5[15]
        + 0.011196820259962001::float8 * macd_e8_newest_18x5[14]
        + 0.013996025324952501::float8 * macd_e8_newest_18x5[13]
        + 0.017495031656190627::float8 * macd_e8_newest_18x5[12]
        + 0.021868789570238283::float8 * macd_e8_newest_18x5[11]
        + 0.02733598696279785::float8 * macd_e8_newest_18x5[10]
        + 0.03416998370349732::float8 * macd_e8_newest_18x5[9]
        + 0.04271247962937164::float8 * macd_e8_newest_18x5[8]
        + 0.053390599536714545::float8 * macd_e8_newest_18x5[7]
        + 0.06673824942089318::float8 * macd_e8_newest_18x5[6]
        + 0.08342281177611648::float8 * macd_e8_newest_18x5[5]
        + 0.10427851472014558::float8 * macd_e8_newest_18x5[4]
        + 0.13034814340018197::float8 * macd_e8_newest_18x5[3]
        + 0.16293517925022744::float8 * macd_e8_newest_18x5[2]
        + 0.2036689740627843::float8 * macd_e8_newest_18x5[1] as macd_e8_weighted_18x5s
    from stage_7
    where t >= first_t
    order by t
  )
  select
    p_symbol,
    to_timestamp(t),
    coalesce(first_sec < t - 341 and hole_us < (t - 341) * 1000000, false) as warm,
    close_e8::float8 / 1e8::float8 as current_price,
    lnr(close_e8, close_e8_60s_ago) as price_change_1m,
    lnr(close_e8, close_e8_300s_ago) as price_change_5m,
    case when qty_60s = 0 then (close_e8::float8 / 1e8::float8) else (notional_e16_sum_60s::float8 / nullif((qty_60s * 100000000)::float8, 0)) end as vwap,
    (buy_qty_e8 + sell_qty_e8)::float8 / 1e8::float8 as volume,
    qty_60s::float8 / 6e9::float8 as volume_avg_1m,
    n_sum_60s::float8 / 60::float8 as trade_intensity,
    (ask_price_e8 - bid_price_e8)::float8 / 1e8::float8 as bid_ask_spread,
    case ((bid_qty_e8 + ask_qty_e8) = 0) when true then 0::float8 when false then ((bid_qty_e8 - ask_qty_e8)::float8 / nullif((bid_qty_e8 + ask_qty_e8)::float8, 0)) end as order_book_imbalance,
    case ((rises_60 + falls_60) = 0) when true then 50::float8 when false then ((100::numeric * rises_60)::float8 / nullif((rises_60 + falls_60)::float8, 0)) end as rsi_5m,
    macd_e8_weighted_18x5s / 1e8::float8 as macd_signal,
    case (deviation_20 = 0::float8) when true then 0.5::float8 when false then ((((20 * close_e8) - closes_20)::float8 + (2::float8 * deviation_20)) / nullif(4::float8 * deviation_20, 0)) end as bollinger_position
  from stage_8
  where t >= first_t
  order by t;
end
$function$;

comment on function features_minute(text, timestamptz, timestamptz) is 'Feature set minute, hash 4fc32ee7fa559081474cf117a30611d1651863cf0e16fab703c30797cd8ce5ae; text 86d86033f088e1189366740f21cc7a53c5980469efaa3fd11d5a754f32b8aa3e';

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
  -- A quote, or a trade, at or after t + p_horizon_s says that nothing before it is missing.
  newest_quote_t bigint := us_of((select max(sec) from quotes_1s where symbol = p_symbol)) / 1000000;
  newest_trade_t bigint := us_of((select max(sec) from bars_1s where symbol = p_symbol)) / 1000000;
  last_trade_before bigint[] := (
    select max(last_row)
    from (
      select array[last_trade_id, close_e8, us_of(received_at)] as last_row
      from bars_1s
      where symbol = p_symbol
        and sec < from_sec
      order by sec desc
      limit 128
    ) as newest
  );
  last_quote_before bigint[] := (
    select max(last_row)
    from (
      select array[update_id, ts_us, bid_price_e8 + ask_price_e8, us_of(received_at)] as last_row
      from quotes_1s
      where symbol = p_symbol
        and sec < from_sec
      order by sec desc
      limit 128
    ) as newest
  );
  marker_before_us bigint := us_of((select max(ts) from disconnects where symbol = p_symbol and ts < from_sec));
begin
  return query
  with
  breaks as materialized (
    select
      us_of(ts) / 1000000 + 1 as t,
      max(us_of(ts)) as marker_us
    from disconnects
    where symbol = p_symbol
      and ts >= from_sec
      and ts < to_sec
    group by 1
  ),
  heard as (
    select
      t,
      greatest(b.received_at, q.received_at) as received_at,
      greatest(max(case when b.sec is not null then array[b.last_trade_id, b.close_e8, us_of(b.received_at)] end) over so_far, last_trade_before) as last_trade,
      greatest(max(case when q.sec is not null then array[q.update_id, q.ts_us, q.bid_price_e8 + q.ask_price_e8, us_of(q.received_at)] end) over so_far, last_quote_before) as last_quote,
      greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us
    from generate_series(start_t, end_t + p_horizon_s - 1) as seconds(t)
    left join breaks d using (t)
    left join bars_1s b
      on b.symbol = p_symbol
      and b.sec = to_timestamp(t - 1)
      and b.sec >= from_sec
      and b.sec < to_sec
    left join quotes_1s q
      on q.symbol = p_symbol
      and q.sec = to_timestamp(t - 1)
      and q.sec >= from_sec
      and q.sec < to_sec
    window so_far as (order by t rows unbounded preceding)
  ),
  blocks as (
    select
      t,
      last_trade[2] as close_e8,
      case when last_quote[2] > coalesce(marker_us, -1) then last_quote[3] end as mid_sum_e8,
      marker_us,
      at_us(greatest(last_trade[3], last_quote[4])) as carried_at,
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
      coalesce(lead(marker_us, p_horizon_s) over seconds >= t * 1000000, false) as broken,
      greatest(carried_at, block_until_at, lag(block_from_at, 340) over seconds) as vector_known_at,
      max(received_at) over (order by t rows between 1 following and p_horizon_s following) as label_received_at
    from blocks
    window seconds as (order by t)
  ),
  labels as (
    select
      t,
      mid_sum_e8,
      case when t + p_horizon_s <= newest_quote_t and not broken then lnr(mid_sum_then_e8, mid_sum_e8) end as label_mid,
      case when t + p_horizon_s <= newest_trade_t and not broken then lnr(close_then_e8, close_e8) end as label_last,
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

comment on function training_minute(text, timestamptz, timestamptz, integer) is 'Feature set minute, hash 4fc32ee7fa559081474cf117a30611d1651863cf0e16fab703c30797cd8ce5ae; text d9b38fcdbe25793ccb22e809ea8d1c26457ba185471c9240be3d4f734b71d7eb';
