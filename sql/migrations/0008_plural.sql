-- Several models, roles, horizons and venues side by side. The horizon is in the key and no longer in the names
-- of the columns. Existing rows are forecasts of the champion; the tails give them their new keys.

drop view prediction_outcomes;

alter table predictions rename column yhat_log_return_10s to yhat_log_return;
alter table predictions add column venue text not null default 'binance';
alter table predictions add column role text not null default 'champion';

alter table outcomes rename column realized_log_return_10s to realized_log_return;
alter table outcomes add column venue text not null default 'binance';
alter table outcomes add column horizon_s integer not null default 10;

comment on table predictions is 'One row per instant, model and horizon: where the mid price will be horizon_s later.';
comment on column predictions.venue is 'The exchange whose market is forecast.';
comment on column predictions.role is 'What the model was to its symbol at that tick: champion (served), challenger, shadow or fallback.';
comment on column predictions.horizon_s is 'How far ahead the forecast looks (s).';
comment on column predictions.yhat_log_return is 'Forecast of ln(mid at ts + horizon_s / mid at ts).';
comment on table outcomes is 'What came of a prediction, under the same key; null where the data has a gap or no quote was known.';
comment on column outcomes.realized_log_return is 'ln(mid at ts + horizon_s / mid at ts).';
comment on column outcomes.joined_at is 'Local clock when the outcome was known.';

create view prediction_outcomes as
select
  p.venue,
  p.symbol,
  p.ts,
  p.model_version,
  p.role,
  p.horizon_s,
  p.yhat_log_return,
  o.realized_log_return,
  case when p.horizon_s = 10 then p.yhat_log_return end as yhat_log_return_10s,
  case when p.horizon_s = 10 then o.realized_log_return end as realized_log_return_10s,
  case when p.horizon_s = 60 then p.yhat_log_return end as yhat_log_return_60s,
  case when p.horizon_s = 60 then o.realized_log_return end as realized_log_return_60s,
  p.yhat_log_return - o.realized_log_return as error,
  case
    when p.yhat_log_return = 0 or o.realized_log_return = 0 then null
    else sign(p.yhat_log_return) = sign(o.realized_log_return)
  end as hit,
  p.current_price,
  p.predicted_price,
  o.realized_price,
  p.feature_set,
  p.set_hash,
  p.source,
  p.features_age_ms,
  p.latency_ms,
  p.warm,
  p.emitted_at,
  o.joined_at,
  p.mid_sum_e8
from predictions p
left join outcomes o
  on o.venue = p.venue
  and o.symbol = p.symbol
  and o.ts = p.ts
  and o.model_version = p.model_version
  and o.horizon_s = p.horizon_s;

comment on view prediction_outcomes is 'Predictions with what came true; the realised columns are null while it is not known. A series is one model_version, role and horizon_s.';
comment on column prediction_outcomes.yhat_log_return_10s is 'yhat_log_return of a ten-second model; null for every other horizon. The columns ending in 60s likewise.';
comment on column prediction_outcomes.error is 'Forecast minus realised log return.';
comment on column prediction_outcomes.hit is 'The direction came true; null where the price did not move, no move was forecast, or the outcome is not known.';
