-- Which is the last trade before a time, by id? [epoch, trade id, price e8, time µs, received µs], null where there is
-- none. Ids may run against time, so the highest is looked for in more than the newest bar.
create or replace function last_trade_before(p_symbol text, p_before timestamptz, p_places bar_places)
returns bigint[]
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
begin
  return greatest(
    (
      select max(array[epoch, last_trade_id, close_e8, last_trade_ts_us, us_of(received_at)])
      from (
        select epoch, last_trade_id, close_e8, last_trade_ts_us, received_at
        from trade_bars_1s
        where symbol = p_symbol
          and sec < p_before
          and n > 0
          and not sec <@ p_places.elsewhere
        order by sec desc
        limit 128
      ) as newest
    ),
    (
      select max(array[epoch, last_trade_id, close_e8, last_trade_ts_us, us_of(received_at)])
      from (
        select epoch, last_trade_id, close_e8, last_trade_ts_us, received_at
        from trade_bars_1s_kept
        where symbol = p_symbol
          and sec < p_before
          and n > 0
        order by sec desc
        limit 128
      ) as newest
    ),
    (
      select max(array[epoch, trade_id, price_e8, us_of(ts), us_of(received_at)])
      from unnest(p_places.raw) as part
      cross join lateral (
        select epoch, trade_id, price_e8, ts, received_at
        from trades
        where symbol = p_symbol
          and ts >= lower(part)
          and ts < least(upper(part), p_before)
          and not late
          and set_aside is null
        order by ts desc
        limit 4096
      ) as newest
    )
  );
end
$function$
