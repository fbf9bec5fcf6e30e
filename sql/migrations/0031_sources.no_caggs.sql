-- The same as a table: all outcomes are summed anew.

drop trigger quality_1m_insert on outcomes;
drop trigger quality_1m_update on outcomes;
drop table quality_1m;

create table quality_1m (
  symbol text not null,
  minute timestamptz not null,
  venue text not null,
  model_version text not null,
  role text not null,
  horizon_s integer not null,
  label text not null,
  source text not null,
  n bigint not null,
  error2 numeric not null,
  abs_error numeric not null,
  y numeric not null,
  yy numeric not null,
  abs_y numeric not null,
  p numeric not null,
  pp numeric not null,
  py numeric not null,
  hit bigint not null,
  counted bigint not null,
  intervals bigint not null,
  inside bigint not null,
  width numeric not null,
  primary key (symbol, minute, venue, model_version, role, horizon_s, label, source)
);

create trigger quality_1m_insert after insert on outcomes
referencing new table as touched
for each statement execute function note_dirty('quality_1m', '1 minute');

create trigger quality_1m_update after update on outcomes
referencing old table as before new table as touched
for each statement execute function note_dirty_update('quality_1m', '1 minute');

insert into dirty_ranges (bars, symbol, span)
select 'quality_1m', symbol, tstzrange(time_bucket('1 minute', min(ts)), time_bucket('1 minute', max(ts)) + interval '1 minute')
from outcomes
group by symbol;
