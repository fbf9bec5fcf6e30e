-- How good each model has been, minute by minute. The interval is kept as log-returns, exactly, and an outcome carries
-- what it is of: a continuous aggregate reads one hypertable, and sums need both sides. Outcomes stored before this
-- carry nothing, and are not counted.

alter table predictions add column lower_log_return double precision;
alter table predictions add column upper_log_return double precision;

comment on column predictions.lower_log_return is 'Lower end of the interval as a log-return from the price at ts: what the outcome is held against. Null in rows of older versions.';
comment on column predictions.upper_log_return is 'Its upper end.';

alter table outcomes add column role text;
alter table outcomes add column label text;
alter table outcomes add column yhat_log_return double precision;
alter table outcomes add column lower_log_return double precision;
alter table outcomes add column upper_log_return double precision;

comment on column outcomes.role is 'The prediction''s, as are label, yhat_log_return, lower_log_return and upper_log_return; null in rows of older versions.';

create or replace view prediction_outcomes as
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
  p.close_e8,
  coalesce(p.served, p.role = 'champion') as served,
  p.lower_price,
  p.upper_price,
  p.interval_coverage,
  p.p_up,
  p.confidence,
  p.volatility,
  case
    when p.lower_log_return is null then o.realized_price >= p.lower_price and o.realized_price <= p.upper_price
    else o.realized_log_return >= p.lower_log_return and o.realized_log_return <= p.upper_log_return
  end as inside,
  p.lower_log_return,
  p.upper_log_return
from predictions p
left join outcomes o
  on o.venue = p.venue
  and o.symbol = p.symbol
  and o.ts = p.ts
  and o.model_version = p.model_version
  and o.horizon_s = p.horizon_s;

-- floor(x + 0.5), not round(): PostgreSQL takes halves to the even number, the live path upwards.
create function return_e8(value double precision)
returns bigint
language sql
immutable strict parallel safe
return floor(least(greatest(value, -0.05::double precision), 0.05::double precision) * 1e8::double precision + 0.5::double precision)::bigint;

comment on function return_e8 is 'A log-return as an integer at 1e-8, bounded at 5 %: sums of a minute stay below 2^53.';

create index outcomes_ts on outcomes (ts);
