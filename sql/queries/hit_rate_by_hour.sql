-- How often did the forecast get the direction right, hour by hour?
-- Each model, role and horizon is counted apart. A second in which the price did not move, or no move was
-- forecast, counts neither way. Around 50 % is no skill; far above it over many seconds is a bug until proven
-- otherwise.
select
  date_trunc('hour', ts) as hour,
  symbol,
  model_version,
  role,
  horizon_s,
  count(hit) as decided,
  count(*) filter (where hit) as hits,
  round(100.0 * count(*) filter (where hit) / nullif(count(hit), 0), 2) as hit_rate_percent,
  count(*) filter (where realized_log_return = 0) as did_not_move,
  count(*) filter (where realized_log_return is null) as unknown
from prediction_outcomes
where warm
group by hour, symbol, model_version, role, horizon_s
order by hour desc, symbol, model_version, role, horizon_s;
