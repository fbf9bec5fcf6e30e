-- Which is the last quote before a time, by id? [epoch, update id, time µs, bid e8, bid size, ask e8, ask size, received
-- µs], null where there is none.
create or replace function last_quote_before(p_symbol text, p_before timestamptz, p_places bar_places)
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
      select max(array[epoch, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, us_of(received_at)])
      from (
        select epoch, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at
        from quote_bars_1s
        where symbol = p_symbol
          and sec < p_before
          and n_quotes > 0
          and not sec <@ p_places.elsewhere
        order by sec desc
        limit 128
      ) as newest
    ),
    (
      select max(array[epoch, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, us_of(received_at)])
      from (
        select epoch, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at
        from quote_bars_1s_kept
        where symbol = p_symbol
          and sec < p_before
          and n_quotes > 0
        order by sec desc
        limit 128
      ) as newest
    ),
    (
      select max(array[epoch, update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, us_of(received_at)])
      from unnest(p_places.raw) as part
      cross join lateral (
        select epoch, update_id, ts, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at
        from quotes
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
