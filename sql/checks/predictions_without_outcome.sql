-- Is an outcome missing though the market went on for two minutes past the horizon?
-- An outcome that cannot be known is a row with nulls, so every prediction gets one. After a start the service
-- joins what the process before it left open within a minute, older history a day at a time.
with newest as (
  select
    s.symbol,
    q.ts
  from (select distinct symbol from predictions) s
  cross join lateral (
    select ts
    from quotes
    where symbol = s.symbol
      and not late
      and set_aside is null
    order by ts desc
    limit 1
  ) q
)
select
  p.symbol,
  p.ts,
  p.model_version,
  p.horizon_s
from predictions p
join newest n on n.symbol = p.symbol
where p.ts + make_interval(secs => p.horizon_s + 120) < n.ts
  and not exists (
    select
    from outcomes o
    where o.venue = p.venue
      and o.symbol = p.symbol
      and o.ts = p.ts
      and o.model_version = p.model_version
      and o.horizon_s = p.horizon_s
  )
order by p.symbol, p.ts, p.model_version, p.horizon_s;
