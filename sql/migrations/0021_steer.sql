-- What acted on judgements: deployments with every step, and champions taken back for their realised error.

create table deployments (
  deployment_id bigint generated always as identity primary key,
  version text not null references model_versions,
  symbol text not null check (symbol = '*' or symbol ~ '^[A-Z0-9]{3,20}$'),
  symbols text[] not null check (cardinality(symbols) > 0),
  strategy text not null check (strategy in ('blue_green', 'canary', 'rolling')),
  hold_s integer not null check (hold_s >= 0),
  canary_share double precision not null check (canary_share > 0 and canary_share < 1),
  forced boolean not null,
  status text not null default 'running' check (status in ('running', 'done', 'returned', 'stopped')),
  version_before text references model_versions,
  share double precision not null default 0 check (share >= 0 and share <= 1),
  steps jsonb not null check (jsonb_typeof(steps) = 'array' and jsonb_array_length(steps) > 0),
  requested_by text not null,
  reason text not null,
  requested_at timestamptz not null,
  ended_at timestamptz,
  check ((status = 'running') = (ended_at is null)),
  check (not forced or reason <> '')
);

comment on table deployments is 'Versions on their way to being the champion: one row a deployment, which a service that starts again goes on from.';
comment on column deployments.symbol is 'Whose alias moves; * is every symbol without one of its own.';
comment on column deployments.symbols is 'Those whose ticks judge it; in a rolling deployment, the order they follow in.';
comment on column deployments.hold_s is 'Seconds of judged ticks each step lasts, at least.';
comment on column deployments.status is 'returned: taken back by itself; stopped: by a person, or because another champion came.';
comment on column deployments.version_before is 'The champion it began beside; null where there was none.';
comment on column deployments.share is 'Of the clients it is served to now.';
comment on column deployments.steps is 'Each [{at, step, symbol, share, actor, from_sec, evidence}], oldest first; the last is where it is.';

create unique index deployments_running on deployments (symbol) where status = 'running';
create index deployments_requested on deployments (requested_at desc);

create table rollbacks (
  rollback_id bigint generated always as identity primary key,
  at timestamptz not null,
  symbol text not null,
  place text not null,
  alarm text not null check (alarm in ('broken', 'dead')),
  version_before text not null,
  version_after text references model_versions,
  status text not null check (status in ('begun', 'returned', 'no_fallback', 'refused')),
  problem text,
  evidence jsonb not null
);

comment on table rollbacks is 'Champions an alarm on realised error took back: one row each.';
comment on column rollbacks.symbol is 'Whose outcomes raised the alarm.';
comment on column rollbacks.place is 'Whose alias was moved: the symbol''s own, or *.';
comment on column rollbacks.version_after is 'What serves instead; null where there was nothing to go back to.';
comment on column rollbacks.status is 'begun: the process ended in between; the next one looks what came of it.';
comment on column rollbacks.evidence is 'The alarm: since when, over how many blocks of a minute, by how much.';

create index rollbacks_symbol on rollbacks (symbol, at desc);
