-- What is on either side of a stretch? Of the nearest bar with trades and of the nearest second with quotes:
-- seconds, and the trades' ids with their epochs. Late trades count: they are known. Null where there is
-- none.
create or replace function row_ends(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_trade_places bar_places,
  p_quote_places bar_places,
  -- [second, epoch, highest id], [second, epoch, least id].
  out trades_before bigint[],
  out trades_after bigint[],
  out quotes_before bigint,
  out quotes_after bigint
)
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
begin
  trades_before := (
    select array[us_of(sec) / 1000000, last_epoch, last_id]
    from trade_bars_1s
    where symbol = p_symbol
      and sec < p_from
      and n_ids > 0
      and not sec <@ p_trade_places.elsewhere
    order by sec desc
    limit 1
  );
  trades_after := (
    select array[us_of(sec) / 1000000, first_epoch, first_id]
    from trade_bars_1s
    where symbol = p_symbol
      and sec >= p_to
      and n_ids > 0
      and not sec <@ p_trade_places.elsewhere
    order by sec
    limit 1
  );
  quotes_before := (
    select us_of(sec) / 1000000
    from quote_bars_1s
    where symbol = p_symbol
      and sec < p_from
      and n_quotes > 0
      and not sec <@ p_quote_places.elsewhere
    order by sec desc
    limit 1
  );
  quotes_after := (
    select us_of(sec) / 1000000
    from quote_bars_1s
    where symbol = p_symbol
      and sec >= p_to
      and n_quotes > 0
      and not sec <@ p_quote_places.elsewhere
    order by sec
    limit 1
  );
  if not isempty(p_trade_places.dropped) then
    trades_before := greatest(trades_before, (
      select array[us_of(sec) / 1000000, last_epoch, last_id]
      from trade_bars_1s_kept
      where symbol = p_symbol
        and sec < p_from
        and n_ids > 0
      order by sec desc
      limit 1
    ));
    trades_after := least(trades_after, (
      select array[us_of(sec) / 1000000, first_epoch, first_id]
      from trade_bars_1s_kept
      where symbol = p_symbol
        and sec >= p_to
        and n_ids > 0
      order by sec
      limit 1
    ));
  end if;
  if not isempty(p_quote_places.dropped) then
    quotes_before := greatest(quotes_before, (
      select us_of(sec) / 1000000
      from quote_bars_1s_kept
      where symbol = p_symbol
        and sec < p_from
        and n_quotes > 0
      order by sec desc
      limit 1
    ));
    quotes_after := least(quotes_after, (
      select us_of(sec) / 1000000
      from quote_bars_1s_kept
      where symbol = p_symbol
        and sec >= p_to
        and n_quotes > 0
      order by sec
      limit 1
    ));
  end if;
  if not isempty(p_trade_places.raw) then
    trades_before := greatest(trades_before, (
      select max(array[us_of(ts) / 1000000, epoch, trade_id])
      from unnest(p_trade_places.raw) as part
      cross join lateral (
        select ts, epoch, trade_id
        from trades
        where symbol = p_symbol
          and ts >= lower(part)
          and ts < least(upper(part), p_from)
          and (set_aside is null or set_aside <> 'id_ahead')
        order by ts desc
        limit 1000
      ) as newest
    ));
    trades_after := least(trades_after, (
      select min(array[us_of(ts) / 1000000, epoch, trade_id])
      from unnest(p_trade_places.raw) as part
      cross join lateral (
        select ts, epoch, coalesce(first_trade_id, trade_id) as trade_id
        from trades
        where symbol = p_symbol
          and ts >= greatest(lower(part), p_to)
          and ts < upper(part)
          and (set_aside is null or set_aside <> 'id_ahead')
        order by ts
        limit 1000
      ) as oldest
    ));
  end if;
  if not isempty(p_quote_places.raw) then
    quotes_before := greatest(quotes_before, (
      select us_of(max(ts)) / 1000000
      from unnest(p_quote_places.raw) as part
      cross join lateral (
        select ts
        from quotes
        where symbol = p_symbol
          and ts >= lower(part)
          and ts < least(upper(part), p_from)
          and not late
          and set_aside is null
        order by ts desc
        limit 1
      ) as newest
    ));
    quotes_after := least(quotes_after, (
      select us_of(min(ts)) / 1000000
      from unnest(p_quote_places.raw) as part
      cross join lateral (
        select ts
        from quotes
        where symbol = p_symbol
          and ts >= greatest(lower(part), p_to)
          and ts < upper(part)
          and not late
          and set_aside is null
        order by ts
        limit 1
      ) as oldest
    ));
  end if;
end
$function$
