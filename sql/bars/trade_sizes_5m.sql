-- What counts as a large trade: the 95th percentile of the sizes of a block of five minutes, a size that occurred.
select
  symbol,
  time_bucket(interval '5 minutes', ts) as block,
  count(*) as n,
  percentile_disc(0.95) within group (order by qty_e8) as qty_p95_e8
from trades
where not late
group by symbol, time_bucket(interval '5 minutes', ts)
