-- 604,800 rows a symbol and chunk, some 90 MB.

select create_hypertable('book_1s', 'sec', chunk_time_interval => interval '7 days', create_default_indexes => false);
