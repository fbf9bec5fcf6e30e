-- What counts as a large trade: the 95th percentile of the sizes of a block of five minutes, a size that occurred.
select
  symbol,
  time_bucket(interval '5 minutes', ts) as block,
  count(*) filter (where not late and set_aside is null) as n,
  percentile_disc(0.95) within group (order by qty_e8) filter (where not late and set_aside is null) as qty_p95_e8,
  count(*) as n_rows
from trades
group by symbol, time_bucket(interval '5 minutes', ts)
