-- A forecast says what it was made from, and what was approximated counts in no model's figures. An outcome carries it too,
-- as it carries what else the sums of a minute are of.

alter table outcomes add column source text;

comment on column outcomes.source is 'The prediction''s; null in rows of older versions, which knew no approximations.';
comment on column predictions.source is 'What the forecast was made from, and by what: onnx (the live vector, the native session), fallback (the evaluator in TypeScript), fallback_model (the last good model), fallback_set (a model of another set), and approximations: fallback_last_value, fallback_ticker, fallback_trend, fallback_zero.';

create function figure_source(source text)
returns text
language sql
immutable parallel safe
return case
  when source in ('fallback_last_value', 'fallback_ticker', 'fallback_trend', 'fallback_zero') then source
  else 'live'
end;

comment on function figure_source is 'Whose figures a forecast counts in: live for what a model forecasts of its own live vector, by whichever evaluator, else the kind of approximation.';
