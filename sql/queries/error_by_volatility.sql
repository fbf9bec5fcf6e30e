-- Is the forecast worse when the market moves more?
-- Seconds are split into five equal groups by the volatility of the ten seconds before them (vol_ret_10s,
-- column 14 of feature set v1), for each model, role and horizon apart. Errors are in basis points; `zero_rmse_bp` is what forecasting no move would
-- have had, `skill_percent` how much smaller the squared error is than that one's.
with scored as (
  select
    p.symbol,
    p.model_version,
    p.role,
    p.horizon_s,
    10000 * p.error as error_bp,
    10000 * p.realized_log_return as realized_bp,
    10000 * f.values[14] as volatility_bp,
    p.hit,
    ntile(5) over (
      partition by p.symbol, p.model_version, p.role, p.horizon_s
      order by f.values[14]
    ) as fifth
  from prediction_outcomes p
  join features_live f
    on f.symbol = p.symbol
    and f.ts = p.ts
    and f.feature_set = p.feature_set
    and f.set_hash = p.set_hash
  where p.feature_set = 'v1'
    and p.warm
    and p.error is not null
    and f.values[14] is not null
)
select
  symbol,
  model_version,
  role,
  horizon_s,
  fifth,
  count(*) as seconds,
  round(min(volatility_bp)::numeric, 3) as volatility_bp_from,
  round(max(volatility_bp)::numeric, 3) as volatility_bp_to,
  round(avg(abs(error_bp))::numeric, 3) as mae_bp,
  round(sqrt(avg(error_bp * error_bp))::numeric, 3) as rmse_bp,
  round(sqrt(avg(realized_bp * realized_bp))::numeric, 3) as zero_rmse_bp,
  round((100 - 100 * avg(error_bp * error_bp) / nullif(avg(realized_bp * realized_bp), 0))::numeric, 3)
    as skill_percent,
  round(100.0 * count(*) filter (where hit) / nullif(count(hit), 0), 2) as hit_rate_percent
from scored
group by symbol, model_version, role, horizon_s, fifth
order by symbol, model_version, role, horizon_s, fifth;
