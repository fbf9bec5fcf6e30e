-- Does a prediction's price differ from the last quote that was known when it was made?
-- Known means: before its instant, and not late.
select
  p.symbol,
  p.ts,
  p.model_version,
  p.mid_sum_e8,
  q.bid_price_e8 + q.ask_price_e8 as quoted_sum_e8,
  q.update_id
from predictions p
cross join lateral (
  select
    bid_price_e8,
    ask_price_e8,
    update_id
  from quotes
  where symbol = p.symbol
    and ts < p.ts
    and not late
  order by ts desc, update_id desc
  limit 1
) q
where p.mid_sum_e8 <> q.bid_price_e8 + q.ask_price_e8
order by p.symbol, p.ts, p.model_version;
