-- Is there an outcome of a prediction that was never made?
select
  o.symbol,
  o.ts,
  o.model_version,
  o.horizon_s
from outcomes o
where not exists (
  select
  from predictions p
  where p.venue = o.venue
    and p.symbol = o.symbol
    and p.ts = o.ts
    and p.model_version = o.model_version
    and p.horizon_s = o.horizon_s
)
order by o.symbol, o.ts, o.model_version, o.horizon_s;
