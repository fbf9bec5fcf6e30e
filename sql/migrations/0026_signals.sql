-- What one would have done about each forecast that was served, and at which prices: one row a tick. Paper trading
-- reads nothing else.

create table signals (
  symbol text not null,
  ts timestamptz not null,
  model_version text not null,
  role text not null,
  horizon_s integer not null,
  direction text not null check (direction in ('BUY', 'HOLD', 'SELL')),
  confidence double precision not null,
  p_buy double precision not null,
  p_hold double precision not null,
  p_sell double precision not null,
  recommendation text not null,
  position_multiplier double precision not null,
  risk_level text not null check (risk_level in ('LOW', 'MEDIUM', 'HIGH')),
  cost_bp double precision not null,
  weights_applied boolean not null,
  bid_price_e8 bigint,
  ask_price_e8 bigint,
  emitted_at timestamptz not null,
  primary key (symbol, ts)
);

comment on table signals is 'BUY, HOLD or SELL for every served forecast whose interval is known.';
comment on column signals.role is 'The role of the model: fallback where it stood in for the champion.';
comment on column signals.confidence is 'Probability of the direction, 0 to 100, as p_buy, p_hold and p_sell; those add up to 100.';
comment on column signals.position_multiplier is 'Usual stakes; 0 for HOLD.';
comment on column signals.cost_bp is 'A move counts only beyond this (basis points).';
comment on column signals.weights_applied is 'The weights of the features had a say in the probabilities.';
comment on column signals.bid_price_e8 is 'The quote that stood when the signal was given out; null where none was known.';
comment on column signals.emitted_at is 'Wall clock when it was given out.';
