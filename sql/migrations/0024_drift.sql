-- Whether the market has left what a model was trained on: every look, by the service or by hand.

create table drift_runs (
  run_id bigint generated always as identity primary key,
  at timestamptz not null,
  symbol text not null check (symbol ~ '^[A-Z0-9]{2,20}$'),
  model_version text not null,
  source text not null check (source in ('service', 'command')),
  span text not null check (span in ('hour', 'quarter_day', 'day')),
  to_ts timestamptz not null,
  completeness double precision not null,
  drift_detected boolean not null,
  drift_score double precision not null,
  recommendation text not null check (recommendation in ('none', 'watch', 'retrain_soon', 'retrain_now')),
  features jsonb not null check (jsonb_typeof(features) = 'array'),
  forecast jsonb,
  label jsonb,
  training text
);

comment on table drift_runs is 'The end of what was lived beside what was trained on: one row a look, of the span that says most.';
comment on column drift_runs.span is 'The last hour, quarter of a day or day before to_ts.';
comment on column drift_runs.completeness is 'Share of the span''s rows there were; below nine tenths nothing is said of it.';
comment on column drift_runs.drift_score is 'Largest distance of a column in units of what training blocks do among themselves: above 1 is drift.';
comment on column drift_runs.features is '[{name, measure, score, threshold, drifted, importance, weight, psi, psi_over_fixed, wasserstein, null_share}], what can hurt first: by importance x distance.';
comment on column drift_runs.forecast is 'The same of the forecasts themselves; label likewise of what came true.';
comment on column drift_runs.training is 'What became of asking for a training, as a sentence; null where none was asked for.';

create index drift_runs_model on drift_runs (symbol, model_version, at desc);
