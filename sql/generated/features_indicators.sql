-- What is feature set indicators of a symbol, as of each instant from p_from to before p_to?
-- Generated from src/features: change it there. Set hash 9b2a1a2b438c378b1c9b49c2581e2c336073b31f082f7efea8ef825bfc9d5b52.
create or replace function features_indicators(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz
)
returns table (
  symbol text,
  ts timestamptz,
  warm boolean,
  adx_value double precision,
  rsi_value double precision,
  ema_12 double precision,
  ema_21 double precision,
  ema_50 double precision,
  vwap double precision,
  atr_value double precision,
  bollinger_upper double precision,
  bollinger_lower double precision,
  stoch_k double precision,
  stoch_d double precision,
  macd_line double precision,
  macd_signal double precision,
  volume_ma double precision,
  price_change_pct double precision,
  volatility double precision
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
  start_t bigint := first_t - 5940;
  -- An instant's bar is that of the second before it.
  from_sec timestamptz := to_timestamp(start_t - 1);
  to_sec timestamptz := to_timestamp(end_t - 1);
  -- From here on breaks count: the first instant's look-back, and what it reads.
  known_from timestamptz := to_timestamp(least(first_t - 5941, start_t - 1));
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
      b.high_e8,
      b.low_e8,
      coalesce(b.buy_qty_e8, 0) as buy_qty_e8,
      coalesce(b.sell_qty_e8, 0) as sell_qty_e8,
      coalesce(b.notional_e16, 0) as notional_e16,
      greatest(max(case when b.sec is not null then array[b.epoch, b.last_trade_id, b.close_e8, b.last_trade_ts_us] end) over so_far, last_trade_before) as last_trade,
      greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us,
      coalesce(max(d.hole_us) over so_far, -1) as hole_us
    from generate_series(start_t, end_t - 1) as seconds(t)
    left join breaks d using (t)
    left join trade_bars_of(p_symbol, from_sec, to_sec, trade_places.elsewhere, trade_places.dropped, trade_places.raw) b
      on b.sec = to_timestamp(t - 1)
      and b.n > 0
    window so_far as (order by t rows unbounded preceding)
  ),
  instants as (
    select
      t,
      (t - start_t + 1)::int as i,
      hole_us,
      coalesce(high_e8, last_trade[3]) as high_e8,
      coalesce(low_e8, last_trade[3]) as low_e8,
      last_trade[3] as close_e8,
      buy_qty_e8,
      sell_qty_e8,
      notional_e16
    from heard
    order by t
  ),
  series_0 as materialized (
    select
      array_agg(coalesce(high_e8, 9223372036854775807) order by t) as high_e8__max,
      array_agg(coalesce(low_e8, -9223372036854775807) order by t) as low_e8__min,
      array_agg(coalesce(close_e8, -360287970189639640) order by t) as close_e8__sum20
    from instants
  ),
  stage_1 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      lag(close_e8, 60) over seconds as before,
      coalesce(sum(buy_qty_e8 + sell_qty_e8) over seconds, 0) as qty_sum_so_far,
      coalesce(sum(notional_e16) over seconds, 0) as notional_e16_sum_so_far
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
      before,
      qty_sum_so_far,
      notional_e16_sum_so_far,
      case when t >= first_t - 1672 then greatest(high_e8__max[i], high_e8__max[i - 1], high_e8__max[i - 2], high_e8__max[i - 3], high_e8__max[i - 4], high_e8__max[i - 5], high_e8__max[i - 6], high_e8__max[i - 7]) end as high_e8_max_8x1,
      case when t >= first_t - 1672 then least(low_e8__min[i], low_e8__min[i - 1], low_e8__min[i - 2], low_e8__min[i - 3], low_e8__min[i - 4], low_e8__min[i - 5], low_e8__min[i - 6], low_e8__min[i - 7]) end as low_e8_min_8x1,
      case (close_e8 > before) when true then (close_e8 - before) when false then 0::bigint end as rsi_value_part,
      case (close_e8 < before) when true then (before - close_e8) when false then 0::bigint end as rsi_value_part_2,
      close_e8::float8 as ema_12_part,
      case when t >= first_t then close_e8__sum20[i - 1140]
        + close_e8__sum20[i - 1080]
        + close_e8__sum20[i - 1020]
        + close_e8__sum20[i - 960]
        + close_e8__sum20[i - 900]
        + close_e8__sum20[i - 840]
        + close_e8__sum20[i - 780]
        + close_e8__sum20[i - 720]
        + close_e8__sum20[i - 660]
        + close_e8__sum20[i - 600]
        + close_e8__sum20[i - 540]
        + close_e8__sum20[i - 480]
        + close_e8__sum20[i - 420]
        + close_e8__sum20[i - 360]
        + close_e8__sum20[i - 300]
        + close_e8__sum20[i - 240]
        + close_e8__sum20[i - 180]
        + close_e8__sum20[i - 120]
        + close_e8__sum20[i - 60]
        + close_e8__sum20[i] end as close_e8_sum_20x60,
      close_e8::numeric * close_e8 as bollinger_upper_part,
      lnr(close_e8, before) as bar_return
    from stage_1
    cross join (
      select
        (select high_e8__max from series_0) as high_e8__max,
        (select low_e8__min from series_0) as low_e8__min,
        (select close_e8__sum20 from series_0) as close_e8__sum20
      offset 0
    ) as series
    where t >= first_t - 5940
    order by t
  ),
  series_2 as materialized (
    select
      array_agg(coalesce(high_e8_max_8x1, 9223372036854775807) order by t) as high_e8_max_8x1__max,
      array_agg(coalesce(low_e8_min_8x1, -9223372036854775807) order by t) as low_e8_min_8x1__min,
      array_agg(coalesce(rsi_value_part, -252201579132747748) order by t) as rsi_value_part__sum14,
      array_agg(coalesce(rsi_value_part_2, -252201579132747748) order by t) as rsi_value_part_2__sum14,
      array_agg(coalesce(ema_12_part, 'NaN') order by t) as ema_12_part__f,
      array_agg(coalesce(bar_return, 'NaN') order by t) as bar_return__f
    from stage_2
  ),
  stage_3 as (
    select
      t,
      i,
      hole_us,
      close_e8,
      before,
      close_e8_sum_20x60,
      qty_sum_so_far - lag(qty_sum_so_far, 3600, 0) over seconds as qty_60,
      notional_e16_sum_so_far - lag(notional_e16_sum_so_far, 3600, 0) over seconds as notional_e16_sum_3600s,
      case when count(bollinger_upper_part) over last_20x60 = 20 then sum(bollinger_upper_part) over last_20x60 end as squares_20,
      qty_sum_so_far - lag(qty_sum_so_far, 1200, 0) over seconds as qty_sum_1200s
    from stage_2
    window
      seconds as (order by t rows unbounded preceding),
      last_20x60 as (partition by t % 60 order by t rows 19 preceding)
  ),
  stage_4 as (
    select
      t,
      i,
      hole_us,
      qty_60,
      close_e8,
      notional_e16_sum_3600s,
      qty_sum_1200s,
      before,
      squares_20,
      nullif(greatest(high_e8_max_8x1__max[i], high_e8_max_8x1__max[i - 8], high_e8_max_8x1__max[i - 16], high_e8_max_8x1__max[i - 24], high_e8_max_8x1__max[i - 32], high_e8_max_8x1__max[i - 40], high_e8_max_8x1__max[i - 48], high_e8_max_8x1__max[i - 52]), 9223372036854775807) as bar_high,
      nullif(least(low_e8_min_8x1__min[i], low_e8_min_8x1__min[i - 8], low_e8_min_8x1__min[i - 16], low_e8_min_8x1__min[i - 24], low_e8_min_8x1__min[i - 32], low_e8_min_8x1__min[i - 40], low_e8_min_8x1__min[i - 48], low_e8_min_8x1__min[i - 52]), -9223372036854775807) as bar_low,
      case when t >= first_t then rsi_value_part__sum14[i - 780]
        + rsi_value_part__sum14[i - 720]
        + rsi_value_part__sum14[i - 660]
        + rsi_value_part__sum14[i - 600]
        + rsi_value_part__sum14[i - 540]
        + rsi_value_part__sum14[i - 480]
        + rsi_value_part__sum14[i - 420]
        + rsi_value_part__sum14[i - 360]
        + rsi_value_part__sum14[i - 300]
        + rsi_value_part__sum14[i - 240]
        + rsi_value_part__sum14[i - 180]
        + rsi_value_part__sum14[i - 120]
        + rsi_value_part__sum14[i - 60]
        + rsi_value_part__sum14[i] end as rsi_value_part_sum_14x60,
      case when t >= first_t then rsi_value_part_2__sum14[i - 780]
        + rsi_value_part_2__sum14[i - 720]
        + rsi_value_part_2__sum14[i - 660]
        + rsi_value_part_2__sum14[i - 600]
        + rsi_value_part_2__sum14[i - 540]
        + rsi_value_part_2__sum14[i - 480]
        + rsi_value_part_2__sum14[i - 420]
        + rsi_value_part_2__sum14[i - 360]
        + rsi_value_part_2__sum14[i - 300]
        + rsi_value_part_2__sum14[i - 240]
        + rsi_value_part_2__sum14[i - 180]
        + rsi_value_part_2__sum14[i - 120]
        + rsi_value_part_2__sum14[i - 60]
        + rsi_value_part_2__sum14[i] end as rsi_value_part_sum_14x60_2,
      case when t >= first_t - 1020 then nullif(0.003360272069726949::float8 * ema_12_part__f[i - 1380]
        + 0.0039712306278591215::float8 * ema_12_part__f[i - 1320]
        + 0.004693272560197144::float8 * ema_12_part__f[i - 1260]
        + 0.005546594843869352::float8 * ema_12_part__f[i - 1200]
        + 0.0065550666336637795::float8 * ema_12_part__f[i - 1140]
        + 0.0077468969306935575::float8 * ema_12_part__f[i - 1080]
        + 0.009155423645365113::float8 * ema_12_part__f[i - 1020]
        + 0.010820046126340589::float8 * ema_12_part__f[i - 960]
        + 0.012787327240220695::float8 * ema_12_part__f[i - 900]
        + 0.01511229582935173::float8 * ema_12_part__f[i - 840]
        + 0.01785998598014295::float8 * ema_12_part__f[i - 780]
        + 0.02110725615835076::float8 * ema_12_part__f[i - 720]
        + 0.024944939096232716::float8 * ema_12_part__f[i - 660]
        + 0.02948038256827503::float8 * ema_12_part__f[i - 600]
        + 0.034840452126143215::float8 * ema_12_part__f[i - 540]
        + 0.041175079785441986::float8 * ema_12_part__f[i - 480]
        + 0.04866145792824962::float8 * ema_12_part__f[i - 420]
        + 0.05750899573338592::float8 * ema_12_part__f[i - 360]
        + 0.06796517677581972::float8 * ema_12_part__f[i - 300]
        + 0.08032248164415058::float8 * ema_12_part__f[i - 240]
        + 0.09492656921581433::float8 * ema_12_part__f[i - 180]
        + 0.11218594543687146::float8 * ema_12_part__f[i - 120]
        + 0.1325833900617572::float8 * ema_12_part__f[i - 60]
        + 0.15668946098207667::float8 * ema_12_part__f[i], 'NaN') end as ema_12_part_2,
      case when t >= first_t then nullif(0.0018599910612226507::float8 * ema_12_part__f[i - 2460]
        + 0.002045990167344916::float8 * ema_12_part__f[i - 2400]
        + 0.0022505891840794074::float8 * ema_12_part__f[i - 2340]
        + 0.0024756481024873485::float8 * ema_12_part__f[i - 2280]
        + 0.0027232129127360834::float8 * ema_12_part__f[i - 2220]
        + 0.0029955342040096917::float8 * ema_12_part__f[i - 2160]
        + 0.003295087624410661::float8 * ema_12_part__f[i - 2100]
        + 0.003624596386851727::float8 * ema_12_part__f[i - 2040]
        + 0.0039870560255369::float8 * ema_12_part__f[i - 1980]
        + 0.00438576162809059::float8 * ema_12_part__f[i - 1920]
        + 0.004824337790899649::float8 * ema_12_part__f[i - 1860]
        + 0.005306771569989615::float8 * ema_12_part__f[i - 1800]
        + 0.0058374487269885755::float8 * ema_12_part__f[i - 1740]
        + 0.006421193599687433::float8 * ema_12_part__f[i - 1680]
        + 0.007063312959656176::float8 * ema_12_part__f[i - 1620]
        + 0.007769644255621794::float8 * ema_12_part__f[i - 1560]
        + 0.008546608681183974::float8 * ema_12_part__f[i - 1500]
        + 0.009401269549302373::float8 * ema_12_part__f[i - 1440]
        + 0.01034139650423261::float8 * ema_12_part__f[i - 1380]
        + 0.011375536154655872::float8 * ema_12_part__f[i - 1320]
        + 0.012513089770121458::float8 * ema_12_part__f[i - 1260]
        + 0.013764398747133604::float8 * ema_12_part__f[i - 1200]
        + 0.015140838621846965::float8 * ema_12_part__f[i - 1140]
        + 0.01665492248403166::float8 * ema_12_part__f[i - 1080]
        + 0.018320414732434828::float8 * ema_12_part__f[i - 1020]
        + 0.02015245620567831::float8 * ema_12_part__f[i - 960]
        + 0.022167701826246142::float8 * ema_12_part__f[i - 900]
        + 0.02438447200887076::float8 * ema_12_part__f[i - 840]
        + 0.026822919209757837::float8 * ema_12_part__f[i - 780]
        + 0.029505211130733622::float8 * ema_12_part__f[i - 720]
        + 0.03245573224380699::float8 * ema_12_part__f[i - 660]
        + 0.03570130546818769::float8 * ema_12_part__f[i - 600]
        + 0.03927143601500646::float8 * ema_12_part__f[i - 540]
        + 0.04319857961650711::float8 * ema_12_part__f[i - 480]
        + 0.047518437578157824::float8 * ema_12_part__f[i - 420]
        + 0.052270281335973605::float8 * ema_12_part__f[i - 360]
        + 0.05749730946957096::float8 * ema_12_part__f[i - 300]
        + 0.06324704041652805::float8 * ema_12_part__f[i - 240]
        + 0.06957174445818087::float8 * ema_12_part__f[i - 180]
        + 0.07652891890399896::float8 * ema_12_part__f[i - 120]
        + 0.08418181079439886::float8 * ema_12_part__f[i - 60]
        + 0.09259999187383874::float8 * ema_12_part__f[i], 'NaN') end as ema_21_part,
      case when t >= first_t then nullif(7.611112037172509e-4::float8 * ema_12_part__f[i - 5940]
        + 7.921769671342815e-4::float8 * ema_12_part__f[i - 5880]
        + 8.245107208948644e-4::float8 * ema_12_part__f[i - 5820]
        + 8.581642197068996e-4::float8 * ema_12_part__f[i - 5760]
        + 8.931913307153445e-4::float8 * ema_12_part__f[i - 5700]
        + 9.29648119724134e-4::float8 * ema_12_part__f[i - 5640]
        + 9.67592940937364e-4::float8 * ema_12_part__f[i - 5580]
        + 0.0010070865303633788::float8 * ema_12_part__f[i - 5520]
        + 0.0010481921030312718::float8 * ema_12_part__f[i - 5460]
        + 0.0010909754541754053::float8 * ema_12_part__f[i - 5400]
        + 0.0011355050645499116::float8 * ema_12_part__f[i - 5340]
        + 0.0011818522100417448::float8 * ema_12_part__f[i - 5280]
        + 0.0012300910757577343::float8 * ema_12_part__f[i - 5220]
        + 0.001280298874768254::float8 * ema_12_part__f[i - 5160]
        + 0.0013325559716975703::float8 * ema_12_part__f[i - 5100]
        + 0.0013869460113586955::float8 * ema_12_part__f[i - 5040]
        + 0.0014435560526386423::float8 * ema_12_part__f[i - 4980]
        + 0.0015024767078483828::float8 * ema_12_part__f[i - 4920]
        + 0.0015638022877605615::float8 * ema_12_part__f[i - 4860]
        + 0.0016276309525671152::float8 * ema_12_part__f[i - 4800]
        + 0.0016940648689984259::float8 * ema_12_part__f[i - 4740]
        + 0.0017632103738555046::float8 * ema_12_part__f[i - 4680]
        + 0.0018351781442169537::float8 * ema_12_part__f[i - 4620]
        + 0.001910083374593156::float8 * ema_12_part__f[i - 4560]
        + 0.001988045961311244::float8 * ema_12_part__f[i - 4500]
        + 0.0020691906944259883::float8 * ema_12_part__f[i - 4440]
        + 0.0021536474574637837::float8 * ema_12_part__f[i - 4380]
        + 0.0022415514353194485::float8 * ema_12_part__f[i - 4320]
        + 0.0023330433306386097::float8 * ema_12_part__f[i - 4260]
        + 0.002428269589032022::float8 * ema_12_part__f[i - 4200]
        + 0.0025273826334823086::float8 * ema_12_part__f[i - 4140]
        + 0.0026305411083183215::float8 * ema_12_part__f[i - 4080]
        + 0.0027379101331476406::float8 * ema_12_part__f[i - 4020]
        + 0.0028496615671536663::float8 * ema_12_part__f[i - 3960]
        + 0.0029659742841803465::float8 * ema_12_part__f[i - 3900]
        + 0.00308703445904485::float8 * ema_12_part__f[i - 3840]
        + 0.0032130358655364766::float8 * ema_12_part__f[i - 3780]
        + 0.0033441801865787815::float8 * ema_12_part__f[i - 3720]
        + 0.003480677337051385::float8 * ema_12_part__f[i - 3660]
        + 0.003622745799788176::float8 * ema_12_part__f[i - 3600]
        + 0.003770612975289734::float8 * ema_12_part__f[i - 3540]
        + 0.003924515545709723::float8 * ema_12_part__f[i - 3480]
        + 0.004084699853697874::float8 * ema_12_part__f[i - 3420]
        + 0.004251422296705951::float8 * ema_12_part__f[i - 3360]
        + 0.004424949737387827::float8 * ema_12_part__f[i - 3300]
        + 0.004605559930750595::float8 * ema_12_part__f[i - 3240]
        + 0.004793541968740415::float8 * ema_12_part__f[i - 3180]
        + 0.004989196742974717::float8 * ema_12_part__f[i - 3120]
        + 0.005192837426361441::float8 * ema_12_part__f[i - 3060]
        + 0.005404789974376193::float8 * ema_12_part__f[i - 3000]
        + 0.00562539364679971::float8 * ema_12_part__f[i - 2940]
        + 0.005855001550750718::float8 * ema_12_part__f[i - 2880]
        + 0.006093981205883401::float8 * ema_12_part__f[i - 2820]
        + 0.006342715132654151::float8 * ema_12_part__f[i - 2760]
        + 0.006601601464599218::float8 * ema_12_part__f[i - 2700]
        + 0.006871054585603267::float8 * ema_12_part__f[i - 2640]
        + 0.00715150579317891::float8 * ema_12_part__f[i - 2580]
        + 0.0074434039888188665::float8 * ema_12_part__f[i - 2520]
        + 0.007747216396525759::float8 * ema_12_part__f[i - 2460]
        + 0.008063429310669668::float8 * ema_12_part__f[i - 2400]
        + 0.008392548874370468::float8 * ema_12_part__f[i - 2340]
        + 0.008735101889650897::float8 * ema_12_part__f[i - 2280]
        + 0.009091636660657055::float8 * ema_12_part__f[i - 2220]
        + 0.009462723871296118::float8 * ema_12_part__f[i - 2160]
        + 0.00984895749869596::float8 * ema_12_part__f[i - 2100]
        + 0.010250955763948855::float8 * ema_12_part__f[i - 2040]
        + 0.010669362121661053::float8 * ema_12_part__f[i - 1980]
        + 0.011104846289892117::float8 * ema_12_part__f[i - 1920]
        + 0.011558105322132611::float8 * ema_12_part__f[i - 1860]
        + 0.012029864723035983::float8 * ema_12_part__f[i - 1800]
        + 0.012520879609690512::float8 * ema_12_part__f[i - 1740]
        + 0.013031935920290125::float8 * ema_12_part__f[i - 1680]
        + 0.0135638516721387::float8 * ema_12_part__f[i - 1620]
        + 0.014117478271001505::float8 * ema_12_part__f[i - 1560]
        + 0.014693701873899526::float8 * ema_12_part__f[i - 1500]
        + 0.015293444807528079::float8 * ema_12_part__f[i - 1440]
        + 0.015917667044570042::float8 * ema_12_part__f[i - 1380]
        + 0.016567367740266778::float8 * ema_12_part__f[i - 1320]
        + 0.017243586831706237::float8 * ema_12_part__f[i - 1260]
        + 0.017947406702388122::float8 * ema_12_part__f[i - 1200]
        + 0.018679953914730495::float8 * ema_12_part__f[i - 1140]
        + 0.019442401013290922::float8 * ema_12_part__f[i - 1080]
        + 0.02023596840158851::float8 * ema_12_part__f[i - 1020]
        + 0.0210619262955309::float8 * ema_12_part__f[i - 960]
        + 0.021921596756572976::float8 * ema_12_part__f[i - 900]
        + 0.022816355807861666::float8 * ema_12_part__f[i - 840]
        + 0.02374763563675398::float8 * ema_12_part__f[i - 780]
        + 0.02471692688723373::float8 * ema_12_part__f[i - 720]
        + 0.02572578104589633::float8 * ema_12_part__f[i - 660]
        + 0.02677581292532067::float8 * ema_12_part__f[i - 600]
        + 0.027868703248803146::float8 * ema_12_part__f[i - 540]
        + 0.02900620134059103::float8 * ema_12_part__f[i - 480]
        + 0.030190127925921274::float8 * ema_12_part__f[i - 420]
        + 0.03142237804534663::float8 * ema_12_part__f[i - 360]
        + 0.03270492408801384::float8 * ema_12_part__f[i - 300]
        + 0.0340398189487491::float8 * ema_12_part__f[i - 240]
        + 0.035429199314004164::float8 * ema_12_part__f[i - 180]
        + 0.036875289081922696::float8 * ema_12_part__f[i - 120]
        + 0.03838040292200118::float8 * ema_12_part__f[i - 60]
        + 0.03994694998004204::float8 * ema_12_part__f[i], 'NaN') end as ema_50_part,
      case when close_e8_sum_20x60 >= -180143985094819820 then close_e8_sum_20x60 end as closes_20,
      case when t >= first_t - 1020 then nullif(0.0014895903469246165::float8 * ema_12_part__f[i - 3060]
        + 0.0016087575746785857::float8 * ema_12_part__f[i - 3000]
        + 0.0017374581806528725::float8 * ema_12_part__f[i - 2940]
        + 0.0018764548351051023::float8 * ema_12_part__f[i - 2880]
        + 0.0020265712219135106::float8 * ema_12_part__f[i - 2820]
        + 0.0021886969196665915::float8 * ema_12_part__f[i - 2760]
        + 0.0023637926732399187::float8 * ema_12_part__f[i - 2700]
        + 0.002552896087099112::float8 * ema_12_part__f[i - 2640]
        + 0.002757127774067041::float8 * ema_12_part__f[i - 2580]
        + 0.0029776979959924045::float8 * ema_12_part__f[i - 2520]
        + 0.0032159138356717965::float8 * ema_12_part__f[i - 2460]
        + 0.0034731869425255408::float8 * ema_12_part__f[i - 2400]
        + 0.0037510418979275835::float8 * ema_12_part__f[i - 2340]
        + 0.00405112524976179::float8 * ema_12_part__f[i - 2280]
        + 0.004375215269742734::float8 * ema_12_part__f[i - 2220]
        + 0.0047252324913221525::float8 * ema_12_part__f[i - 2160]
        + 0.005103251090627924::float8 * ema_12_part__f[i - 2100]
        + 0.005511511177878159::float8 * ema_12_part__f[i - 2040]
        + 0.005952432072108411::float8 * ema_12_part__f[i - 1980]
        + 0.006428626637877083::float8 * ema_12_part__f[i - 1920]
        + 0.00694291676890725::float8 * ema_12_part__f[i - 1860]
        + 0.00749835011041983::float8 * ema_12_part__f[i - 1800]
        + 0.008098218119253417::float8 * ema_12_part__f[i - 1740]
        + 0.00874607556879369::float8 * ema_12_part__f[i - 1680]
        + 0.009445761614297186::float8 * ema_12_part__f[i - 1620]
        + 0.010201422543440959::float8 * ema_12_part__f[i - 1560]
        + 0.011017536346916237::float8 * ema_12_part__f[i - 1500]
        + 0.011898939254669536::float8 * ema_12_part__f[i - 1440]
        + 0.012850854395043099::float8 * ema_12_part__f[i - 1380]
        + 0.013878922746646547::float8 * ema_12_part__f[i - 1320]
        + 0.014989236566378268::float8 * ema_12_part__f[i - 1260]
        + 0.01618837549168853::float8 * ema_12_part__f[i - 1200]
        + 0.01748344553102361::float8 * ema_12_part__f[i - 1140]
        + 0.0188821211735055::float8 * ema_12_part__f[i - 1080]
        + 0.020392690867385942::float8 * ema_12_part__f[i - 1020]
        + 0.022024106136776817::float8 * ema_12_part__f[i - 960]
        + 0.023786034627718965::float8 * ema_12_part__f[i - 900]
        + 0.02568891739793648::float8 * ema_12_part__f[i - 840]
        + 0.027744030789771397::float8 * ema_12_part__f[i - 780]
        + 0.029963553252953107::float8 * ema_12_part__f[i - 720]
        + 0.03236063751318936::float8 * ema_12_part__f[i - 660]
        + 0.03494948851424451::float8 * ema_12_part__f[i - 600]
        + 0.03774544759538406::float8 * ema_12_part__f[i - 540]
        + 0.04076508340301479::float8 * ema_12_part__f[i - 480]
        + 0.04402629007525598::float8 * ema_12_part__f[i - 420]
        + 0.047548393281276455::float8 * ema_12_part__f[i - 360]
        + 0.051352264743778575::float8 * ema_12_part__f[i - 300]
        + 0.05546044592328086::float8 * ema_12_part__f[i - 240]
        + 0.05989728159714333::float8 * ema_12_part__f[i - 180]
        + 0.0646890641249148::float8 * ema_12_part__f[i - 120]
        + 0.06986418925490798::float8 * ema_12_part__f[i - 60]
        + 0.07545332439530061::float8 * ema_12_part__f[i], 'NaN') end as macd_line_part,
      case when t >= first_t then (bar_return__f[i - 1140]
        + bar_return__f[i - 1080]
        + bar_return__f[i - 1020]
        + bar_return__f[i - 960]
        + bar_return__f[i - 900]
        + bar_return__f[i - 840]
        + bar_return__f[i - 780]
        + bar_return__f[i - 720]
        + bar_return__f[i - 660]
        + bar_return__f[i - 600]
        + bar_return__f[i - 540]
        + bar_return__f[i - 480]
        + bar_return__f[i - 420]
        + bar_return__f[i - 360]
        + bar_return__f[i - 300]
        + bar_return__f[i - 240]
        + bar_return__f[i - 180]
        + bar_return__f[i - 120]
        + bar_return__f[i - 60]
        + bar_return__f[i]) / 20::float8 end as volatility_mean
    from stage_3
    cross join (
      select
        (select high_e8_max_8x1__max from series_2) as high_e8_max_8x1__max,
        (select low_e8_min_8x1__min from series_2) as low_e8_min_8x1__min,
        (select rsi_value_part__sum14 from series_2) as rsi_value_part__sum14,
        (select rsi_value_part_2__sum14 from series_2) as rsi_value_part_2__sum14,
        (select ema_12_part__f from series_2) as ema_12_part__f,
        (select bar_return__f from series_2) as bar_return__f
      offset 0
    ) as series
    where t >= first_t - 1620
    order by t
  ),
  series_4 as materialized (
    select
      array_agg(coalesce(bar_high, 9223372036854775807) order by t) as bar_high__max,
      array_agg(coalesce(bar_low, -9223372036854775807) order by t) as bar_low__min
    from stage_4
  ),
  stage_5 as (
    select
      t,
      i,
      hole_us,
      ema_12_part_2,
      ema_21_part,
      ema_50_part,
      qty_60,
      close_e8,
      notional_e16_sum_3600s,
      closes_20,
      macd_line_part,
      qty_sum_1200s,
      before,
      bar_high,
      bar_low,
      rsi_value_part_sum_14x60,
      rsi_value_part_sum_14x60_2,
      squares_20,
      volatility_mean,
      lag(bar_high, 60) over seconds as bar_high_60s_ago,
      lag(bar_low, 60) over seconds as bar_low_60s_ago
    from stage_4
    window
      seconds as (order by t rows unbounded preceding)
  ),
  stage_6 as (
    select
      t,
      i,
      hole_us,
      ema_12_part_2,
      ema_21_part,
      ema_50_part,
      qty_60,
      close_e8,
      notional_e16_sum_3600s,
      closes_20,
      macd_line_part,
      qty_sum_1200s,
      before,
      case ((bar_high - bar_high_60s_ago) > (bar_low_60s_ago - bar_low)) when true then case ((bar_high - bar_high_60s_ago) > 0) when true then (bar_high - bar_high_60s_ago) when false then 0::bigint end when false then 0::bigint end as adx_value_part,
      case ((bar_low_60s_ago - bar_low) > (bar_high - bar_high_60s_ago)) when true then case ((bar_low_60s_ago - bar_low) > 0) when true then (bar_low_60s_ago - bar_low) when false then 0::bigint end when false then 0::bigint end as adx_value_part_2,
      case when rsi_value_part_sum_14x60 >= -126100789566373874 then rsi_value_part_sum_14x60 end as rises_14,
      case when rsi_value_part_sum_14x60_2 >= -126100789566373874 then rsi_value_part_sum_14x60_2 end as falls_14,
      case (bar_high > before) when true then bar_high when false then before end - case (bar_low < before) when true then bar_low when false then before end as true_range,
      ((20 * squares_20) - (closes_20::numeric * closes_20))::float8 as bollinger_upper_part_2,
      case when t >= first_t - 120 then nullif(greatest(bar_high__max[i - 4320], bar_high__max[i - 4380], bar_high__max[i - 4440], bar_high__max[i - 4500], bar_high__max[i - 4560], bar_high__max[i - 4620], bar_high__max[i - 4680], bar_high__max[i - 4740], bar_high__max[i - 4800], bar_high__max[i - 4860], bar_high__max[i - 4920], bar_high__max[i - 4980], bar_high__max[i - 5040], bar_high__max[i - 5100]), 9223372036854775807) end as high_14,
      case when t >= first_t - 120 then nullif(least(bar_low__min[i - 4320], bar_low__min[i - 4380], bar_low__min[i - 4440], bar_low__min[i - 4500], bar_low__min[i - 4560], bar_low__min[i - 4620], bar_low__min[i - 4680], bar_low__min[i - 4740], bar_low__min[i - 4800], bar_low__min[i - 4860], bar_low__min[i - 4920], bar_low__min[i - 4980], bar_low__min[i - 5040], bar_low__min[i - 5100]), -9223372036854775807) end as low_14,
      ema_12_part_2 - macd_line_part as macd_e8,
      case when t >= first_t then nullif(sqrt(((bar_return__f[i - 1140] - volatility_mean) * (bar_return__f[i - 1140] - volatility_mean)
        + (bar_return__f[i - 1080] - volatility_mean) * (bar_return__f[i - 1080] - volatility_mean)
        + (bar_return__f[i - 1020] - volatility_mean) * (bar_return__f[i - 1020] - volatility_mean)
        + (bar_return__f[i - 960] - volatility_mean) * (bar_return__f[i - 960] - volatility_mean)
        + (bar_return__f[i - 900] - volatility_mean) * (bar_return__f[i - 900] - volatility_mean)
        + (bar_return__f[i - 840] - volatility_mean) * (bar_return__f[i - 840] - volatility_mean)
        + (bar_return__f[i - 780] - volatility_mean) * (bar_return__f[i - 780] - volatility_mean)
        + (bar_return__f[i - 720] - volatility_mean) * (bar_return__f[i - 720] - volatility_mean)
        + (bar_return__f[i - 660] - volatility_mean) * (bar_return__f[i - 660] - volatility_mean)
        + (bar_return__f[i - 600] - volatility_mean) * (bar_return__f[i - 600] - volatility_mean)
        + (bar_return__f[i - 540] - volatility_mean) * (bar_return__f[i - 540] - volatility_mean)
        + (bar_return__f[i - 480] - volatility_mean) * (bar_return__f[i - 480] - volatility_mean)
        + (bar_return__f[i - 420] - volatility_mean) * (bar_return__f[i - 420] - volatility_mean)
        + (bar_return__f[i - 360] - volatility_mean) * (bar_return__f[i - 360] - volatility_mean)
        + (bar_return__f[i - 300] - volatility_mean) * (bar_return__f[i - 300] - volatility_mean)
        + (bar_return__f[i - 240] - volatility_mean) * (bar_return__f[i - 240] - volatility_mean)
        + (bar_return__f[i - 180] - volatility_mean) * (bar_return__f[i - 180] - volatility_mean)
        + (bar_return__f[i - 120] - volatility_mean) * (bar_return__f[i - 120] - volatility_mean)
        + (bar_return__f[i - 60] - volatility_mean) * (bar_return__f[i - 60] - volatility_mean)
        + (bar_return__f[i] - volatility_mean) * (bar_return__f[i] - volatility_mean)) / 19::float8), 'NaN') end as volatility
    from stage_5
    cross join (
      select
        (select bar_high__max from series_4) as bar_high__max,
        (select bar_low__min from series_4) as bar_low__min,
        (select bar_return__f from series_2) as bar_return__f
      offset 0
    ) as series
    where t >= first_t - 1560
    order by t
  ),
  series_6 as materialized (
    select
      array_agg(coalesce(adx_value_part, -252201579132747748) order by t) as adx_value_part__sum14,
      array_agg(coalesce(adx_value_part_2, -252201579132747748) order by t) as adx_value_part_2__sum14,
      array_agg(coalesce(true_range, -252201579132747748) order by t) as true_range__sum14,
      array_agg(coalesce(macd_e8, 'NaN') order by t) as macd_e8__f
    from stage_6
  ),
  stage_8 as (
    select
      t,
      i,
      hole_us,
      rises_14,
      falls_14,
      ema_12_part_2,
      ema_21_part,
      ema_50_part,
      qty_60,
      close_e8,
      notional_e16_sum_3600s,
      closes_20,
      macd_line_part,
      qty_sum_1200s,
      before,
      volatility,
      adx_value_part__sum14[i - 5160]
        + adx_value_part__sum14[i - 5100]
        + adx_value_part__sum14[i - 5040]
        + adx_value_part__sum14[i - 4980]
        + adx_value_part__sum14[i - 4920]
        + adx_value_part__sum14[i - 4860]
        + adx_value_part__sum14[i - 4800]
        + adx_value_part__sum14[i - 4740]
        + adx_value_part__sum14[i - 4680]
        + adx_value_part__sum14[i - 4620]
        + adx_value_part__sum14[i - 4560]
        + adx_value_part__sum14[i - 4500]
        + adx_value_part__sum14[i - 4440]
        + adx_value_part__sum14[i - 4380] as adx_value_part_sum_14x60,
      adx_value_part_2__sum14[i - 5160]
        + adx_value_part_2__sum14[i - 5100]
        + adx_value_part_2__sum14[i - 5040]
        + adx_value_part_2__sum14[i - 4980]
        + adx_value_part_2__sum14[i - 4920]
        + adx_value_part_2__sum14[i - 4860]
        + adx_value_part_2__sum14[i - 4800]
        + adx_value_part_2__sum14[i - 4740]
        + adx_value_part_2__sum14[i - 4680]
        + adx_value_part_2__sum14[i - 4620]
        + adx_value_part_2__sum14[i - 4560]
        + adx_value_part_2__sum14[i - 4500]
        + adx_value_part_2__sum14[i - 4440]
        + adx_value_part_2__sum14[i - 4380] as adx_value_part_sum_14x60_2,
      case when t >= first_t then true_range__sum14[i - 5160]
        + true_range__sum14[i - 5100]
        + true_range__sum14[i - 5040]
        + true_range__sum14[i - 4980]
        + true_range__sum14[i - 4920]
        + true_range__sum14[i - 4860]
        + true_range__sum14[i - 4800]
        + true_range__sum14[i - 4740]
        + true_range__sum14[i - 4680]
        + true_range__sum14[i - 4620]
        + true_range__sum14[i - 4560]
        + true_range__sum14[i - 4500]
        + true_range__sum14[i - 4440]
        + true_range__sum14[i - 4380] end as true_range_sum_14x60,
      2::float8 * case when bollinger_upper_part_2 >= 0 then sqrt(bollinger_upper_part_2) end as bollinger_upper_part_3,
      case ((high_14 - low_14) = 0) when true then 50::float8 when false then ((100 * (close_e8 - low_14))::float8 / nullif((high_14 - low_14)::float8, 0)) end as stoch_k,
      case when t >= first_t then nullif(0.004586217578480437::float8 * macd_e8__f[i - 5400]
        + 0.0057327719731005465::float8 * macd_e8__f[i - 5340]
        + 0.007165964966375683::float8 * macd_e8__f[i - 5280]
        + 0.008957456207969602::float8 * macd_e8__f[i - 5220]
        + 0.011196820259962001::float8 * macd_e8__f[i - 5160]
        + 0.013996025324952501::float8 * macd_e8__f[i - 5100]
        + 0.017495031656190627::float8 * macd_e8__f[i - 5040]
        + 0.021868789570238283::float8 * macd_e8__f[i - 4980]
        + 0.02733598696279785::float8 * macd_e8__f[i - 4920]
        + 0.03416998370349732::float8 * macd_e8__f[i - 4860]
        + 0.04271247962937164::float8 * macd_e8__f[i - 4800]
        + 0.053390599536714545::float8 * macd_e8__f[i - 4740]
        + 0.06673824942089318::float8 * macd_e8__f[i - 4680]
        + 0.08342281177611648::float8 * macd_e8__f[i - 4620]
        + 0.10427851472014558::float8 * macd_e8__f[i - 4560]
        + 0.13034814340018197::float8 * macd_e8__f[i - 4500]
        + 0.16293517925022744::float8 * macd_e8__f[i - 4440]
        + 0.2036689740627843::float8 * macd_e8__f[i - 4380], 'NaN') end as macd_e8_weighted_18x60s
    from stage_6
    cross join (
      select
        (select adx_value_part__sum14 from series_6) as adx_value_part__sum14,
        (select adx_value_part_2__sum14 from series_6) as adx_value_part_2__sum14,
        (select true_range__sum14 from series_6) as true_range__sum14,
        (select macd_e8__f from series_6) as macd_e8__f
      offset 0
    ) as series
    where t >= first_t - 780
    order by t
  ),
  series_8 as materialized (
    select
      array_agg(coalesce(stoch_k, 'NaN') order by t) as stoch_k__f
    from stage_8
  ),
  stage_10 as (
    select
      t,
      i,
      hole_us,
      rises_14,
      falls_14,
      ema_12_part_2,
      ema_21_part,
      ema_50_part,
      qty_60,
      close_e8,
      notional_e16_sum_3600s,
      closes_20,
      bollinger_upper_part_3,
      stoch_k,
      macd_line_part,
      macd_e8_weighted_18x60s,
      qty_sum_1200s,
      before,
      volatility,
      case when adx_value_part_sum_14x60 >= -126100789566373874 then adx_value_part_sum_14x60 end as ups_14,
      case when adx_value_part_sum_14x60_2 >= -126100789566373874 then adx_value_part_sum_14x60_2 end as downs_14,
      case when true_range_sum_14x60 >= -126100789566373874 then true_range_sum_14x60 end as true_range_sum_14x60s,
      case when t >= first_t then nullif(stoch_k__f[i - 5280] + stoch_k__f[i - 5220] + stoch_k__f[i - 5160], 'NaN') end as stoch_k_sum_3x60s
    from stage_8
    cross join (
      select
        (select stoch_k__f from series_8) as stoch_k__f
      offset 0
    ) as series
    where t >= first_t - 780
    order by t
  ),
  stage_12 as (
    select
      t,
      i,
      hole_us,
      rises_14,
      falls_14,
      ema_12_part_2,
      ema_21_part,
      ema_50_part,
      qty_60,
      close_e8,
      notional_e16_sum_3600s,
      true_range_sum_14x60s,
      closes_20,
      bollinger_upper_part_3,
      stoch_k,
      stoch_k_sum_3x60s,
      macd_line_part,
      macd_e8_weighted_18x60s,
      qty_sum_1200s,
      before,
      volatility,
      case ((ups_14 + downs_14) = 0) when true then 0::float8 when false then ((100::numeric * case (ups_14 > downs_14) when true then (ups_14 - downs_14) when false then (downs_14 - ups_14) end)::float8 / nullif((ups_14 + downs_14)::float8, 0)) end as dx_14
    from stage_10
    where t >= first_t - 780
    order by t
  ),
  series_12 as materialized (
    select
      array_agg(coalesce(dx_14, 'NaN') order by t) as dx_14__f
    from stage_12
  ),
  stage_14 as (
    select
      t,
      i,
      hole_us,
      rises_14,
      falls_14,
      ema_12_part_2,
      ema_21_part,
      ema_50_part,
      qty_60,
      close_e8,
      notional_e16_sum_3600s,
      true_range_sum_14x60s,
      closes_20,
      bollinger_upper_part_3,
      stoch_k,
      stoch_k_sum_3x60s,
      macd_line_part,
      macd_e8_weighted_18x60s,
      qty_sum_1200s,
      before,
      volatility,
      nullif(dx_14__f[i - 5940]
        + dx_14__f[i - 5880]
        + dx_14__f[i - 5820]
        + dx_14__f[i - 5760]
        + dx_14__f[i - 5700]
        + dx_14__f[i - 5640]
        + dx_14__f[i - 5580]
        + dx_14__f[i - 5520]
        + dx_14__f[i - 5460]
        + dx_14__f[i - 5400]
        + dx_14__f[i - 5340]
        + dx_14__f[i - 5280]
        + dx_14__f[i - 5220]
        + dx_14__f[i - 5160], 'NaN') as dx_14_sum_14x60s
    from stage_12
    cross join (
      select
        (select dx_14__f from series_12) as dx_14__f
      offset 0
    ) as series
    where t >= first_t
    order by t
  )
  select
    p_symbol,
    to_timestamp(t),
    coalesce(first_sec < t - 5941 and t <= last_sec and hole_us < (t - 5941) * 1000000, false) as warm,
    dx_14_sum_14x60s / 14::float8 as adx_value,
    case ((rises_14 + falls_14) = 0) when true then 50::float8 when false then ((100::numeric * rises_14)::float8 / nullif((rises_14 + falls_14)::float8, 0)) end as rsi_value,
    ema_12_part_2 / 1e8::float8 as ema_12,
    ema_21_part / 1e8::float8 as ema_21,
    ema_50_part / 1e8::float8 as ema_50,
    case when qty_60 = 0 then (close_e8::float8 / 1e8::float8) else (notional_e16_sum_3600s::float8 / nullif((qty_60 * 100000000)::float8, 0)) end as vwap,
    true_range_sum_14x60s::float8 / 1.4e9::float8 as atr_value,
    ((closes_20::float8 + bollinger_upper_part_3) / 20::float8) / 1e8::float8 as bollinger_upper,
    ((closes_20::float8 - bollinger_upper_part_3) / 20::float8) / 1e8::float8 as bollinger_lower,
    stoch_k,
    stoch_k_sum_3x60s / 3::float8 as stoch_d,
    (ema_12_part_2 - macd_line_part) / 1e8::float8 as macd_line,
    macd_e8_weighted_18x60s / 1e8::float8 as macd_signal,
    qty_sum_1200s::float8 / 2e9::float8 as volume_ma,
    (100 * (close_e8 - before))::float8 / nullif(before::float8, 0) as price_change_pct,
    volatility
  from stage_14
  where t >= first_t
  order by t;
