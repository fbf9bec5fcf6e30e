-- Several models a tick: aliases for each of them, forecasts that say what they are worth, and which of them was served.

alter table model_aliases drop constraint model_aliases_alias_check;
alter table model_aliases add constraint model_aliases_alias_check check (
  alias in ('champion', 'challenger', 'fallback', 'shadow')
  or alias ~ '^shadow:[a-z0-9][a-z0-9._-]{0,30}$'
);

comment on column model_aliases.alias is 'champion (served), challenger (on trial), shadow or shadow:name (watched), fallback (the last good champion).';

alter table model_events drop constraint model_events_action_check;
alter table model_events add constraint model_events_action_check check (
  action in ('register', 'promote', 'rollback', 'remove')
);

comment on column model_events.action is 'register; promote and rollback move an alias; remove takes it away from the version.';

create or replace function tell_alias_moved()
returns trigger
language plpgsql
as $$
begin
  perform pg_notify(
    'foretick_models',
    case tg_op when 'DELETE' then old.symbol || ' ' || old.alias else new.symbol || ' ' || new.alias end
  );
  return null;
end
$$;

create trigger model_aliases_removed
after delete on model_aliases
for each row execute function tell_alias_moved();

alter table predictions add column served boolean;
alter table predictions add column lower_price double precision;
alter table predictions add column upper_price double precision;
alter table predictions add column interval_coverage double precision;
alter table predictions add column p_up double precision;
alter table predictions add column confidence double precision;
alter table predictions add column volatility double precision;

comment on column predictions.served is 'Given as the symbol''s forecast: the champion''s, or the fallback''s where the champion gave none. Null in rows of older versions.';
comment on column predictions.lower_price is 'Lower end of the interval the price is to be in at ts + horizon_s, quote units; null where no volatility was known, and in rows of older versions.';
comment on column predictions.upper_price is 'Its upper end.';
comment on column predictions.interval_coverage is 'The share of outcomes promised to be inside.';
comment on column predictions.p_up is 'Probability that the move is up, given that the price moves; 0.5 until there is evidence.';
comment on column predictions.confidence is 'max(p_up, 1 - p_up), drawn towards 0.5 where a part of the forecast was missing.';
comment on column predictions.volatility is 'Of the label over the horizon as it was known at ts (natural log): what interval and p_up are in units of.';

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
  o.realized_price >= p.lower_price and o.realized_price <= p.upper_price as inside
from predictions p
left join outcomes o
  on o.venue = p.venue
  and o.symbol = p.symbol
  and o.ts = p.ts
  and o.model_version = p.model_version
  and o.horizon_s = p.horizon_s;

comment on column prediction_outcomes.served is 'Given as the symbol''s forecast; the champion''s in rows of older versions.';
comment on column prediction_outcomes.inside is 'What came is within the interval; null where either is not known.';
