-- Does an aggregate include a trade that is stored as well?
select
  a.symbol,
  a.first_trade_id,
  a.trade_id,
  t.trade_id as counted_twice,
  t.ts
from trades a
join trades t
  on t.symbol = a.symbol
  and t.trade_id >= a.first_trade_id
  and t.trade_id < a.trade_id
where a.first_trade_id is not null
order by a.symbol, t.trade_id;