end
$function$;

comment on function features_indicators(text, timestamptz, timestamptz) is 'Feature set indicators, hash 9b2a1a2b438c378b1c9b49c2581e2c336073b31f082f7efea8ef825bfc9d5b52; text 3fe7f9b092bd3f13e0af4bffe59f7f02613a414a435565c55b8f085595c01173';

-- Which vectors of feature set indicators may a model learn from, and what came of each p_horizon_s later?
-- Generated from src/features: change it there. Set hash 9b2a1a2b438c378b1c9b49c2581e2c336073b31f082f7efea8ef825bfc9d5b52.
create or replace function training_indicators(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_horizon_s integer default 10
)
returns table (
  symbol text,
  ts timestamptz,
  adx_value double precision,
  rsi_value double precision,
  ema_12 double precision,
  ema_21 double precision,
  ema_50 double precision,
  vwap double precision,
  atr_value double precision,
  bollinger_upper double precision,
  bollinger_lower double precision,
  stoch_k double precision,
  stoch_d double precision,
  macd_line double precision,
  macd_signal double precision,
  volume_ma double precision,
  price_change_pct double precision,
  volatility double precision,
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
  start_t bigint := first_t - 5940;
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
      max(received_at) over (partition by t / 5941 order by t rows unbounded preceding) as block_until_at,
      max(received_at) over (partition by t / 5941 order by t desc rows unbounded preceding) as block_from_at
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
      greatest(carried_at, block_until_at, lag(block_from_at, 5940) over seconds) as vector_known_at,
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
    f.adx_value,
    f.rsi_value,
    f.ema_12,
    f.ema_21,
    f.ema_50,
    f.vwap,
    f.atr_value,
    f.bollinger_upper,
    f.bollinger_lower,
    f.stoch_k,
    f.stoch_d,
    f.macd_line,
    f.macd_signal,
    f.volume_ma,
    f.price_change_pct,
    f.volatility,
    l.mid_sum_e8,
    l.close_e8,
    l.label_mid,
    l.label_last,
    l.known_at
  from features_indicators(p_symbol, p_from, p_to) f
  join labels l
    on l.t = us_of(f.ts) / 1000000
  where f.warm
  order by f.ts;
end
$function$;

comment on function training_indicators(text, timestamptz, timestamptz, integer) is 'Feature set indicators, hash 9b2a1a2b438c378b1c9b49c2581e2c336073b31f082f7efea8ef825bfc9d5b52; text 4274ae6b9acaefbe2c718464385c05c428c797c2e5eef1252fdbc04b0b1105df';
