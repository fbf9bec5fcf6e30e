-- What bars do the raw rows of a symbol make where p_raw says, between two times? A function of its own: a plan that is
-- hardly ever run costs nothing until it is.
create or replace function raw_trade_blocks_of(p_symbol text, p_from timestamptz, p_to timestamptz, p_raw tstzmultirange)
returns table (
  symbol text,
  block timestamptz,
  n bigint,
  qty_p95_e8 bigint,
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
  select symbol, block, n, qty_p95_e8, n_rows
  from (
    with trades as (
      select *
      from trades as r
      where r.symbol = p_symbol
        and r.ts >= lower(wanted)
        and r.ts < upper(wanted)
        and r.ts <@ wanted
    )
\ir ../../bars/trade_blocks_5m.sql
  ) as computed;
end
$function$
