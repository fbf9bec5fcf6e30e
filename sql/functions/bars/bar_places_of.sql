-- Where is which part of a symbol's bars?
create or replace function bar_places_of(p_bars text, p_source text, p_symbol text)
returns bar_places
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
begin
  return (
    select row(behind + dropped, dropped, behind - dropped)::bar_places
    from (
      select
        bars_behind(p_bars, p_symbol, '-infinity', 'infinity') as behind,
        coalesce(
          (
            select range_agg(tstzrange(from_ts, to_ts))
            from raw_drops
            where symbol = p_symbol
              and source = p_source
          ),
          '{}'
        ) as dropped
    ) as parts
  );
end
$function$
