-- What was wrong, since when, whether it is over, and who was told. One row is one fault, however many parts it impaired.

create table alerts (
  alert_id uuid primary key,
  rule text not null,
  symbol text,
  state text not null check (state in ('open', 'resolved')),
  severity text not null check (severity in ('urgent', 'warning')),
  summary text not null,
  started_at timestamptz not null,
  resolved_at timestamptz,
  evidence jsonb not null default '{}',
  notified jsonb not null default '{}',
  symbols text[] not null default '{}',
  service text not null default '',
  changed_at timestamptz not null default now(),
  check ((state = 'resolved') = (resolved_at is not null)),
  check (resolved_at >= started_at)
);

comment on table alerts is 'Every fault that was worth telling a person: what, since when, until when, who was told.';
comment on column alerts.rule is 'Of ops/alerts.json: the one that leads; evidence names the others that are part of the same fault.';
comment on column alerts.symbol is 'The one symbol it concerns; null: all of the service.';
comment on column alerts.started_at is 'When what is wrong began, by the clock of the service.';
comment on column alerts.evidence is 'What was measured: {"parts": [{rule, symbol, summary, started_at, over_at}], …}.';
comment on column alerts.notified is 'When each channel took which message: {"slack": {"raised": "…", "resolved": "…"}}.';
comment on column alerts.symbols is 'The symbols the service led: another one that leads one of them goes on with the alert.';
comment on column alerts.service is 'Which service raised it, for people.';

create index alerts_open on alerts (started_at) where state = 'open';
create index alerts_started on alerts (started_at desc);

create table alert_silences (
  rule text primary key,
  until timestamptz not null,
  silenced_by text not null,
  made_at timestamptz not null default now()
);

comment on table alert_silences is 'Rules of which nobody is told for a while. Their alerts are kept all the same.';

-- What other processes than the service have to tell: a training that failed on a worker, a deployment made by command.
create table alert_events (
  event_id bigint generated always as identity primary key,
  kind text not null check (kind in ('rollback', 'deployment', 'training_failed', 'drift')),
  symbol text,
  is_over boolean not null default false,
  summary text not null,
  evidence jsonb not null default '{}',
  told_at timestamptz not null default now(),
  taken_at timestamptz
);

comment on table alert_events is 'Happenings for the alerts of the service, written by workers and commands.';
comment on column alert_events.is_over is 'true: what an earlier event of this kind told of is over.';
comment on column alert_events.taken_at is 'When a service had made an alert of it.';

create index alert_events_waiting on alert_events (event_id) where taken_at is null;
