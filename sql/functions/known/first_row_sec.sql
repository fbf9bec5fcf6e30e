-- In which second is the first believed trade or quote of a symbol (s since 1970)? Null where there is none.
create or replace function first_row_sec(p_symbol text, p_trade_places bar_places, p_quote_places bar_places)
returns bigint
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
begin
  return us_of(least(
    (
      select sec
      from trade_bars_1s
      where symbol = p_symbol
        and n > 0
        and not sec <@ p_trade_places.elsewhere
      order by sec
      limit 1
    ),
    (
      select sec
      from trade_bars_1s_kept
      where symbol = p_symbol
        and n > 0
      order by sec
      limit 1
    ),
    (
      select min(ts)
      from unnest(p_trade_places.raw) as part
      cross join lateral (
        select ts
        from trades
        where symbol = p_symbol
          and ts >= lower(part)
          and ts < upper(part)
          and not late
          and set_aside is null
        order by ts
        limit 1
      ) as row
    ),
    (
      select sec
      from quote_bars_1s
      where symbol = p_symbol
        and n_quotes > 0
        and not sec <@ p_quote_places.elsewhere
      order by sec
      limit 1
    ),
    (
      select sec
      from quote_bars_1s_kept
      where symbol = p_symbol
        and n_quotes > 0
      order by sec
      limit 1
    ),
    (
      select min(ts)
      from unnest(p_quote_places.raw) as part
      cross join lateral (
        select ts
        from quotes
        where symbol = p_symbol
          and ts >= lower(part)
          and ts < upper(part)
          and not late
          and set_aside is null
        order by ts
        limit 1
      ) as row
    )
  )) / 1000000;
end
$function$
