-- Laid out as the bars computed from raw rows.

select create_hypertable('trade_bars_1s_kept', 'sec', chunk_time_interval => interval '7 days', create_default_indexes => false, migrate_data => true);

select create_hypertable('quote_bars_1s_kept', 'sec', chunk_time_interval => interval '7 days', create_default_indexes => false, migrate_data => true);

select create_hypertable('trade_blocks_5m_kept', 'block', chunk_time_interval => interval '90 days', create_default_indexes => false, migrate_data => true);
