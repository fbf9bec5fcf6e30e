-- What are trade sizes by block of a symbol between two times, whole buckets, whatever has been refreshed? Bars that are behind are
-- computed from the raw rows, and kept ones are used where those are gone. PostgreSQL puts the body in place
-- of the call.
create or replace function trade_blocks_of(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_elsewhere tstzmultirange,
  p_dropped tstzmultirange,
  p_raw tstzmultirange
)
returns table (
  symbol text,
  block timestamptz,
  n bigint,
  qty_p95_e8 bigint,
  n_rows bigint
)
language sql
stable parallel safe
as $function$
  select symbol, block, n, qty_p95_e8, n_rows
  from trade_blocks_5m as b
  where b.symbol = p_symbol
    and b.block >= p_from
    and b.block < p_to
    and not b.block <@ p_elsewhere
  union all
  select symbol, block, n, qty_p95_e8, n_rows
  from trade_blocks_5m_kept as b
  where b.symbol = p_symbol
    and b.block >= greatest(p_from, lower(p_dropped))
    and b.block < least(p_to, upper(p_dropped))
    and not isempty(p_dropped)
  union all
  select symbol, block, n, qty_p95_e8, n_rows
  from raw_trade_blocks_of(p_symbol, p_from, p_to, p_raw)
  where not isempty(p_raw)
$function$
