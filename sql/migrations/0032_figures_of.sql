-- Figures of a window and promises kept, of what a model forecasts of live vectors; approximations have figures of their own.

drop function quality_of(text, timestamptz, timestamptz, text, text, integer, double precision);

create function quality_of(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_model_version text default null,
  p_role text default null,
  p_horizon_s integer default null,
  p_cadence_s double precision default 1,
  p_source text default 'live'
)
returns table (
  model_version text,
  role text,
  horizon_s integer,
  label text,
  n bigint,
  n_effective double precision,
  r2 double precision,
  r2_low double precision,
  r2_high double precision,
  mae_cut double precision,
  ic double precision,
  hit_rate double precision,
  moves bigint,
  calibration_slope double precision,
  coverage double precision,
  width double precision
)
language sql
stable
as $$
  with minutes as (
    select q.*, ceil(greatest(60, 6 * q.horizon_s) / 60.0)::bigint as block_minutes
    from quality_1m q
    where q.venue = 'binance'
      and q.symbol = p_symbol
      and q.minute >= p_from
      and q.minute < p_to
      and (p_model_version is null or q.model_version = p_model_version)
      and (p_role is null or q.role = p_role)
      and (p_horizon_s is null or q.horizon_s = p_horizon_s)
      and q.source = p_source
  ),
  blocks as (
    select
      m.model_version, m.role, m.horizon_s, m.label,
      us_of(m.minute) / 60000000 / m.block_minutes as block,
      sum(m.error2) as error2,
      sum(m.yy) as yy
    from minutes m
    group by 1, 2, 3, 4, 5
  ),
  totals as (
    select
      m.model_version, m.role, m.horizon_s, m.label,
      sum(m.n)::bigint as n,
      sum(m.error2)::double precision as error2,
      sum(m.error2) as error2_exact,
      sum(m.abs_error)::double precision as abs_error,
      sum(m.y)::double precision as y,
      sum(m.yy)::double precision as yy,
      sum(m.yy) as yy_exact,
      sum(m.abs_y)::double precision as abs_y,
      sum(m.p)::double precision as p,
      sum(m.pp)::double precision as pp,
      sum(m.py)::double precision as py,
      sum(m.hit)::double precision as hit,
      sum(m.counted)::bigint as counted,
      sum(m.intervals)::double precision as intervals,
      sum(m.inside)::double precision as inside,
      sum(m.width)::double precision as width
    from minutes m
    group by 1, 2, 3, 4
  ),
  without as (
    select
      model_version, role, horizon_s, label, b.block,
      1 - (t.error2_exact - b.error2)::double precision / nullif((t.yy_exact - b.yy)::double precision, 0) as r2
    from blocks b
    join totals t using (model_version, role, horizon_s, label)
  ),
  means as (
    select
      w.model_version, w.role, w.horizon_s, w.label,
      count(*) as k,
      count(w.r2) as known,
      sum(w.r2 order by w.block) / count(*) as mean
    from without w
    group by 1, 2, 3, 4
  ),
  squares as (
    select
      model_version, role, horizon_s, label, s.k, s.known,
      sum((w.r2 - s.mean) * (w.r2 - s.mean) order by w.block) as square
    from without w
    join means s using (model_version, role, horizon_s, label)
    group by 1, 2, 3, 4, 5, 6
  ),
  figures as (
    select
      t.*,
      1 - t.error2 / nullif(t.yy, 0) as r2,
      case
        when s.k >= 10 and s.known = s.k
          then student_reach_95(s.k - 1) * sqrt((s.square * (s.k - 1)) / s.k)
      end as reach
    from totals t
    join squares s using (model_version, role, horizon_s, label)
  )
  select
    f.model_version,
    f.role,
    f.horizon_s,
    f.label,
    f.n,
    f.n * least(1, p_cadence_s / f.horizon_s),
    f.r2,
    f.r2 - f.reach,
    f.r2 + f.reach,
    1 - f.abs_error / nullif(f.abs_y, 0),
    (f.py / f.n - (f.p / f.n) * (f.y / f.n)) / nullif(sqrt(variance_of(f.pp, f.p, f.n) * variance_of(f.yy, f.y, f.n)), 0),
    f.hit / nullif(f.counted, 0),
    f.counted,
    (f.py / f.n - (f.p / f.n) * (f.y / f.n)) / nullif(variance_of(f.pp, f.p, f.n), 0),
    f.inside / nullif(f.intervals, 0),
    f.width / nullif(f.intervals, 0) / 1e8::double precision
  from figures f
  order by 1, 2, 3, 4
$$;

comment on function quality_of is 'What the outcomes of a window say of each model, role, horizon and label, from the sums of whole minutes: against forecasting no move, of what it forecast of live vectors or of one kind of approximation, with a 95 % interval by the jackknife over minutes that are over (blocks of six horizons where longer).';

create or replace function reliability_of(p_symbol text, p_model_version text, p_from timestamptz, p_to timestamptz)
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
      and figure_source(source) = 'live'
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

comment on function reliability_of is 'Promised against realised, by bin: p_up and confidence in bins of 0.01 over the forecasts of live vectors whose price moved; interval by hour (s since 1970), the share of outcomes inside.';
