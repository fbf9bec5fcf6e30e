-- A continuous aggregate cannot be altered: new ones take the place of the old. They are filled by the service;
-- until then, features are computed from the raw rows.

drop materialized view bars_1s;
drop materialized view quotes_1s;
drop materialized view trade_sizes_5m;

create materialized view trade_bars_1s
with (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.chunk_interval = '7 days')
as
\ir ../bars/trade_bars_1s.sql
with no data;

create materialized view quote_bars_1s
with (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.chunk_interval = '7 days')
as
\ir ../bars/quote_bars_1s.sql
with no data;

create materialized view trade_blocks_5m
with (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.chunk_interval = '90 days')
as
\ir ../bars/trade_blocks_5m.sql
with no data;

alter materialized view trade_bars_1s
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'sec');

alter materialized view quote_bars_1s
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'sec');

alter materialized view trade_blocks_5m
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'block');

alter table trade_bars_1s_kept
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'sec');

alter table quote_bars_1s_kept
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'sec');

alter table trade_blocks_5m_kept
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'block');

-- Where bars are, or may be, behind their raw rows: TimescaleDB's own notes of what is to be materialised, the part
-- above what has been materialised among them. They name no symbol.
create function bars_behind(p_bars text, p_symbol text, p_from timestamptz, p_to timestamptz)
returns tstzmultirange
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
as $$
begin
  return (
  select coalesce(range_agg(tstzrange(time_bucket(width, at_us(from_us)), time_bucket(width, at_us(to_us)) + width)), '{}')
    * tstzmultirange(tstzrange(p_from, p_to))
  from (
    select
      case when p_bars = 'trade_blocks_5m' then interval '5 minutes' else interval '1 second' end as width,
      greatest(lowest_modified_value, us_of(greatest(p_from, timestamptz 'epoch'))) as from_us,
      least(greatest_modified_value, us_of(least(p_to, timestamptz '2200-01-01'))) as to_us
    from (
      select mat_hypertable_id, raw_hypertable_id
      from _timescaledb_catalog.continuous_agg
      where user_view_name = p_bars
        and user_view_schema = any (current_schemas(false))
    ) as bars
    cross join lateral (
      select lowest_modified_value, greatest_modified_value
      from _timescaledb_catalog.continuous_aggs_materialization_invalidation_log
      where materialization_id = mat_hypertable_id
      union all
      select lowest_modified_value, greatest_modified_value
      from _timescaledb_catalog.continuous_aggs_materialization_ranges
      where materialization_id = mat_hypertable_id
      union all
      select lowest_modified_value, greatest_modified_value
      from _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log
      where hypertable_id = raw_hypertable_id
    ) as noted
  ) as behind
  where from_us <= to_us
  );
end
$$;

comment on function bars_behind is 'Where, between two times, bars of a symbol may be behind their raw rows; empty where they are up to date.';
