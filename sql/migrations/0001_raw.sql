-- What was received and what was said about it. Times are the exchange's unless the name says otherwise;
-- prices, quantities and sizes are integers at 1e-8 ("e8"), so that every sum of them is exact.

create function from_us(us bigint)
returns timestamptz
language sql
immutable strict parallel safe
as $$ select timestamptz 'epoch' + us * interval '1 microsecond' $$;

create function to_us(ts timestamptz)
returns bigint
language sql
immutable strict parallel safe
as $$ select (extract(epoch from ts - timestamptz 'epoch') * 1000000)::bigint $$;

comment on function from_us is 'Microseconds since 1970-01-01 UTC as a timestamptz, exactly.';
comment on function to_us is 'A timestamptz as microseconds since 1970-01-01 UTC, exactly.';

create table trades (
  symbol text not null,
  ts timestamptz not null,
  trade_id bigint not null,
  price_e8 bigint not null check (price_e8 > 0),
  qty_e8 bigint not null check (qty_e8 >= 0),
  is_buyer_maker boolean not null,
  late boolean not null default false,
  received_at timestamptz not null default now(),
  primary key (symbol, trade_id, ts)
);

comment on table trades is 'Single trades, each once. Order them by trade_id: many share a microsecond.';
comment on column trades.ts is 'The exchange''s transaction time.';
comment on column trades.is_buyer_maker is 'true: the taker sold.';
comment on column trades.late is 'Arrived after its second was closed: no bar of the live path holds it.';
comment on column trades.received_at is 'Local clock when it was received; a backfilled trade''s is later than its second.';

create index trades_symbol_ts on trades (symbol, ts desc);

create table quotes (
  symbol text not null,
  ts timestamptz not null,
  update_id bigint not null,
  bid_price_e8 bigint not null,
  bid_qty_e8 bigint not null,
  ask_price_e8 bigint not null,
  ask_qty_e8 bigint not null,
  late boolean not null default false,
  received_at timestamptz not null default now(),
  primary key (symbol, update_id, ts)
);

comment on table quotes is 'Best bid and ask at each change. Ids increase and are not consecutive: the exchange culls.';
comment on column quotes.ts is 'The exchange''s event time.';
comment on column quotes.late is 'Arrived after its second was closed: no bar of the live path holds it.';

create index quotes_symbol_ts on quotes (symbol, ts desc);

create table disconnects (
  symbol text not null,
  ts timestamptz not null,
  reason text not null,
  received_at timestamptz not null,
  filled_at timestamptz,
  primary key (symbol, ts, received_at)
);

comment on table disconnects is 'Where the data stops being continuous.';
comment on column disconnects.ts is 'Highest exchange time seen before the break.';
comment on column disconnects.filled_at is 'When the trades of the gap had been fetched; null while they have not.';

create table features_live (
  symbol text not null,
  ts timestamptz not null,
  feature_set text not null,
  set_hash text not null,
  warm boolean not null,
  values double precision[] not null,
  closed_at timestamptz not null,
  primary key (symbol, ts, feature_set, set_hash)
);

comment on table features_live is 'Feature vectors as the live path computed them, bit for bit.';
comment on column features_live.ts is 'As of this instant: the vector knows every event before it and nothing else.';
comment on column features_live.values is 'One value a column of the set, in its order; null where the feature is.';
comment on column features_live.closed_at is 'Local clock when the second was closed.';

create table predictions (
  symbol text not null,
  ts timestamptz not null,
  model_version text not null,
  horizon_s integer not null,
  yhat_log_return_10s double precision not null,
  current_price double precision not null,
  predicted_price double precision not null,
  feature_set text not null,
  set_hash text not null,
  source text not null,
  features_age_ms double precision not null,
  latency_ms double precision not null,
  warm boolean not null,
  emitted_at timestamptz not null,
  mid_sum_e8 bigint not null,
  primary key (symbol, ts, model_version)
);

comment on table predictions is 'One row a second and model: where the mid price will be horizon_s later.';
comment on column predictions.ts is 'As of this instant, by the exchange''s clock.';
comment on column predictions.yhat_log_return_10s is 'Forecast of ln(mid at ts + horizon_s / mid at ts).';
comment on column predictions.source is 'onnx, or fallback: the same bundle evaluated without the runtime.';
comment on column predictions.mid_sum_e8 is 'bid + ask as of ts, at 1e-8: twice the mid.';

create table outcomes (
  symbol text not null,
  ts timestamptz not null,
  model_version text not null,
  realized_log_return_10s double precision,
  realized_price double precision,
  joined_at timestamptz not null,
  primary key (symbol, ts, model_version)
);

comment on table outcomes is 'What came of a prediction; null across a gap, or where no quote stood.';
comment on column outcomes.joined_at is 'Local clock when the outcome was known.';

create view prediction_outcomes as
select
  p.symbol,
  p.ts,
  p.model_version,
  p.horizon_s,
  p.yhat_log_return_10s,
  o.realized_log_return_10s,
  p.yhat_log_return_10s - o.realized_log_return_10s as error,
  case
    when p.yhat_log_return_10s = 0 or o.realized_log_return_10s = 0 then null
    else sign(p.yhat_log_return_10s) = sign(o.realized_log_return_10s)
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
  on o.symbol = p.symbol
  and o.ts = p.ts
  and o.model_version = p.model_version;

comment on view prediction_outcomes is 'Predictions with what came true; the realised columns are null while it is not known.';
comment on column prediction_outcomes.error is 'Forecast minus realised log return.';
comment on column prediction_outcomes.hit is 'The direction came true; null where the price stood still, nothing was forecast, or nothing is known.';
