-- Is there a quote whose bid is not below its ask?
select
  symbol,
  update_id,
  ts,
  bid_price_e8,
  ask_price_e8
from quotes
where bid_price_e8 >= ask_price_e8
  and ask_price_e8 > 0
order by symbol, update_id;
