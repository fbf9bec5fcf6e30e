-- 604,800 rows a symbol and chunk, as predictions.

select create_hypertable('signals', 'ts', chunk_time_interval => interval '7 days', create_default_indexes => false);
