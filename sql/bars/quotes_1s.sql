-- The last quote of each second, decided by update id.
select
  symbol,
  time_bucket(interval '1 second', ts) as sec,
  count(*) as n_quotes,
  max(update_id) as update_id,
  (max(array[update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]))[2] as ts_us,
  (max(array[update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]))[3] as bid_price_e8,
  (max(array[update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]))[4] as bid_qty_e8,
  (max(array[update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]))[5] as ask_price_e8,
  (max(array[update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]))[6] as ask_qty_e8,
  max(received_at) as received_at
from quotes
where not late
group by symbol, time_bucket(interval '1 second', ts)
