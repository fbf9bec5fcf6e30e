-- What were the champion's last twenty forecasts, and what came true?
-- Of each symbol's newest champion only: a model before it, a challenger and another horizon are other series.
with champions as (
  select distinct on (symbol)
    venue,
    symbol,
    model_version,
    horizon_s
  from predictions
  where role = 'champion'
  order by symbol, ts desc, emitted_at desc
)
select
  p.ts,
  p.symbol,
  p.horizon_s,
  round(p.current_price::numeric, 2) as price,
  round((10000 * p.yhat_log_return)::numeric, 3) as forecast_bp,
  round((10000 * p.realized_log_return)::numeric, 3) as realized_bp,
  round(p.predicted_price::numeric, 2) as predicted,
  round(p.realized_price::numeric, 2) as realized,
  p.hit,
  p.warm,
  p.source,
  round(p.latency_ms::numeric, 2) as latency_ms,
  p.model_version
from prediction_outcomes p
join champions c
  on c.venue = p.venue
  and c.symbol = p.symbol
  and c.model_version = p.model_version
  and c.horizon_s = p.horizon_s
where p.role = 'champion'
order by p.ts desc, p.symbol
limit 20;
