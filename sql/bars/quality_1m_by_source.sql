-- What the outcomes of each minute add to the figures of a model, what it forecast of live vectors and each kind of
-- approximation apart: sums of integers, so that they can be added up to any window and taken back to the last digit.
-- Returns at 1e-8 (return_e8), squares and products at 1e-16. A minute is the one of the forecasts.
-- src/judge/minute_sums.ts computes the same in memory.
select
  symbol,
  time_bucket(interval '1 minute', ts) as minute,
  venue,
  model_version,
  role,
  horizon_s,
  label,
  figure_source(source) as source,
  count(*) as n,
  sum((return_e8(realized_log_return) - return_e8(yhat_log_return)) * (return_e8(realized_log_return) - return_e8(yhat_log_return))) as error2,
  sum(abs(return_e8(realized_log_return) - return_e8(yhat_log_return))) as abs_error,
  sum(return_e8(realized_log_return)) as y,
  sum(return_e8(realized_log_return) * return_e8(realized_log_return)) as yy,
  sum(abs(return_e8(realized_log_return))) as abs_y,
  sum(return_e8(yhat_log_return)) as p,
  sum(return_e8(yhat_log_return) * return_e8(yhat_log_return)) as pp,
  sum(return_e8(yhat_log_return) * return_e8(realized_log_return)) as py,
  count(*) filter (where sign(return_e8(yhat_log_return)) * sign(return_e8(realized_log_return)) > 0) as hit,
  count(*) filter (where return_e8(yhat_log_return) <> 0 and return_e8(realized_log_return) <> 0) as counted,
  count(*) filter (where lower_log_return is not null and upper_log_return is not null) as intervals,
  count(*) filter (where lower_log_return <= realized_log_return and realized_log_return <= upper_log_return) as inside,
  coalesce(sum(return_e8(upper_log_return) - return_e8(lower_log_return)), 0) as width
from outcomes
where realized_log_return is not null
  and yhat_log_return is not null
group by symbol, time_bucket(interval '1 minute', ts), venue, model_version, role, horizon_s, label, figure_source(source)
