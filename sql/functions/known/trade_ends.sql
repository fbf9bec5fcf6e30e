-- Which trades are on either side of a stretch, by their ids? [epoch, highest id before, second of the last
-- before], and [epoch, least id after, second of the first after, second of the 128th after], null where
-- there is none. Late trades count: they are known.
create or replace function trade_ends(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_places bar_places,
  out before bigint[],
  out after bigint[]
)
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
begin
  before := (
    select (max(array[epoch, id]))[1:2] || us_of(max(at)) / 1000000
    from (
      (
        select last_epoch as epoch, last_id as id, sec as at
        from trade_bars_1s
        where symbol = p_symbol
          and sec < p_from
          and n_ids > 0
          and not sec <@ p_places.elsewhere
        order by sec desc
        limit 128
      )
      union all
      (
        select last_epoch, last_id, sec
        from trade_bars_1s_kept
        where symbol = p_symbol
          and sec < p_from
          and n_ids > 0
        order by sec desc
        limit 128
      )
      union all
      select newest.*
      from unnest(p_places.raw) as part
      cross join lateral (
        select epoch, trade_id, ts
        from trades
        where symbol = p_symbol
          and ts >= lower(part)
          and ts < least(upper(part), p_from)
          and (set_aside is null or set_aside <> 'id_ahead')
        order by ts desc
        limit 4096
      ) as newest
    ) as rows
  );
  after := (
    select (min(array[epoch, id]))[1:2] || us_of(min(at)) / 1000000
      || us_of((array_agg(at order by at))[least(128, count(*))]) / 1000000
    from (
      (
        select first_epoch as epoch, first_id as id, sec as at
        from trade_bars_1s
        where symbol = p_symbol
          and sec >= p_to
          and n_ids > 0
          and not sec <@ p_places.elsewhere
        order by sec
        limit 128
      )
      union all
      (
        select first_epoch, first_id, sec
        from trade_bars_1s_kept
        where symbol = p_symbol
          and sec >= p_to
          and n_ids > 0
        order by sec
        limit 128
      )
      union all
      select oldest.*
      from unnest(p_places.raw) as part
      cross join lateral (
        select epoch, coalesce(first_trade_id, trade_id), ts
        from trades
        where symbol = p_symbol
          and ts >= greatest(lower(part), p_to)
          and ts < upper(part)
          and (set_aside is null or set_aside <> 'id_ahead')
        order by ts
        limit 4096
      ) as oldest
    ) as rows
  );
end
$function$
