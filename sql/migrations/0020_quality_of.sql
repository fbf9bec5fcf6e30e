-- The figures of a window from its minutes, step by step as src/judge/quality.ts computes them.

create function variance_of(sum2 double precision, sum double precision, n double precision)
returns double precision
language sql
immutable strict parallel safe
return case
  -- A constant's variance comes out as rounding dust; it is 0.
  when sum2 / n - (sum / n) * (sum / n) > 1e-12::double precision * (sum2 / n) then sum2 / n - (sum / n) * (sum / n)
  else 0
end;

comment on function variance_of is 'Variance from a sum of squares, a sum and a count.';

-- Abramowitz and Stegun, 26.7.5, at 95 %.
create function student_reach_95(degrees double precision)
returns double precision
language sql
immutable strict parallel safe
as $$
  select z + (first + (second + (third + fourth / degrees) / degrees) / degrees) / degrees
  from (select 1.9599627869916696::double precision as z) as reach
  cross join lateral (select z * z as z2) as square
  cross join lateral (
    select
      (z * (z2 + 1)) / 4 as first,
      (z * (3 + z2 * (16 + 5 * z2))) / 96 as second,
      (z * (-15 + z2 * (17 + z2 * (19 + 3 * z2)))) / 384 as third,
      (z * (-945 + z2 * (-1920 + z2 * (1482 + z2 * (776 + 79 * z2))))) / 92160 as fourth
  ) as terms
$$;

comment on function student_reach_95 is 't with P(|T| < t) = 0.95 for Student''s T; to a thousandth from ten degrees of freedom on.';

create function quality_of(
  p_symbol text,
  p_from timestamptz,
  p_to timestamptz,
  p_model_version text default null,
  p_role text default null,
  p_horizon_s integer default null,
  p_cadence_s double precision default 1
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

comment on function quality_of is 'What the outcomes of a window say of each model, role, horizon and label, from the sums of whole minutes: against forecasting no move, with a 95 % interval by the jackknife over minutes that are over (blocks of six horizons where longer).';
