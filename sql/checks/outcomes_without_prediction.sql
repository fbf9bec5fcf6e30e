-- Is there an outcome of a prediction that was never made?
select
  o.symbol,
  o.ts,
  o.model_version
from outcomes o
where not exists (
  select
  from predictions p
  where p.symbol = o.symbol
    and p.ts = o.ts
    and p.model_version = o.model_version
)
order by o.symbol, o.ts, o.model_version;
