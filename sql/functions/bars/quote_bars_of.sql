-- What are the last quotes by second of a symbol between two times, whole buckets, whatever has been refreshed? Bars that are behind are
-- computed from the raw rows, and kept ones are used where those are gone. PostgreSQL puts the body in place
-- of the call.
create or replace function quote_bars_of(
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
language sql
stable parallel safe
as $function$
  select symbol, sec, n_quotes, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, epoch, n_rows
  from quote_bars_1s as b
  where b.symbol = p_symbol
    and b.sec >= p_from
    and b.sec < p_to
    and not b.sec <@ p_elsewhere
  union all
  select symbol, sec, n_quotes, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, epoch, n_rows
  from quote_bars_1s_kept as b
  where b.symbol = p_symbol
    and b.sec >= greatest(p_from, lower(p_dropped))
    and b.sec < least(p_to, upper(p_dropped))
    and not isempty(p_dropped)
  union all
  select symbol, sec, n_quotes, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, epoch, n_rows
  from raw_quote_bars_of(p_symbol, p_from, p_to, p_raw)
  where not isempty(p_raw)
$function$
