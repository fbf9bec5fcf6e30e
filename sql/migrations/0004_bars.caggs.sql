-- Bars as continuous aggregates, refreshed by the service. Materialised only, so that a reader sees the same
-- rows as from the tables of the other servers, without a scan of raw rows behind every query.

create materialized view bars_1s
with (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.chunk_interval = '7 days')
as
\ir ../bars/bars_1s.sql
with no data;

create materialized view quotes_1s
with (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.chunk_interval = '7 days')
as
\ir ../bars/quotes_1s.sql
with no data;

create materialized view trade_sizes_5m
with (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.chunk_interval = '90 days')
as
\ir ../bars/trade_sizes_5m.sql
with no data;

-- A refresh asks for a range of time and no symbol.
create index trades_ts on trades (ts);
create index quotes_ts on quotes (ts);

-- How chunks are laid out once the service converts them. Ordered by time first: ranges of time are what is
-- asked for; the ids after it let a row that comes again be found.
alter table trades
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'ts, trade_id');

alter table quotes
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'ts, update_id');

alter table features_live
set (
  timescaledb.enable_columnstore,
  timescaledb.segmentby = 'symbol, feature_set, set_hash',
  timescaledb.orderby = 'ts'
);

alter table predictions
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol, model_version', timescaledb.orderby = 'ts');

alter table outcomes
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol, model_version', timescaledb.orderby = 'ts');

alter table book_1s
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'sec');

alter materialized view bars_1s
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'sec');

alter materialized view quotes_1s
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'sec');

alter materialized view trade_sizes_5m
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'block');
