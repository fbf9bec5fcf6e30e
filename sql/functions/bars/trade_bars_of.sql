-- What are trades by second of a symbol between two times, whole buckets, whatever has been refreshed? Bars that are behind are
-- computed from the raw rows, and kept ones are used where those are gone. PostgreSQL puts the body in place
-- of the call.
create or replace function trade_bars_of(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_elsewhere tstzmultirange,
  p_dropped tstzmultirange,
  p_raw tstzmultirange
)
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
language sql
stable parallel safe
as $function$
  select symbol, sec, n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8, first_trade_id, last_trade_id, last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8, received_at, epoch, n_rows, n_ids, first_epoch, first_id, last_epoch, last_id
  from trade_bars_1s as b
  where b.symbol = p_symbol
    and b.sec >= p_from
    and b.sec < p_to
    and not b.sec <@ p_elsewhere
  union all
  select symbol, sec, n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8, first_trade_id, last_trade_id, last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8, received_at, epoch, n_rows, n_ids, first_epoch, first_id, last_epoch, last_id
  from trade_bars_1s_kept as b
  where b.symbol = p_symbol
    and b.sec >= greatest(p_from, lower(p_dropped))
    and b.sec < least(p_to, upper(p_dropped))
    and not isempty(p_dropped)
  union all
  select symbol, sec, n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8, first_trade_id, last_trade_id, last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8, received_at, epoch, n_rows, n_ids, first_epoch, first_id, last_epoch, last_id
  from raw_trade_bars_of(p_symbol, p_from, p_to, p_raw)
  where not isempty(p_raw)
$function$
