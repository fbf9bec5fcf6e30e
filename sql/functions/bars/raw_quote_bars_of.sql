-- What bars do the raw rows of a symbol make where p_raw says, between two times? A function of its own: a plan that is
-- hardly ever run costs nothing until it is.
create or replace function raw_quote_bars_of(p_symbol text, p_from timestamptz, p_to timestamptz, p_raw tstzmultirange)
returns table (
  symbol text,
  sec timestamptz,
  n_quotes bigint,
  update_id bigint,
  ts_us bigint,
  bid_price_e8 bigint,
  bid_qty_e8 bigint,
  ask_price_e8 bigint,
  ask_qty_e8 bigint,
  received_at timestamptz,
  epoch integer,
  n_rows bigint
)
language plpgsql
stable parallel safe
rows 60
set plan_cache_mode = force_generic_plan
set jit = off
as $function$
#variable_conflict use_column
declare
  wanted tstzmultirange := p_raw * tstzmultirange(tstzrange(p_from, p_to));
begin
  if isempty(wanted) then
    return;
  end if;
  return query
  select symbol, sec, n_quotes, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, epoch, n_rows
  from (
    with quotes as (
      select *
      from quotes as r
      where r.symbol = p_symbol
        and r.ts >= lower(wanted)
        and r.ts < upper(wanted)
        and r.ts <@ wanted
    )
\ir ../../bars/quote_bars_1s.sql
  ) as computed;
end
$function$
