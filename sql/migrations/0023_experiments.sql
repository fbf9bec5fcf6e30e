-- Two models on the same ticks: what was asked, what came of it, and the evidence block by block.

create table experiments (
  experiment_id uuid primary key,
  name text not null check (name <> ''),
  symbol text not null check (symbol ~ '^[A-Z0-9]{3,20}$'),
  a text not null references model_versions,
  b text not null references model_versions,
  horizon_s integer not null check (horizon_s > 0),
  label text not null check (label in ('mid', 'last')),
  cadence_s integer not null check (cadence_s > 0),
  traffic_split double precision not null check (traffic_split between 0 and 1),
  duration_h double precision not null check (duration_h > 0),
  min_duration_h double precision not null check (min_duration_h >= 0),
  confidence_level double precision not null check (confidence_level > 0 and confidence_level < 1),
  requested_by text not null,
  reason text not null,
  requested_at timestamptz not null default now(),
  after_at timestamptz,
  started_at timestamptz,
  judged_until timestamptz,
  state jsonb,
  n_blocks integer not null default 0 check (n_blocks >= 0),
  mean double precision,
  lower double precision,
  upper double precision,
  expected_h double precision,
  verdict text not null default 'inconclusive' check (verdict in ('a', 'b', 'inconclusive')),
  decided_at timestamptz,
  ended_at timestamptz,
  ended_by text,
  ended_because text,
  winner text check (winner in ('a', 'b', 'inconclusive')),
  check (a <> b),
  check (min_duration_h <= duration_h),
  check ((ended_at is null) = (winner is null)),
  check ((ended_at is null) = (ended_by is null)),
  check ((ended_at is null) = (ended_because is null))
);

comment on table experiments is 'Trials of one model against another: both scored at every tick, judged by what came true.';
comment on column experiments.a is 'The one that is there, as a rule the champion.';
comment on column experiments.b is 'The one on trial: the challenger.';
comment on column experiments.cadence_s is 'Seconds from one tick that both score to the next.';
comment on column experiments.traffic_split is 'Share of clients that are served b; it has no part in the judging.';
comment on column experiments.confidence_level is '1 less the chance of a decision where neither is better, over the whole trial, however often it is looked at.';
comment on column experiments.after_at is 'Newest forecast when it was asked for, exchange clock; what is judged comes after it.';
comment on column experiments.started_at is 'First tick that both scored, exchange clock; null until then.';
comment on column experiments.judged_until is 'Forecasts up to here are judged, exchange clock.';
comment on column experiments.state is 'What the next tick is judged from; made again from outcomes where it is null.';
comment on column experiments.mean is 'Of the loss of a less that of b, in variances of the label: above 0, b errs less.';
comment on column experiments.lower is 'Lower end of its interval; null before thirty blocks.';
comment on column experiments.expected_h is 'Hours until a decision at the present rate; 0 once decided, null where more than a year, or not known.';
comment on column experiments.verdict is 'The first the interval allowed; it stays.';
comment on column experiments.winner is 'Null while it runs.';

create unique index experiments_running on experiments (symbol) where ended_at is null;
create index experiments_requested on experiments (requested_at desc);

create table experiment_blocks (
  experiment_id uuid not null references experiments on delete cascade,
  ts timestamptz not null,
  n_blocks integer not null check (n_blocks > 0),
  difference double precision not null,
  mean double precision not null,
  lower double precision,
  upper double precision,
  primary key (experiment_id, ts)
);

comment on table experiment_blocks is 'The evidence of experiments: every block that was judged, and what one could say after it.';
comment on column experiment_blocks.ts is 'Its beginning, exchange clock.';
comment on column experiment_blocks.n_blocks is 'Blocks judged, this one with them.';
comment on column experiment_blocks.difference is 'Mean loss of a less that of b in this block, in variances of the label.';
comment on column experiment_blocks.mean is 'Of all blocks so far; lower and upper are the ends of its interval.';
