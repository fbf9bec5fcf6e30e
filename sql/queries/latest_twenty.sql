-- What were the last twenty forecasts, and what came true?
select
  ts,
  symbol,
  round(current_price::numeric, 2) as price,
  round((10000 * yhat_log_return_10s)::numeric, 3) as forecast_bp,
  round((10000 * realized_log_return_10s)::numeric, 3) as realized_bp,
  round(predicted_price::numeric, 2) as predicted,
  round(realized_price::numeric, 2) as realized,
  hit,
  warm,
  source,
  round(latency_ms::numeric, 2) as latency_ms,
  model_version
from prediction_outcomes
order by ts desc, symbol, model_version
limit 20;
