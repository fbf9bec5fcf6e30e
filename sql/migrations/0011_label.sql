-- A forecast is of the mid price or of the last trade's price: its label. Existing ones are of the mid. What came of it is
-- kept by its own label and by the other one, where both are known; a forecast of the last price needs no quote.

drop view prediction_outcomes;

alter table predictions add column label text not null default 'mid';
alter table predictions add column close_e8 bigint;
alter table predictions alter column mid_sum_e8 drop not null;

alter table outcomes add column realized_other_log_return double precision;

comment on column predictions.label is 'What price the forecast is of: mid, or last (the last trade).';
comment on column predictions.yhat_log_return is 'Forecast of ln(price at ts + horizon_s / price at ts), the label''s price.';
comment on column predictions.current_price is 'The label''s price as of ts, quote units.';
comment on column predictions.mid_sum_e8 is 'bid + ask as of ts, at 1e-8; null where no quote was known.';
comment on column predictions.close_e8 is 'The last trade''s price as of ts, at 1e-8; null before the first, and in rows of older versions.';
comment on column outcomes.realized_log_return is 'ln(price at ts + horizon_s / price at ts), the label''s price.';
comment on column outcomes.realized_other_log_return is 'The same by the other label; null where that is not known, and in rows of older versions.';

create view prediction_outcomes as
select
  p.venue,
  p.symbol,
  p.ts,
  p.model_version,
  p.role,
  p.horizon_s,
  p.label,
  p.yhat_log_return,
  o.realized_log_return,
  case p.label when 'mid' then o.realized_log_return else o.realized_other_log_return end as realized_mid_log_return,
  case p.label when 'last' then o.realized_log_return else o.realized_other_log_return end as realized_last_log_return,
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
  p.mid_sum_e8,
  p.close_e8
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
comment on column prediction_outcomes.realized_mid_log_return is 'What the mid did over the horizon, whatever the label of the forecast.';
comment on column prediction_outcomes.realized_last_log_return is 'What the last trade price did over the horizon, whatever the label of the forecast.';
