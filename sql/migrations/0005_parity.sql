-- What comparing live vectors with SQL came to. A run a minute, symbol and set is some 200 MB a year and symbol.

create table parity_runs (
  run_id bigint generated always as identity primary key,
  symbol text not null,
  feature_set text not null,
  set_hash text not null,
  asked_by text not null check (asked_by in ('service', 'command')),
  from_ts timestamptz not null,
  to_ts timestamptz not null,
  started_at timestamptz not null,
  took_ms double precision not null,
  rows_compared bigint not null,
  rows_mismatched bigint not null,
  rows_missing bigint not null,
  rows_extra bigint not null,
  rows_unexplained bigint not null,
  largest_difference double precision,
  worst_feature text,
  features jsonb not null,
  causes jsonb not null,
  differences jsonb not null
);

comment on table parity_runs is 'Comparisons of live feature vectors with what SQL computes for the same instants, value by value, as bits.';
comment on column parity_runs.asked_by is 'service: the running comparison, span after span; command: someone asked for a range.';
comment on column parity_runs.from_ts is 'Instants compared: from_ts <= ts < to_ts, by the exchange''s clock.';
comment on column parity_runs.started_at is 'Local clock.';
comment on column parity_runs.rows_compared is 'Rows that both sides have.';
comment on column parity_runs.rows_unexplained is 'Rows mismatched, missing or extra without a known cause.';
comment on column parity_runs.largest_difference is 'Largest absolute difference of a value; null where no two numbers differ.';
comment on column parity_runs.worst_feature is 'The feature that differs in most rows; null where none does.';
comment on column parity_runs.features is 'By feature that differs: rows, and the largest absolute difference.';
comment on column parity_runs.causes is 'Rows by cause.';
comment on column parity_runs.differences is 'Differing rows with their cause, unexplained ones first, at most a hundred.';

create index parity_runs_newest on parity_runs (symbol, feature_set, run_id);
create index parity_runs_symbol_started on parity_runs (symbol, started_at);
