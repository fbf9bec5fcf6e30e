-- Does a prediction's price differ from the last quote that was known when it was made?
-- Known means: before its instant, believed, and not late. The last quote is the one with the highest id, which is
-- among the newest by time.
select
  p.symbol,
  p.ts,
  p.model_version,
  p.horizon_s,
  p.mid_sum_e8,
  q.bid_price_e8 + q.ask_price_e8 as quoted_sum_e8,
  q.update_id
from predictions p
cross join lateral (
  select
    bid_price_e8,
    ask_price_e8,
    update_id
  from (
    select
      epoch,
      update_id,
      bid_price_e8,
      ask_price_e8
    from quotes
    where symbol = p.symbol
      and ts < p.ts
      and not late
      and set_aside is null
    order by ts desc
    limit 256
  ) newest
  order by epoch desc, update_id desc
  limit 1
) q
where p.mid_sum_e8 <> q.bid_price_e8 + q.ask_price_e8
order by p.symbol, p.ts, p.model_version, p.horizon_s;
