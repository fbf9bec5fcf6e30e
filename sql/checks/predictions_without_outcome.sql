-- Is an outcome missing though the market went on for a minute past the horizon?
-- An outcome that cannot be known is a row with nulls, so every prediction gets one.
with newest as (
  select
    symbol,
    max(ts) as ts
  from predictions
  group by symbol
)
select
  p.symbol,
  p.ts,
  p.model_version
from predictions p
join newest n on n.symbol = p.symbol
where p.ts + make_interval(secs => p.horizon_s + 60) < n.ts
  and not exists (
    select
    from outcomes o
    where o.symbol = p.symbol
      and o.ts = p.ts
      and o.model_version = p.model_version
  )
  and not exists (
    select
    from disconnects d
    where d.symbol = p.symbol
      and d.ts >= p.ts
      and d.ts <= p.ts + make_interval(secs => p.horizon_s + 60)
  )
order by p.symbol, p.ts, p.model_version;
