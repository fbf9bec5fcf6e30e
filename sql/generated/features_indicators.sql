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
      b.high_e8,
      b.low_e8,
      coalesce(b.buy_qty_e8, 0) as buy_qty_e8,
      coalesce(b.sell_qty_e8, 0) as sell_qty_e8,
      coalesce(b.notional_e16, 0) as notional_e16,
      greatest(max(case when b.sec is not null then array[b.last_trade_id, b.close_e8, b.last_trade_ts_us] end) over so_far, last_trade_before) as last_trade,
      greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us,
      greatest(max(d.hole_us) over so_far, hole_before_us) as hole_us
    from generate_series(start_t, end_t - 1) as seconds(t)
    left join breaks d using (t)
    left join bars_1s b
      on b.symbol = p_symbol
      and b.sec = to_timestamp(t - 1)
      and b.sec >= from_sec
      and b.sec < to_sec
    window so_far as (order by t rows unbounded preceding)
  ),
  instants as (
    select
      t,
      hole_us,
      coalesce(high_e8, last_trade[2]) as high_e8,
      coalesce(low_e8, last_trade[2]) as low_e8,
      last_trade[2] as close_e8,
      buy_qty_e8,
      sell_qty_e8,
      notional_e16
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
      case when count(high_e8) over last_60 = 60 then max(high_e8) over last_60 end as bar_high,
      case when count(low_e8) over last_60 = 60 then min(low_e8) over last_60 end as bar_low,
      lag(close_e8, 60) over seconds as before,
      sum(notional_e16) over last_3600 as notional_e16_sum_3600s,
      case when count(close_e8) over last_20x60 = 20 then (sum(close_e8) over last_20x60)::bigint end as closes_20
    from instants
    window
      last_60 as (order by t rows 59 preceding),
      seconds as (order by t),
      last_3600 as (order by t rows 3599 preceding),
      last_20x60 as (partition by t % 60 order by t rows 19 preceding)
  ),
  stage_2 as (
    select
      t,
      hole_us,
      close_e8,
      notional_e16_sum_3600s,
      closes_20,
      before,
      bar_high,
      bar_low,
      case (close_e8 > before) when true then (close_e8 - before) when false then 0::bigint end as rsi_value_part,
      case (close_e8 < before) when true then (before - close_e8) when false then 0::bigint end as rsi_value_part_2,
      close_e8::float8 as ema_12_part,
      buy_qty_e8 + sell_qty_e8 as qty,
      case (bar_high > before) when true then bar_high when false then before end - case (bar_low < before) when true then bar_low when false then before end as true_range,
      close_e8::numeric * close_e8 as bollinger_upper_part,
      lnr(close_e8, before) as bar_return
    from stage_1
    where t >= first_t - 5940
    order by t
  ),
  stage_3 as (
    select
      t,
      hole_us,
      close_e8,
      notional_e16_sum_3600s,
      closes_20,
      before,
      bar_high,
      bar_low,
      lag(bar_high, 60) over seconds as bar_high_60s_ago,
      lag(bar_low, 60) over seconds as bar_low_60s_ago,
      case when count(rsi_value_part) over last_14x60 = 14 then (sum(rsi_value_part) over last_14x60)::bigint end as rises_14,
      case when count(rsi_value_part_2) over last_14x60 = 14 then (sum(rsi_value_part_2) over last_14x60)::bigint end as falls_14,
      array_agg(ema_12_part) over newest_100x60 as ema_12_part_newest_100x60,
      sum(qty) over last_3600 as qty_60,
      case when count(true_range) over last_14x60 = 14 then (sum(true_range) over last_14x60)::bigint end as true_range_sum_14x60s,
      case when count(bollinger_upper_part) over last_20x60 = 20 then sum(bollinger_upper_part) over last_20x60 end as squares_20,
      case when count(bar_high) over last_14x60 = 14 then max(bar_high) over last_14x60 end as high_14,
      case when count(bar_low) over last_14x60 = 14 then min(bar_low) over last_14x60 end as low_14,
      sum(qty) over last_1200 as qty_sum_1200s,
      array_agg(bar_return) over newest_20x60 as bar_return_newest_20x60
    from stage_2
    window
      seconds as (order by t),
      last_14x60 as (partition by t % 60 order by t rows 13 preceding),
      newest_100x60 as (partition by t % 60 order by t desc rows between current row and 99 following),
      last_3600 as (order by t rows 3599 preceding),
      last_20x60 as (partition by t % 60 order by t rows 19 preceding),
      last_1200 as (order by t rows 1199 preceding),
      newest_20x60 as (partition by t % 60 order by t desc rows between current row and 19 following)
  ),
  stage_4 as (
    select
      t,
      hole_us,
      rises_14,
      falls_14,
      qty_60,
      close_e8,
      notional_e16_sum_3600s,
      true_range_sum_14x60s,
      closes_20,
      qty_sum_1200s,
      before,
      bar_return_newest_20x60,
      case ((bar_high - bar_high_60s_ago) > (bar_low_60s_ago - bar_low)) when true then case ((bar_high - bar_high_60s_ago) > 0) when true then (bar_high - bar_high_60s_ago) when false then 0::bigint end when false then 0::bigint end as adx_value_part,
      case ((bar_low_60s_ago - bar_low) > (bar_high - bar_high_60s_ago)) when true then case ((bar_low_60s_ago - bar_low) > 0) when true then (bar_low_60s_ago - bar_low) when false then 0::bigint end when false then 0::bigint end as adx_value_part_2,
      0.003360272069726949::float8 * ema_12_part_newest_100x60[24]
        + 0.0039712306278591215::float8 * ema_12_part_newest_100x60[23]
        + 0.004693272560197144::float8 * ema_12_part_newest_100x60[22]
        + 0.005546594843869352::float8 * ema_12_part_newest_100x60[21]
        + 0.0065550666336637795::float8 * ema_12_part_newest_100x60[20]
        + 0.0077468969306935575::float8 * ema_12_part_newest_100x60[19]
        + 0.009155423645365113::float8 * ema_12_part_newest_100x60[18]
        + 0.010820046126340589::float8 * ema_12_part_newest_100x60[17]
        + 0.012787327240220695::float8 * ema_12_part_newest_100x60[16]
        + 0.01511229582935173::float8 * ema_12_part_newest_100x60[15]
        + 0.01785998598014295::float8 * ema_12_part_newest_100x60[14]
        + 0.02110725615835076::float8 * ema_12_part_newest_100x60[13]
        + 0.024944939096232716::float8 * ema_12_part_newest_100x60[12]
        + 0.02948038256827503::float8 * ema_12_part_newest_100x60[11]
        + 0.034840452126143215::float8 * ema_12_part_newest_100x60[10]
        + 0.041175079785441986::float8 * ema_12_part_newest_100x60[9]
        + 0.04866145792824962::float8 * ema_12_part_newest_100x60[8]
        + 0.05750899573338592::float8 * ema_12_part_newest_100x60[7]
        + 0.06796517677581972::float8 * ema_12_part_newest_100x60[6]
        + 0.08032248164415058::float8 * ema_12_part_newest_100x60[5]
        + 0.09492656921581433::float8 * ema_12_part_newest_100x60[4]
        + 0.11218594543687146::float8 * ema_12_part_newest_100x60[3]
        + 0.1325833900617572::float8 * ema_12_part_newest_100x60[2]
        + 0.15668946098207667::float8 * ema_12_part_newest_100x60[1] as ema_12_part_2,
      0.0018599910612226507::float8 * ema_12_part_newest_100x60[42]
        + 0.002045990167344916::float8 * ema_12_part_newest_100x60[41]
        + 0.0022505891840794074::float8 * ema_12_part_newest_100x60[40]
        + 0.0024756481024873485::float8 * ema_12_part_newest_100x60[39]
        + 0.0027232129127360834::float8 * ema_12_part_newest_100x60[38]
        + 0.0029955342040096917::float8 * ema_12_part_newest_100x60[37]
        + 0.003295087624410661::float8 * ema_12_part_newest_100x60[36]
        + 0.003624596386851727::float8 * ema_12_part_newest_100x60[35]
        + 0.0039870560255369::float8 * ema_12_part_newest_100x60[34]
        + 0.00438576162809059::float8 * ema_12_part_newest_100x60[33]
        + 0.004824337790899649::float8 * ema_12_part_newest_100x60[32]
        + 0.005306771569989615::float8 * ema_12_part_newest_100x60[31]
        + 0.0058374487269885755::float8 * ema_12_part_newest_100x60[30]
        + 0.006421193599687433::float8 * ema_12_part_newest_100x60[29]
        + 0.007063312959656176::float8 * ema_12_part_newest_100x60[28]
        + 0.007769644255621794::float8 * ema_12_part_newest_100x60[27]
        + 0.008546608681183974::float8 * ema_12_part_newest_100x60[26]
        + 0.009401269549302373::float8 * ema_12_part_newest_100x60[25]
        + 0.01034139650423261::float8 * ema_12_part_newest_100x60[24]
        + 0.011375536154655872::float8 * ema_12_part_newest_100x60[23]
        + 0.012513089770121458::float8 * ema_12_part_newest_100x60[22]
        + 0.013764398747133604::float8 * ema_12_part_newest_100x60[21]
        + 0.015140838621846965::float8 * ema_12_part_newest_100x60[20]
        + 0.01665492248403166::float8 * ema_12_part_newest_100x60[19]
        + 0.018320414732434828::float8 * ema_12_part_newest_100x60[18]
        + 0.02015245620567831::float8 * ema_12_part_newest_100x60[17]
        + 0.022167701826246142::float8 * ema_12_part_newest_100x60[16]
        + 0.02438447200887076::float8 * ema_12_part_newest_100x60[15]
        + 0.026822919209757837::float8 * ema_12_part_newest_100x60[14]
        + 0.029505211130733622::float8 * ema_12_part_newest_100x60[13]
        + 0.03245573224380699::float8 * ema_12_part_newest_100x60[12]
        + 0.03570130546818769::float8 * ema_12_part_newest_100x60[11]
        + 0.03927143601500646::float8 * ema_12_part_newest_100x60[10]
        + 0.04319857961650711::float8 * ema_12_part_newest_100x60[9]
        + 0.047518437578157824::float8 * ema_12_part_newest_100x60[8]
        + 0.052270281335973605::float8 * ema_12_part_newest_100x60[7]
        + 0.05749730946957096::float8 * ema_12_part_newest_100x60[6]
        + 0.06324704041652805::float8 * ema_12_part_newest_100x60[5]
        + 0.06957174445818087::float8 * ema_12_part_newest_100x60[4]
        + 0.07652891890399896::float8 * ema_12_part_newest_100x60[3]
        + 0.08418181079439886::float8 * ema_12_part_newest_100x60[2]
        + 0.09259999187383874::float8 * ema_12_part_newest_100x60[1] as ema_21_part,
      7.611112037172509e-4::float8 * ema_12_part_newest_100x60[100]
        + 7.921769671342815e-4::float8 * ema_12_part_newest_100x60[99]
        + 8.245107208948644e-4::float8 * ema_12_part_newest_100x60[98]
        + 8.581642197068996e-4::float8 * ema_12_part_newest_100x60[97]
        + 8.931913307153445e-4::float8 * ema_12_part_newest_100x60[96]
        + 9.29648119724134e-4::float8 * ema_12_part_newest_100x60[95]
        + 9.67592940937364e-4::float8 * ema_12_part_newest_100x60[94]
        + 0.0010070865303633788::float8 * ema_12_part_newest_100x60[93]
        + 0.0010481921030312718::float8 * ema_12_part_newest_100x60[92]
        + 0.0010909754541754053::float8 * ema_12_part_newest_100x60[91]
        + 0.0011355050645499116::float8 * ema_12_part_newest_100x60[90]
        + 0.0011818522100417448::float8 * ema_12_part_newest_100x60[89]
        + 0.0012300910757577343::float8 * ema_12_part_newest_100x60[88]
        + 0.001280298874768254::float8 * ema_12_part_newest_100x60[87]
        + 0.0013325559716975703::float8 * ema_12_part_newest_100x60[86]
        + 0.0013869460113586955::float8 * ema_12_part_newest_100x60[85]
        + 0.0014435560526386423::float8 * ema_12_part_newest_100x60[84]
        + 0.0015024767078483828::float8 * ema_12_part_newest_100x60[83]
        + 0.0015638022877605615::float8 * ema_12_part_newest_100x60[82]
        + 0.0016276309525671152::float8 * ema_12_part_newest_100x60[81]
        + 0.0016940648689984259::float8 * ema_12_part_newest_100x60[80]
        + 0.0017632103738555046::float8 * ema_12_part_newest_100x60[79]
        + 0.0018351781442169537::float8 * ema_12_part_newest_100x60[78]
        + 0.001910083374593156::float8 * ema_12_part_newest_100x60[77]
        + 0.001988045961311244::float8 * ema_12_part_newest_100x60[76]
        + 0.0020691906944259883::float8 * ema_12_part_newest_100x60[75]
        + 0.0021536474574637837::float8 * ema_12_part_newest_100x60[74]
        + 0.0022415514353194485::float8 * ema_12_part_newest_100x60[73]
        + 0.0023330433306386097::float8 * ema_12_part_newest_100x60[72]
        + 0.002428269589032022::float8 * ema_12_part_newest_100x60[71]
        + 0.0025273826334823086::float8 * ema_12_part_newest_100x60[70]
        + 0.0026305411083183215::float8 * ema_12_part_newest_100x60[69]
        + 0.0027379101331476406::float8 * ema_12_part_newest_100x60[68]
        + 0.0028496615671536663::float8 * ema_12_part_newest_100x60[67]
        + 0.0029659742841803465::float8 * ema_12_part_newest_100x60[66]
        + 0.00308703445904485::float8 * ema_12_part_newest_100x60[65]
        + 0.0032130358655364766::float8 * ema_12_part_newest_100x60[64]
        + 0.0033441801865787815::float8 * ema_12_part_newest_100x60[63]
        + 0.003480677337051385::float8 * ema_12_part_newest_100x60[62]
        + 0.003622745799788176::float8 * ema_12_part_newest_100x60[61]
        + 0.003770612975289734::float8 * ema_12_part_newest_100x60[60]
        + 0.003924515545709723::float8 * ema_12_part_newest_100x60[59]
        + 0.004084699853697874::float8 * ema_12_part_newest_100x60[58]
        + 0.004251422296705951::float8 * ema_12_part_newest_100x60[57]
        + 0.004424949737387827::float8 * ema_12_part_newest_100x60[56]
        + 0.004605559930750595::float8 * ema_12_part_newest_100x60[55]
        + 0.004793541968740415::float8 * ema_12_part_newest_100x60[54]
        + 0.004989196742974717::float8 * ema_12_part_newest_100x60[53]
        + 0.005192837426361441::float8 * ema_12_part_newest_100x60[52]
        + 0.005404789974376193::float8 * ema_12_part_newest_100x60[51]
        + 0.00562539364679971::float8 * ema_12_part_newest_100x60[50]
        + 0.005855001550750718::float8 * ema_12_part_newest_100x60[49]
        + 0.006093981205883401::float8 * ema_12_part_newest_100x60[48]
        + 0.006342715132654151::float8 * ema_12_part_newest_100x60[47]
        + 0.006601601464599218::float8 * ema_12_part_newest_100x60[46]
        + 0.006871054585603267::float8 * ema_12_part_newest_100x60[45]
        + 0.00715150579317891::float8 * ema_12_part_newest_100x60[44]
        + 0.0074434039888188665::float8 * ema_12_part_newest_100x60[43]
        + 0.007747216396525759::float8 * ema_12_part_newest_100x60[42]
        + 0.008063429310669668::float8 * ema_12_part_newest_100x60[41]
        + 0.008392548874370468::float8 * ema_12_part_newest_100x60[40]
        + 0.008735101889650897::float8 * ema_12_part_newest_100x60[39]
        + 0.009091636660657055::float8 * ema_12_part_newest_100x60[38]
        + 0.009462723871296118::float8 * ema_12_part_newest_100x60[37]
        + 0.00984895749869596::float8 * ema_12_part_newest_100x60[36]
        + 0.010250955763948855::float8 * ema_12_part_newest_100x60[35]
        + 0.010669362121661053::float8 * ema_12_part_newest_100x60[34]
        + 0.011104846289892117::float8 * ema_12_part_newest_100x60[33]
        + 0.011558105322132611::float8 * ema_12_part_newest_100x60[32]
        + 0.012029864723035983::float8 * ema_12_part_newest_100x60[31]
        + 0.012520879609690512::float8 * ema_12_part_newest_100x60[30]
        + 0.013031935920290125::float8 * ema_12_part_newest_100x60[29]
        + 0.0135638516721387::float8 * ema_12_part_newest_100x60[28]
        + 0.014117478271001505::float8 * ema_12_part_newest_100x60[27]
        + 0.014693701873899526::float8 * ema_12_part_newest_100x60[26]
        + 0.015293444807528079::float8 * ema_12_part_newest_100x60[25]
        + 0.015917667044570042::float8 * ema_12_part_newest_100x60[24]
        + 0.016567367740266778::float8 * ema_12_part_newest_100x60[23]
        + 0.017243586831706237::float8 * ema_12_part_newest_100x60[22]
        + 0.017947406702388122::float8 * ema_12_part_newest_100x60[21]
        + 0.018679953914730495::float8 * ema_12_part_newest_100x60[20]
        + 0.019442401013290922::float8 * ema_12_part_newest_100x60[19]
        + 0.02023596840158851::float8 * ema_12_part_newest_100x60[18]
        + 0.0210619262955309::float8 * ema_12_part_newest_100x60[17]
        + 0.021921596756572976::float8 * ema_12_part_newest_100x60[16]
        + 0.022816355807861666::float8 * ema_12_part_newest_100x60[15]
        + 0.02374763563675398::float8 * ema_12_part_newest_100x60[14]
        + 0.02471692688723373::float8 * ema_12_part_newest_100x60[13]
        + 0.02572578104589633::float8 * ema_12_part_newest_100x60[12]
        + 0.02677581292532067::float8 * ema_12_part_newest_100x60[11]
        + 0.027868703248803146::float8 * ema_12_part_newest_100x60[10]
        + 0.02900620134059103::float8 * ema_12_part_newest_100x60[9]
        + 0.030190127925921274::float8 * ema_12_part_newest_100x60[8]
        + 0.03142237804534663::float8 * ema_12_part_newest_100x60[7]
        + 0.03270492408801384::float8 * ema_12_part_newest_100x60[6]
        + 0.0340398189487491::float8 * ema_12_part_newest_100x60[5]
        + 0.035429199314004164::float8 * ema_12_part_newest_100x60[4]
        + 0.036875289081922696::float8 * ema_12_part_newest_100x60[3]
        + 0.03838040292200118::float8 * ema_12_part_newest_100x60[2]
        + 0.03994694998004204::float8 * ema_12_part_newest_100x60[1] as ema_50_part,
      ((20 * squares_20) - (closes_20::numeric * closes_20))::float8 as bollinger_upper_part_2,
      case ((high_14 - low_14) = 0) when true then 50::float8 when false then ((100 * (close_e8 - low_14))::float8 / nullif((high_14 - low_14)::float8, 0)) end as stoch_k,
      0.0014895903469246165::float8 * ema_12_part_newest_100x60[52]
        + 0.0016087575746785857::float8 * ema_12_part_newest_100x60[51]
        + 0.0017374581806528725::float8 * ema_12_part_newest_100x60[50]
        + 0.0018764548351051023::float8 * ema_12_part_newest_100x60[49]
        + 0.0020265712219135106::float8 * ema_12_part_newest_100x60[48]
        + 0.0021886969196665915::float8 * ema_12_part_newest_100x60[47]
        + 0.0023637926732399187::float8 * ema_12_part_newest_100x60[46]
        + 0.002552896087099112::float8 * ema_12_part_newest_100x60[45]
        + 0.002757127774067041::float8 * ema_12_part_newest_100x60[44]
        + 0.0029776979959924045::float8 * ema_12_part_newest_100x60[43]
        + 0.0032159138356717965::float8 * ema_12_part_newest_100x60[42]
        + 0.0034731869425255408::float8 * ema_12_part_newest_100x60[41]
        + 0.0037510418979275835::float8 * ema_12_part_newest_100x60[40]
        + 0.00405112524976179::float8 * ema_12_part_newest_100x60[39]
        + 0.004375215269742734::float8 * ema_12_part_newest_100x60[38]
        + 0.0047252324913221525::float8 * ema_12_part_newest_100x60[37]
        + 0.005103251090627924::float8 * ema_12_part_newest_100x60[36]
        + 0.005511511177878159::float8 * ema_12_part_newest_100x60[35]
        + 0.005952432072108411::float8 * ema_12_part_newest_100x60[34]
        + 0.006428626637877083::float8 * ema_12_part_newest_100x60[33]
        + 0.00694291676890725::float8 * ema_12_part_newest_100x60[32]
        + 0.00749835011041983::float8 * ema_12_part_newest_100x60[31]
        + 0.008098218119253417::float8 * ema_12_part_newest_100x60[30]
        + 0.00874607556879369::float8 * ema_12_part_newest_100x60[29]
        + 0.009445761614297186::float8 * ema_12_part_newest_100x60[28]
        + 0.010201422543440959::float8 * ema_12_part_newest_100x60[27]
        + 0.011017536346916237::float8 * ema_12_part_newest_100x60[26]
        + 0.011898939254669536::float8 * ema_12_part_newest_100x60[25]
        + 0.012850854395043099::float8 * ema_12_part_newest_100x60[24]
        + 0.013878922746646547::float8 * ema_12_part_newest_100x60[23]
        + 0.014989236566378268::float8 * ema_12_part_newest_100x60[22]
        + 0.01618837549168853::float8 * ema_12_part_newest_100x60[21]
        + 0.01748344553102361::float8 * ema_12_part_newest_100x60[20]
        + 0.0188821211735055::float8 * ema_12_part_newest_100x60[19]
        + 0.020392690867385942::float8 * ema_12_part_newest_100x60[18]
        + 0.022024106136776817::float8 * ema_12_part_newest_100x60[17]
        + 0.023786034627718965::float8 * ema_12_part_newest_100x60[16]
        + 0.02568891739793648::float8 * ema_12_part_newest_100x60[15]
        + 0.027744030789771397::float8 * ema_12_part_newest_100x60[14]
        + 0.029963553252953107::float8 * ema_12_part_newest_100x60[13]
        + 0.03236063751318936::float8 * ema_12_part_newest_100x60[12]
        + 0.03494948851424451::float8 * ema_12_part_newest_100x60[11]
        + 0.03774544759538406::float8 * ema_12_part_newest_100x60[10]
        + 0.04076508340301479::float8 * ema_12_part_newest_100x60[9]
        + 0.04402629007525598::float8 * ema_12_part_newest_100x60[8]
        + 0.047548393281276455::float8 * ema_12_part_newest_100x60[7]
        + 0.051352264743778575::float8 * ema_12_part_newest_100x60[6]
        + 0.05546044592328086::float8 * ema_12_part_newest_100x60[5]
        + 0.05989728159714333::float8 * ema_12_part_newest_100x60[4]
        + 0.0646890641249148::float8 * ema_12_part_newest_100x60[3]
        + 0.06986418925490798::float8 * ema_12_part_newest_100x60[2]
        + 0.07545332439530061::float8 * ema_12_part_newest_100x60[1] as macd_line_part,
      (bar_return_newest_20x60[20]
        + bar_return_newest_20x60[19]
        + bar_return_newest_20x60[18]
        + bar_return_newest_20x60[17]
        + bar_return_newest_20x60[16]
        + bar_return_newest_20x60[15]
        + bar_return_newest_20x60[14]
        + bar_return_newest_20x60[13]
        + bar_return_newest_20x60[12]
        + bar_return_newest_20x60[11]
        + bar_return_newest_20x60[10]
        + bar_return_newest_20x60[9]
        + bar_return_newest_20x60[8]
        + bar_return_newest_20x60[7]
        + bar_return_newest_20x60[6]
        + bar_return_newest_20x60[5]
        + bar_return_newest_20x60[4]
        + bar_return_newest_20x60[3]
        + bar_return_newest_20x60[2]
        + bar_return_newest_20x60[1]) / 20::float8 as volatility_mean
    from stage_3
    where t >= first_t - 1800
    order by t
  ),
  stage_5 as (
    select
      t,
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
      stoch_k,
      macd_line_part,
      qty_sum_1200s,
      before,
      bollinger_upper_part_2,
      bar_return_newest_20x60,
      volatility_mean,
      case when count(adx_value_part) over last_14x60 = 14 then (sum(adx_value_part) over last_14x60)::bigint end as ups_14,
      case when count(adx_value_part_2) over last_14x60 = 14 then (sum(adx_value_part_2) over last_14x60)::bigint end as downs_14,
      array_agg(stoch_k) over newest_3x60 as stoch_k_newest_3x60
    from stage_4
    window
      last_14x60 as (partition by t % 60 order by t rows 13 preceding),
      newest_3x60 as (partition by t % 60 order by t desc rows between current row and 2 following)
  ),
  stage_6 as (
    select
      t,
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
      stoch_k,
      macd_line_part,
      qty_sum_1200s,
      before,
      case ((ups_14 + downs_14) = 0) when true then 0::float8 when false then ((100::numeric * case (ups_14 > downs_14) when true then (ups_14 - downs_14) when false then (downs_14 - ups_14) end)::float8 / nullif((ups_14 + downs_14)::float8, 0)) end as dx_14,
      2::float8 * case when bollinger_upper_part_2 >= 0 then sqrt(bollinger_upper_part_2) end as bollinger_upper_part_3,
      stoch_k_newest_3x60[3] + stoch_k_newest_3x60[2] + stoch_k_newest_3x60[1] as stoch_k_sum_3x60s,
      ema_12_part_2 - macd_line_part as macd_e8,
      sqrt(((bar_return_newest_20x60[20] - volatility_mean) * (bar_return_newest_20x60[20] - volatility_mean)
        + (bar_return_newest_20x60[19] - volatility_mean) * (bar_return_newest_20x60[19] - volatility_mean)
        + (bar_return_newest_20x60[18] - volatility_mean) * (bar_return_newest_20x60[18] - volatility_mean)
        + (bar_return_newest_20x60[17] - volatility_mean) * (bar_return_newest_20x60[17] - volatility_mean)
        + (bar_return_newest_20x60[16] - volatility_mean) * (bar_return_newest_20x60[16] - volatility_mean)
        + (bar_return_newest_20x60[15] - volatility_mean) * (bar_return_newest_20x60[15] - volatility_mean)
        + (bar_return_newest_20x60[14] - volatility_mean) * (bar_return_newest_20x60[14] - volatility_mean)
        + (bar_return_newest_20x60[13] - volatility_mean) * (bar_return_newest_20x60[13] - volatility_mean)
        + (bar_return_newest_20x60[12] - volatility_mean) * (bar_return_newest_20x60[12] - volatility_mean)
        + (bar_return_newest_20x60[11] - volatility_mean) * (bar_return_newest_20x60[11] - volatility_mean)
        + (bar_return_newest_20x60[10] - volatility_mean) * (bar_return_newest_20x60[10] - volatility_mean)
        + (bar_return_newest_20x60[9] - volatility_mean) * (bar_return_newest_20x60[9] - volatility_mean)
        + (bar_return_newest_20x60[8] - volatility_mean) * (bar_return_newest_20x60[8] - volatility_mean)
        + (bar_return_newest_20x60[7] - volatility_mean) * (bar_return_newest_20x60[7] - volatility_mean)
        + (bar_return_newest_20x60[6] - volatility_mean) * (bar_return_newest_20x60[6] - volatility_mean)
        + (bar_return_newest_20x60[5] - volatility_mean) * (bar_return_newest_20x60[5] - volatility_mean)
        + (bar_return_newest_20x60[4] - volatility_mean) * (bar_return_newest_20x60[4] - volatility_mean)
        + (bar_return_newest_20x60[3] - volatility_mean) * (bar_return_newest_20x60[3] - volatility_mean)
        + (bar_return_newest_20x60[2] - volatility_mean) * (bar_return_newest_20x60[2] - volatility_mean)
        + (bar_return_newest_20x60[1] - volatility_mean) * (bar_return_newest_20x60[1] - volatility_mean)) / 19::float8) as volatility
    from stage_5
    where t >= first_t - 1020
    order by t
  ),
  stage_7 as (
    select
      t,
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
      qty_sum_1200s,
      before,
      volatility,
      array_agg(dx_14) over newest_14x60 as dx_14_newest_14x60,
      array_agg(macd_e8) over newest_18x60 as macd_e8_newest_18x60
    from stage_6
    window
      newest_14x60 as (partition by t % 60 order by t desc rows between current row and 13 following),
      newest_18x60 as (partition by t % 60 order by t desc rows between current row and 17 following)
  ),
  stage_8 as (
    select
      t,
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
      qty_sum_1200s,
      before,
      volatility,
      dx_14_newest_14x60[14]
        + dx_14_newest_14x60[13]
        + dx_14_newest_14x60[12]
        + dx_14_newest_14x60[11]
        + dx_14_newest_14x60[10]
        + dx_14_newest_14x60[9]
        + dx_14_newest_14x60[8]
        + dx_14_newest_14x60[7]
        + dx_14_newest_14x60[6]
        + dx_14_newest_14x60[5]
        + dx_14_newest_14x60[4]
        + dx_14_newest_14x60[3]
        + dx_14_newest_14x60[2]
        + dx_14_newest_14x60[1] as dx_14_sum_14x60s,
      0.004586217578480437::float8 * macd_e8_newest_18x60[18]
        + 0.0057327719731005465::float8 * macd_e8_newest_18x60[17]
        + 0.007165964966375683::float8 * macd_e8_newest_18x60[16]
        + 0.008957456207969602::float8 * macd_e8_newest_18x60[15]
        + 0.011196820259962001::float8 * macd_e8_newest_18x60[14]
        + 0.013996025324952501::float8 * macd_e8_newest_18x60[13]
        + 0.017495031656190627::float8 * macd_e8_newest_18x60[12]
        + 0.021868789570238283::float8 * macd_e8_newest_18x60[11]
        + 0.02733598696279785::float8 * macd_e8_newest_18x60[10]
        + 0.03416998370349732::float8 * macd_e8_newest_18x60[9]
        + 0.04271247962937164::float8 * macd_e8_newest_18x60[8]
        + 0.053390599536714545::float8 * macd_e8_newest_18x60[7]
        + 0.06673824942089318::float8 * macd_e8_newest_18x60[6]
        + 0.08342281177611648::float8 * macd_e8_newest_18x60[5]
        + 0.10427851472014558::float8 * macd_e8_newest_18x60[4]
        + 0.13034814340018197::float8 * macd_e8_newest_18x60[3]
        + 0.16293517925022744::float8 * macd_e8_newest_18x60[2]
        + 0.2036689740627843::float8 * macd_e8_newest_18x60[1] as macd_e8_weighted_18x60s
    from stage_7
    where t >= first_t
    order by t
  )
  select
    p_symbol,
    to_timestamp(t),
    coalesce(first_sec < t - 5941 and hole_us < (t - 5941) * 1000000, false) as warm,
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
  from stage_8
  where t >= first_t
  order by t;
end
$function$;

comment on function features_indicators(text, timestamptz, timestamptz) is 'Feature set indicators, hash 9b2a1a2b438c378b1c9b49c2581e2c336073b31f082f7efea8ef825bfc9d5b52; text a5358f7c5e27377f7eaeccef58e930a99293833a7383e9c668a25dd792d0b185';

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
      coalesce(lead(marker_us, p_horizon_s) over seconds >= t * 1000000, false) as broken,
      greatest(carried_at, block_until_at, lag(block_from_at, 5940) over seconds) as vector_known_at,
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

comment on function training_indicators(text, timestamptz, timestamptz, integer) is 'Feature set indicators, hash 9b2a1a2b438c378b1c9b49c2581e2c336073b31f082f7efea8ef825bfc9d5b52; text a3ea5819021255a17b071b3356de5e71b53838463e298d4b402b642ac4b44797';
