-- The last quote of each second, decided by (epoch, update id) among the believed ones that came in time.
select
  symbol,
  time_bucket(interval '1 second', ts) as sec,
  count(*) filter (where not late and set_aside is null) as n_quotes,
  (max(array[epoch, update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]) filter (where not late and set_aside is null))[2] as update_id,
  (max(array[epoch, update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]) filter (where not late and set_aside is null))[3] as ts_us,
  (max(array[epoch, update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]) filter (where not late and set_aside is null))[4] as bid_price_e8,
  (max(array[epoch, update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]) filter (where not late and set_aside is null))[5] as bid_qty_e8,
  (max(array[epoch, update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]) filter (where not late and set_aside is null))[6] as ask_price_e8,
  (max(array[epoch, update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]) filter (where not late and set_aside is null))[7] as ask_qty_e8,
  max(received_at) filter (where not late and set_aside is null) as received_at,
  (max(array[epoch, update_id, us_of(ts), bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8]) filter (where not late and set_aside is null))[1]::integer as epoch,
  count(*) as n_rows
from quotes
group by symbol, time_bucket(interval '1 second', ts)
