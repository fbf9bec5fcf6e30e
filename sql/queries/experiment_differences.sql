-- How much better or worse was the model on trial, minute by minute?
-- Of every experiment: `difference` is the squared error of a less that of b over the ticks both scored, in units of
-- the squared move of the minute; above 0, b erred less. The sequence that decides divides by the variance known before each tick
-- instead: what it made of each block is beside it, where a block begins in that minute.
with minutes as (
  select
    e.experiment_id,
    date_trunc('minute', p.ts, 'UTC') as minute,
    count(*) as ticks,
    10000 * sqrt(avg(power(p.yhat_log_return - o.realized_log_return, 2))) as rmse_a_bp,
    10000 * sqrt(avg(power(q.yhat_log_return - o.realized_log_return, 2))) as rmse_b_bp,
    avg(
      power(p.yhat_log_return - o.realized_log_return, 2) - power(q.yhat_log_return - o.realized_log_return, 2)
    ) / nullif(avg(power(o.realized_log_return, 2)), 0) as difference
  from experiments e
  join predictions p
    on p.symbol = e.symbol
    and p.model_version = e.a
    and p.horizon_s = e.horizon_s
    and p.ts >= e.started_at
    and p.ts <= e.judged_until
    and figure_source(p.source) = 'live'
  join predictions q
    on q.venue = p.venue
    and q.symbol = p.symbol
    and q.ts = p.ts
    and q.model_version = e.b
    and q.horizon_s = p.horizon_s
    and figure_source(q.source) = 'live'
  join outcomes o
    on o.venue = p.venue
    and o.symbol = p.symbol
    and o.ts = p.ts
    and o.model_version = p.model_version
    and o.horizon_s = p.horizon_s
    and o.realized_log_return is not null
  group by e.experiment_id, minute
)
select
  e.symbol,
  e.name,
  e.a,
  e.b,
  m.minute,
  m.ticks,
  round(m.rmse_a_bp::numeric, 4) as rmse_a_bp,
  round(m.rmse_b_bp::numeric, 4) as rmse_b_bp,
  round(m.difference::numeric, 6) as difference,
  round(k.difference::numeric, 6) as block_difference,
  round(k.mean::numeric, 6) as mean_so_far,
  round(k.lower::numeric, 6) as lower,
  round(k.upper::numeric, 6) as upper,
  e.winner
from minutes m
join experiments e using (experiment_id)
left join experiment_blocks k
  on k.experiment_id = m.experiment_id
  and k.ts = m.minute
order by e.symbol, e.name, m.minute desc;
