-- Old chunks become columns, as those of predictions do.

alter table signals
set (timescaledb.enable_columnstore, timescaledb.segmentby = 'symbol', timescaledb.orderby = 'ts');
