-- What forecasts promise against what came: by bin, with counts, from the stored rows of one model.

create function reliability_of(p_symbol text, p_model_version text, p_from timestamptz, p_to timestamptz)
returns table (measure text, bin double precision, n bigint, promised double precision, realised double precision)
language sql
stable
as $$
  with judged as (
    select *
    from prediction_outcomes
    where venue = 'binance'
      and symbol = p_symbol
      and model_version = p_model_version
      and ts >= p_from
      and ts < p_to
      and realized_log_return is not null
  )
  select
    'p_up',
    floor(p_up * 100) / 100 as bin,
    count(*),
    avg(p_up),
    avg(case when realized_log_return > 0 then 1.0 else 0.0 end)::double precision
  from judged
  where p_up is not null
    and realized_log_return <> 0
  group by 2
  union all
  select
    'confidence',
    floor(confidence * 100) / 100 as bin,
    count(*),
    avg(confidence),
    avg(case when (realized_log_return > 0) = (p_up > 0.5) then 1.0 else 0.0 end)::double precision
  from judged
  where p_up <> 0.5
    and realized_log_return <> 0
  group by 2
  union all
  select
    'interval',
    extract(epoch from date_trunc('hour', ts, 'UTC'))::double precision as bin,
    count(*),
    avg(interval_coverage),
    avg(case when inside then 1.0 else 0.0 end)::double precision
  from judged
  where inside is not null
  group by 2
  order by 1, 2
$$;

comment on function reliability_of is 'Promised against realised, by bin: p_up and confidence in bins of 0.01 over the forecasts whose price moved; interval by hour (s since 1970), the share of outcomes inside.';
