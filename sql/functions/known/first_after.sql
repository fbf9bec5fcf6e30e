-- When does the data of a symbol go on after a time (µs)? To the second, where it is not the time's own. Infinitely late
-- where it does not.
create or replace function first_after(
  p_symbol text,
  p_ts timestamptz,
  p_trade_places bar_places,
  p_quote_places bar_places
)
returns bigint
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
declare
  second timestamptz := date_trunc('second', p_ts);
  ends record;
begin
  if exists (
    select
    from trade_bars_of(p_symbol, second, second + interval '1 second', p_trade_places.elsewhere, p_trade_places.dropped, p_trade_places.raw)
    where last_trade_ts_us > us_of(p_ts)
  ) or exists (
    select
    from quote_bars_of(p_symbol, second, second + interval '1 second', p_quote_places.elsewhere, p_quote_places.dropped, p_quote_places.raw)
    where ts_us > us_of(p_ts)
  ) then
    return us_of(p_ts);
  end if;
  ends := row_ends(p_symbol, second, second + interval '1 second', p_trade_places, p_quote_places);
  return coalesce(least(ends.trades_after[1], ends.quotes_after) * 1000000, 9007199254740991);
end
$function$
