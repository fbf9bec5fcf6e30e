-- Where are trade ids missing, between the seconds of the trades on either side? For rows from any source.
--
-- Ids may run against time, by at most 128 bars. So ids are counted between cuts: bars after which no lower id comes.
-- Where ids run with time, every bar is one, and a hole is known to the second. Ids that the exchange itself has no trade
-- of, as it has said often enough (LIMITS.repair_absent_answers), leave no hole.
create or replace function trade_holes(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_places bar_places
)
returns table (from_sec bigint, until_sec bigint)
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
declare
  ends record := trade_ends(p_symbol, p_from, p_to, p_places);
  p_before bigint[] := ends.before;
  scan_to timestamptz := greatest(p_to, at_sec(ends.after[4] + 1));
begin
  return query
  with bars as (
    select
      us_of(sec) / 1000000 as at_sec,
      last_epoch as epoch,
      -- Of a second in which numbering began again, only the end is known.
      case when first_epoch = last_epoch then first_id else last_id end as first_id,
      greatest(last_id, case when last_epoch = p_before[1] then p_before[2] end) as last_id,
      case when first_epoch = last_epoch then n_ids else 1 end as n_ids
    from trade_bars_of(p_symbol, p_from, scan_to, p_places.elsewhere, p_places.dropped, p_places.raw)
    where n_ids > 0
  ),
  followed as (
    select
      *,
      max(last_id) over (partition by epoch order by at_sec) as highest_id,
      min(first_id) over (partition by epoch order by at_sec desc rows between unbounded preceding and 1 preceding) as least_after
    from bars
  ),
  numbered as (
    select
      *,
      -- The cuts before it.
      count(*) filter (where coalesce(least_after > highest_id, true))
        over (partition by epoch order by at_sec rows between unbounded preceding and 1 preceding) as run
    from followed
  ),
  runs as (
    select
      epoch,
      min(at_sec) as from_sec,
      max(at_sec) as until_sec,
      min(first_id) as first_id,
      max(last_id) as last_id,
      sum(n_ids) as n
    from numbered
    group by epoch, run
  ),
  beside as (
    select
      *,
      lag(last_id, 1, case when epoch = p_before[1] then p_before[2] end) over by_run as id_before,
      lag(until_sec, 1, case when epoch = p_before[1] then p_before[3] end) over by_run as before_sec
    from runs
    window by_run as (partition by epoch order by from_sec)
  ),
  -- What is missing of a run, and before it, and how much of that is the exchange's own gap.
  explained as (
    select
      beside.*,
      greatest(first_id - coalesce(id_before, first_id - 1) - 1, 0) - gaps.before as missing_before,
      last_id - first_id + 1 - n - gaps.inside as missing_inside,
      last_id - coalesce(id_before, first_id - 1) - n as missing,
      gaps.before + gaps.inside as absent
    from beside
    cross join lateral (
      select
        coalesce(sum(upper(ids * before_range) - lower(ids * before_range)), 0) as before,
        coalesce(sum(upper(ids * run_range) - lower(ids * run_range)), 0) as inside
      from (
        select
          unnest(range_agg(int8range(from_id, to_id, '[]'))) as ids,
          int8range(least(coalesce(id_before + 1, first_id), first_id), first_id) as before_range,
          int8range(first_id, last_id, '[]') as run_range
        from absent_trades as a
        where a.symbol = p_symbol
          and a.epoch = beside.epoch
          and a.answers >= 2
      ) as ranges
    ) as gaps
    where last_id - coalesce(id_before, first_id - 1) > n
  )
  select
    case when missing_before <> 0 then before_sec else from_sec end,
    case when missing_inside = 0 then from_sec else until_sec end
  from explained
  -- Where some of an absent range has come after all, it cannot be told which of its ids are missing.
  where missing <> absent
    and until_sec >= us_of(p_from) / 1000000
    and coalesce(before_sec, from_sec) < us_of(p_to) / 1000000;
end
$function$
