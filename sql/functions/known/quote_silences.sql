-- Where were quotes silent for so long that the data must have ended, though no break says so? Where no quote came for an
-- hour, or for a minute in which trades are missing. Seconds of the quotes on either side.
create or replace function quote_silences(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_places bar_places,
  p_holes int8multirange,
  -- Seconds of the quotes on either side.
  p_before bigint,
  p_after bigint
)
returns table (from_sec bigint, until_sec bigint)
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
begin
  return query
  select before_sec, at_sec
  from (
    select lag(at_sec, 1, p_before) over (order by at_sec) as before_sec, at_sec
    from (
      select us_of(sec) / 1000000 as at_sec
      from quote_bars_of(p_symbol, p_from, p_to, p_places.elsewhere, p_places.dropped, p_places.raw)
      where n_quotes > 0
      union all
      select p_after
      where p_after is not null
    ) as quoted
  ) as neighbours
  where at_sec - before_sec > 3600
    or at_sec - before_sec > 60 and int8range(before_sec, at_sec, '[]') && p_holes;
end
$function$
