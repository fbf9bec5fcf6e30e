-- Which breaks meet a stretch of a symbol's data? Those that were noted, and those that the data itself
-- shows, from any source. A break is an interval between two events: after ts_us and before until_us.
create or replace function breaks_of(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_trade_places bar_places,
  p_quote_places bar_places,
  -- Of row_ends.
  p_trades_before bigint[],
  p_trades_after bigint[],
  p_quotes_before bigint,
  p_quotes_after bigint
)
returns table (
  ts_us bigint,
  until_us bigint,
  -- Trades between are not known.
  trades boolean,
  -- Quotes between are not known: one from before is no longer current.
  quotes boolean
)
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
declare
  newest_before timestamptz := at_sec(greatest(p_trades_before[1], p_quotes_before));
  traded record;
  quoted record;
  holes int8multirange := '{}';
begin
  -- Nearly always no id is missing: one pass says so.
  select min(first_epoch) as epoch_min, max(last_epoch) as epoch_max, min(first_id) as first_id, max(last_id) as last_id, sum(n_ids) as n
  into traded
  from trade_bars_of(p_symbol, p_from, p_to, p_trade_places.elsewhere, p_trade_places.dropped, p_trade_places.raw)
  where n_ids > 0;
  if not coalesce(
    -- Without a trade inside, those on either side are neighbours.
    case
      when traded.n is null then p_trades_after[2] <> p_trades_before[2] or p_trades_after[3] <= p_trades_before[3] + 1
      else traded.epoch_min = traded.epoch_max
        and coalesce(p_trades_before[2], traded.epoch_min) = traded.epoch_min
        and traded.n = traded.last_id - coalesce(p_trades_before[3], traded.first_id - 1)
        and coalesce(p_trades_after[2] <> traded.epoch_max or p_trades_after[3] = traded.last_id + 1, true)
    end,
    true
  ) then
    holes := (
      select coalesce(range_agg(int8range(from_sec, until_sec, '[]')), '{}')
      from trade_holes(p_symbol, p_from, p_to, p_trade_places)
    );
    -- To the second: bars do not say where in it a trade came.
    return query
    select lower(hole) * 1000000 + 999999, (upper(hole) - 1) * 1000000, true, false
    from unnest(holes) as hole;
  end if;
  select us_of(min(sec)) / 1000000 as first, us_of(max(sec)) / 1000000 as last, count(*) as n
  into quoted
  from quote_bars_of(p_symbol, p_from, p_to, p_quote_places.elsewhere, p_quote_places.dropped, p_quote_places.raw)
  where n_quotes > 0;
  if not coalesce(
    quoted.last - quoted.first + 1 - quoted.n < 60
      and coalesce(quoted.first - p_quotes_before, 0) <= 60
      and coalesce(p_quotes_after - quoted.last, 0) <= 60,
    false
  ) then
    -- A quote of the second in which they fell silent is no longer current when it is over.
    return query
    select from_sec * 1000000 + 999999, until_sec * 1000000, false, true
    from quote_silences(p_symbol, p_from, p_to, p_quote_places, holes, p_quotes_before, p_quotes_after);
  end if;
  return query
  select
    us_of(ts),
    coalesce(us_of(until), first_after(p_symbol, ts, p_trade_places, p_quote_places)),
    stream in ('all', 'trade') and filled_at is null,
    stream in ('all', 'quote')
  from disconnects
  where symbol = p_symbol
    and ts < p_to
    and stream <> 'depth'
    -- One whose end was not noted ended with the next event.
    and (ts >= p_from or until >= p_from or until is null and ts >= coalesce(newest_before, '-infinity'));
end
$function$
