-- Chunks are sized for about 5 million trades and quotes a day: six hours hold some 1.3 million rows, about
-- 200 MB with both indexes, so the chunks being written and read stay in memory. What has one row a
-- second or less gets longer ones. The tables bring their own (symbol, ts desc) indexes.

select create_hypertable('trades', 'ts', chunk_time_interval => interval '6 hours', create_default_indexes => false);

select create_hypertable('quotes', 'ts', chunk_time_interval => interval '6 hours', create_default_indexes => false);

select create_hypertable('features_live', 'ts', chunk_time_interval => interval '1 day', create_default_indexes => false);

select create_hypertable('predictions', 'ts', chunk_time_interval => interval '7 days', create_default_indexes => false);

select create_hypertable('outcomes', 'ts', chunk_time_interval => interval '7 days', create_default_indexes => false);
