-- A continuous aggregate cannot be altered: a new one takes the place of the old. The service fills it from all outcomes at
-- its next start.

drop materialized view quality_1m;

create materialized view quality_1m
with (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.chunk_interval = '90 days')
as
\ir ../bars/quality_1m_by_source.sql
with no data;
