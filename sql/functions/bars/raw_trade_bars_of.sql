-- What bars do the raw rows of a symbol make where p_raw says, between two times? A function of its own: a plan that is
-- hardly ever run costs nothing until it is.
create or replace function raw_trade_bars_of(p_symbol text, p_from timestamptz, p_to timestamptz, p_raw tstzmultirange)
returns table (
  symbol text,
  sec timestamptz,
  n bigint,
  n_buy bigint,
  n_single bigint,
  open_e8 bigint,
  high_e8 bigint,
  low_e8 bigint,
  close_e8 bigint,
  first_trade_id bigint,
  last_trade_id bigint,
  last_trade_ts_us bigint,
  buy_qty_e8 numeric,
  sell_qty_e8 numeric,
  notional_e16 numeric,
  qty_max_e8 bigint,
  received_at timestamptz,
  epoch integer,
  n_rows bigint,
  n_ids bigint,
  first_epoch integer,
  first_id bigint,
  last_epoch integer,
  last_id bigint
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
  select symbol, sec, n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8, first_trade_id, last_trade_id, last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8, received_at, epoch, n_rows, n_ids, first_epoch, first_id, last_epoch, last_id
  from (
    with trades as (
      select *
      from trades as r
      where r.symbol = p_symbol
        and r.ts >= lower(wanted)
        and r.ts < upper(wanted)
        and r.ts <@ wanted
    )
\ir ../../bars/trade_bars_1s.sql
  ) as computed;
end
$function$
