-- Trades by second. First and last are decided by trade id, never by time: an array compares by its first
-- element, and one array is aggregated once, however many of its elements are read. Sums are exact integers.
-- A row with a first_trade_id stands for all trades from there to trade_id, of one time, price and side: it
-- counts as many, and everything is exact but the sizes, which are known of n_single trades only.
select
  symbol,
  time_bucket(interval '1 second', ts) as sec,
  count(*) + coalesce(sum(trade_id - first_trade_id), 0)::bigint as n,
  count(*) filter (where not is_buyer_maker)
    + coalesce(sum(trade_id - first_trade_id) filter (where not is_buyer_maker), 0)::bigint as n_buy,
  count(*) filter (where first_trade_id is null) as n_single,
  (min(array[trade_id, price_e8]))[2] as open_e8,
  max(price_e8) as high_e8,
  min(price_e8) as low_e8,
  (max(array[trade_id, us_of(ts), price_e8]))[3] as close_e8,
  min(coalesce(first_trade_id, trade_id)) as first_trade_id,
  max(trade_id) as last_trade_id,
  (max(array[trade_id, us_of(ts), price_e8]))[2] as last_trade_ts_us,
  coalesce(sum(qty_e8) filter (where not is_buyer_maker), 0) as buy_qty_e8,
  coalesce(sum(qty_e8) filter (where is_buyer_maker), 0) as sell_qty_e8,
  sum(price_e8::numeric * qty_e8) as notional_e16,
  max(qty_e8) as qty_max_e8,
  max(received_at) as received_at
from trades
where not late
group by symbol, time_bucket(interval '1 second', ts)
