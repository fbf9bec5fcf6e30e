-- The last lines that a training has logged, so that they can be read while it runs and wherever its worker is.

create table training_logs (
  job_id uuid primary key references training_jobs on delete cascade,
  attempt integer not null check (attempt > 0),
  lines jsonb not null,
  left_out bigint not null check (left_out >= 0),
  told_at timestamptz not null default now()
);

comment on table training_logs is 'The last lines each training has logged, as its worker hears them.';
comment on column training_logs.attempt is 'Which of the job''s attempts they are of: a new one begins again.';
comment on column training_logs.lines is '[{at, level, text}], oldest first; at is null where the line says no time.';
comment on column training_logs.left_out is 'Older lines of the attempt that are no longer kept.';
