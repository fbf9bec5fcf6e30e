-- Which models there are, which of them serves, and how each was made. A version is a name for bytes that
-- never change; what moves is an alias, and every move is written down.

create function refuse_change()
returns trigger
language plpgsql
as $$
begin
  raise exception '% keeps what was written: % is refused', tg_table_name, lower(tg_op)
    using errcode = 'restrict_violation', hint = 'Register another version; move an alias.';
end
$$;

comment on function refuse_change is 'Trigger of tables whose rows are written once.';

create table model_versions (
  version text primary key check (version ~ '^[a-z0-9][a-z0-9._-]{0,63}/[a-z0-9][a-z0-9._-]{0,63}$'),
  kind text not null,
  feature_set text not null,
  set_hash text not null check (set_hash ~ '^[0-9a-f]{64}$'),
  horizon_s integer not null,
  servable boolean not null,
  gates jsonb,
  manifest jsonb not null,
  manifest_sha256 text not null check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
  sha256s jsonb not null,
  created_at timestamptz not null,
  registered_at timestamptz not null default now()
);

comment on table model_versions is 'Model bundles, each registered once and never changed; the files are in MODEL_DIR and in the bundle store.';
comment on column model_versions.version is 'name/version: the bundle''s folder below MODEL_DIR, and what predictions carry.';
comment on column model_versions.servable is 'Whether all required gates were passed when it was trained.';
comment on column model_versions.gates is 'What the gates found: [{gate, observed, limit, passed, …}]; null where none were evaluated.';
comment on column model_versions.manifest_sha256 is 'Of manifest.json as it lies on disk, which holds the hash of every other file.';
comment on column model_versions.sha256s is 'By file of the bundle.';
comment on column model_versions.created_at is 'When it was trained.';

create index model_versions_created on model_versions (created_at desc);

create trigger model_versions_immutable
before update or delete on model_versions
for each row execute function refuse_change();

create trigger model_versions_kept
before truncate on model_versions
for each statement execute function refuse_change();

create table model_aliases (
  symbol text not null check (symbol = '*' or symbol ~ '^[A-Z0-9]{3,20}$'),
  alias text not null check (alias in ('champion', 'challenger', 'shadow')),
  version text not null references model_versions,
  moved_at timestamptz not null default now(),
  moved_by text not null,
  reason text not null,
  primary key (symbol, alias)
);

comment on table model_aliases is 'Where each alias points now. A symbol''s own alias goes before that of every symbol.';
comment on column model_aliases.symbol is '* is every symbol without an alias of its own.';

create table model_events (
  event_id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null check (action in ('register', 'promote', 'rollback')),
  version text not null references model_versions,
  symbol text,
  alias text,
  version_before text references model_versions,
  undoes bigint unique references model_events,
  forced boolean not null default false,
  reason text not null,
  check ((action = 'register') = (alias is null)),
  check ((alias is null) = (symbol is null)),
  check ((action = 'rollback') = (undoes is not null)),
  check (not forced or reason <> '')
);

comment on table model_events is 'Every change of the registry, written in the transaction that makes it.';
comment on column model_events.version_before is 'Where the alias pointed; null before its first move.';
comment on column model_events.undoes is 'The promotion a rollback takes back; each is taken back once at most.';
comment on column model_events.forced is 'A refusal was overruled; the reason says why.';

create index model_events_alias on model_events (symbol, alias, event_id desc);

create trigger model_events_immutable
before update or delete on model_events
for each row execute function refuse_change();

create trigger model_events_kept
before truncate on model_events
for each statement execute function refuse_change();

create view model_alias_history as
select
  event_id,
  at,
  symbol,
  alias,
  action,
  version_before,
  version,
  actor,
  forced,
  reason
from model_events
where alias is not null;

comment on view model_alias_history is 'The moves of the aliases, one row each.';

create function tell_alias_moved()
returns trigger
language plpgsql
as $$
begin
  perform pg_notify('foretick_models', new.symbol || ' ' || new.alias);
  return null;
end
$$;

comment on function tell_alias_moved is 'Wakes the services that listen on foretick_models; they also look by themselves now and then.';

create trigger model_aliases_moved
after insert or update on model_aliases
for each row execute function tell_alias_moved();

create table training_runs (
  run_id uuid primary key,
  kind text not null,
  feature_set text not null,
  set_hash text not null,
  parameters jsonb not null,
  symbol text not null,
  data_from timestamptz not null,
  data_to timestamptz not null,
  data_rows bigint not null,
  data_sha256 text not null check (data_sha256 ~ '^[0-9a-f]{64}$'),
  sources jsonb not null,
  code_commit text,
  epochs jsonb not null default '[]',
  metrics jsonb,
  status text not null default 'running' check (status in ('running', 'finished', 'stopped', 'failed')),
  problem text,
  version text references model_versions,
  started_at timestamptz not null,
  ended_at timestamptz,
  check ((status = 'running') = (ended_at is null))
);

comment on table training_runs is 'Every recorded training: on what, with what, how it went, and what came of it.';
comment on column training_runs.data_from is 'The first and the last row trained or tested on, exchange time, both inclusive.';
comment on column training_runs.data_sha256 is 'Of the rows'' times, features and labels, as bytes: equal data, equal hash.';
comment on column training_runs.code_commit is 'Of the code that trained, + where files had been changed since; null outside a repository.';
comment on column training_runs.epochs is 'One object an epoch: losses, learning rate, time.';
comment on column training_runs.metrics is 'Scores on the test stretch, this model first.';
comment on column training_runs.status is 'running for good where the process was killed.';
comment on column training_runs.problem is 'Why it failed; null otherwise.';
comment on column training_runs.version is 'The bundle that came of it; null where there is none.';

create index training_runs_started on training_runs (started_at desc);
