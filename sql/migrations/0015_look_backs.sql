-- When a service's live path went over to the look-back it had fetched, and how far back that reached. What is fetched
-- later, by a repair or a backfill, its vectors know only from the next one on: the comparison of live and SQL
-- tells by these rows.

create table look_backs (
  symbol text not null,
  taken_at timestamptz not null,
  asked_at timestamptz not null,
  complete_from timestamptz not null,
  epoch integer not null default 0,
  first_trade_id bigint,
  reason text not null,
  primary key (symbol, taken_at)
);

comment on table look_backs is 'Look-backs the live path has gone over to.';
comment on column look_backs.taken_at is 'By the service''s clock, as features_live.closed_at: vectors closed from then on rest on it.';
comment on column look_backs.asked_at is 'When fetching it began, by the same clock.';
comment on column look_backs.complete_from is 'From this second on it had every trade.';
comment on column look_backs.first_trade_id is 'The oldest trade it had, of numbering epoch; null where it had none.';
