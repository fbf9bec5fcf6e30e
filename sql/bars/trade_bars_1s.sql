-- Trades by second. The numbers are those of the believed trades that came before their second had closed; ids
-- are counted of all trades whose id is real, so that missing ones show. First and last are decided by
-- (epoch, trade id), never by time: an array compares element by element, and one array is aggregated once,
-- however many of its elements are read. Sums are exact integers. A row with a first_trade_id stands for all
-- trades from there to trade_id, of one time, price and side: it counts as many, and everything is exact but
-- the sizes, which are known of n_single trades only.
select
  symbol,
  time_bucket(interval '1 second', ts) as sec,
  count(*) filter (where not late and set_aside is null)
    + coalesce(sum(trade_id - first_trade_id) filter (where not late and set_aside is null), 0)::bigint as n,
  count(*) filter (where not late and set_aside is null and not is_buyer_maker)
    + coalesce(sum(trade_id - first_trade_id) filter (where not late and set_aside is null and not is_buyer_maker), 0)::bigint as n_buy,
  count(*) filter (where not late and set_aside is null and first_trade_id is null) as n_single,
  (min(array[epoch, trade_id, price_e8]) filter (where not late and set_aside is null))[3] as open_e8,
  max(price_e8) filter (where not late and set_aside is null) as high_e8,
  min(price_e8) filter (where not late and set_aside is null) as low_e8,
  (max(array[epoch, trade_id, us_of(ts), price_e8]) filter (where not late and set_aside is null))[4] as close_e8,
  (min(array[epoch, coalesce(first_trade_id, trade_id)]) filter (where not late and set_aside is null))[2] as first_trade_id,
  (max(array[epoch, trade_id, us_of(ts), price_e8]) filter (where not late and set_aside is null))[2] as last_trade_id,
  (max(array[epoch, trade_id, us_of(ts), price_e8]) filter (where not late and set_aside is null))[3] as last_trade_ts_us,
  coalesce(sum(qty_e8) filter (where not late and set_aside is null and not is_buyer_maker), 0) as buy_qty_e8,
  coalesce(sum(qty_e8) filter (where not late and set_aside is null and is_buyer_maker), 0) as sell_qty_e8,
  coalesce(sum(price_e8::numeric * qty_e8) filter (where not late and set_aside is null), 0) as notional_e16,
  max(qty_e8) filter (where not late and set_aside is null) as qty_max_e8,
  max(received_at) filter (where not late and set_aside is null) as received_at,
  (max(array[epoch, trade_id, us_of(ts), price_e8]) filter (where not late and set_aside is null))[1]::integer as epoch,
  count(*) as n_rows,
  count(*) filter (where set_aside is null or set_aside <> 'id_ahead')
    + coalesce(sum(trade_id - first_trade_id) filter (where set_aside is null or set_aside <> 'id_ahead'), 0)::bigint as n_ids,
  (min(array[epoch, coalesce(first_trade_id, trade_id)]) filter (where set_aside is null or set_aside <> 'id_ahead'))[1]::integer as first_epoch,
  (min(array[epoch, coalesce(first_trade_id, trade_id)]) filter (where set_aside is null or set_aside <> 'id_ahead'))[2] as first_id,
  (max(array[epoch, trade_id]) filter (where set_aside is null or set_aside <> 'id_ahead'))[1]::integer as last_epoch,
  (max(array[epoch, trade_id]) filter (where set_aside is null or set_aside <> 'id_ahead'))[2] as last_id
from trades
group by symbol, time_bucket(interval '1 second', ts)
