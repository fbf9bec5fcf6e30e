-- What is to be trained again, why, how far it is, and what came of it. A row is written by whoever asks; workers take
-- it from there.

create table training_jobs (
  job_id uuid primary key,
  symbol text not null check (symbol ~ '^[A-Z0-9]{3,20}$'),
  reason text not null check (reason in ('schedule', 'drift', 'realised_error', 'new_data', 'person')),
  evidence jsonb not null default '{}',
  settings jsonb not null default '{}',
  requested_by text not null,
  requested_at timestamptz not null default now(),
  status text not null default 'waiting'
    check (status in ('waiting', 'running', 'finished', 'failed', 'cancelled')),
  attempt integer not null default 0 check (attempt >= 0),
  worker text,
  started_at timestamptz,
  step text,
  share double precision check (share between 0 and 1),
  losses jsonb not null default '[]',
  heard_at timestamptz,
  cancelled_by text,
  ended_at timestamptz,
  problem text,
  data_rows bigint,
  versions jsonb not null default '[]',
  challenger text references model_versions,
  check ((status in ('waiting', 'running')) = (ended_at is null)),
  check (status <> 'running' or started_at is not null)
);

comment on table training_jobs is 'Every training that was asked for: why, how far it is, what came of it.';
comment on column training_jobs.reason is 'Of one symbol, a reason waits or runs once at a time.';
comment on column training_jobs.evidence is 'What the reason rests on, as measured.';
comment on column training_jobs.settings is 'What to train, where it is not the usual: days, models, set, label.';
comment on column training_jobs.attempt is 'Times a worker has begun it; more than 1 after one that died.';
comment on column training_jobs.step is 'read, fit, judge, write or register.';
comment on column training_jobs.share is 'Of the step, from 0 to 1; null where it cannot be told.';
comment on column training_jobs.losses is 'The newest epoch of every model fitted: [{kind, member, epoch, loss, validation_loss}].';
comment on column training_jobs.heard_at is 'When the training last said how far it is.';
comment on column training_jobs.cancelled_by is 'Set while it runs: the worker ends it.';
comment on column training_jobs.versions is 'Registered by it: ["name/version", …].';
comment on column training_jobs.challenger is 'Which of them passed its gates and is on trial; null where none did.';

create unique index training_jobs_open on training_jobs (symbol, reason) where status in ('waiting', 'running');
create index training_jobs_requested on training_jobs (requested_at desc);

create function tell_training_asked()
returns trigger
language plpgsql
as $$
begin
  perform pg_notify('foretick_training', new.job_id::text);
  return null;
end
$$;

comment on function tell_training_asked is 'Wakes the workers that listen on foretick_training; they also look by themselves.';

create trigger training_jobs_asked
after insert or update of cancelled_by on training_jobs
for each row execute function tell_training_asked();

alter table training_runs add column job_id uuid references training_jobs;

comment on column training_runs.job_id is 'The job that a worker trained it for; null where a person did by the command.';

create index training_runs_job on training_runs (job_id) where job_id is not null;
