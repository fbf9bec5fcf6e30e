-- Materialised only, as bars are: a reader sees the same minutes as from the table of the other servers.

create materialized view quality_1m
with (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.chunk_interval = '90 days')
as
\ir ../bars/quality_1m.sql
with no data;
