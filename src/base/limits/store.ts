/** The database: connections, migrations, the lease, bars, retention, comparisons. */
export const STORE_LIMITS = {
  /** One statement that refreshes bars; beyond it the server ends it, and it is tried again (ms). */
  refresh_timeout_ms: 60_000,
  /** Time a pass gives to bars older than the newest; the rest waits for the next pass (ms). */
  refresh_backlog_ms: 300,
  /** How long a closing refresher waits for the statement under way; then it is cut (s). */
  refresh_close_s: 5,
  /** One statement of the maintenance, such as converting a chunk; beyond it the server ends it (ms). */
  maintenance_timeout_ms: 600_000,
  /** One run of the maintenance; beyond it its connection is cut, and the next run goes on there (ms). */
  maintenance_run_ms_max: 7_200_000,
  /** Rows retention deletes in one statement where there are no chunks to drop (rows). */
  retention_batch_rows_max: 20_000,
  /** One answer of the database, or one page of a long one; beyond it the question has failed (ms). */
  answer_ms_max: 600_000,
  /** Rows one page of a streamed query holds in memory (rows). */
  cursor_rows_max: 5_000,
  /** Seconds one comparison of live and SQL covers; a longer range is compared span after span (s). */
  parity_span_s_max: 3_600,
  /** One comparison; beyond it its connection is left for a new one, and the next round goes on there (ms). */
  parity_compare_ms_max: 180_000,
  /** Unexplained rows wait for a load that has added trades to their span so lately; their span is compared again after it (s). */
  parity_load_s_max: 600,
  /** Differing rows kept with one comparison's result; the others are counted only (rows). */
  parity_differences_kept: 100,
  /** A connection to the database, from the first packet to a session that answers; beyond it it has failed (ms). */
  database_connect_ms: 10_000,
  /** Looking at what a server is and which schema it has; beyond it the attempt has failed, to be tried again (ms). */
  database_look_ms: 15_000,
  /** How long a migration waits while another process migrates; then it stops, naming the other (ms). */
  migration_turn_ms: 60_000,
  /** How long a statement of a migration waits for a table in use; then its file is rolled back and tried again (ms). */
  migration_lock_ms: 3_000,
  /** Tries of one migration whose tables are in use; then it stops, naming who uses them (tries). */
  migration_tries_max: 10,
  /** A lease that has not been renewed for so long may be taken by another service (ms). */
  lease_ms: 6_000,
  /** Between two renewals of a lease; three fit into its length (ms). */
  lease_renew_ms: 2_000,
  /** How often a waiting service looks whether the lease is free (ms). */
  lease_poll_ms: 1_000,
  /** One question about a lease; beyond it the connection is cut and it is asked again (ms). */
  lease_answer_ms: 1_500,
  /** Log of the embedded server kept at its start; a larger one is emptied (bytes). */
  server_log_bytes_max: 16 << 20,
  /** How long a start waits for the database; then the feed begins, and rows wait in the journal (ms). */
  store_wait_ms: 5_000,
  /** Longest wait between two attempts to open the database (ms). */
  store_retry_ms_max: 15_000,
  /** How long after its end a day is archived: later than any outcome of it is decided (s). */
  lake_settle_s: 4_200,
  /** Horizon of the labels beside archived features (s). */
  lake_horizon_s: 10,
  /** Between two rounds of the archive; days that are there cost a few counts (ms). */
  lake_every_ms: 3_600_000,
  /** When the first round begins after the database is open, and one after the lake's store failed (ms). */
  lake_first_ms: 120_000,
  /** One file to or from the lake's store; beyond it the day is written in the next round (ms). */
  lake_transfer_ms_max: 600_000,
  /** Rows the service's archive writes in one stretch of the event loop, a row group of the file (rows). */
  lake_group_rows: 5_000,
  /** Its pause after each (ms). */
  lake_pause_ms: 20,
  /** How long a closing archive waits for the store of the lake; then the upload under way is left behind (ms). */
  lake_close_ms: 2_000,
  /** A file of a backup, written, checked or restored, of which nothing has moved for so long; beyond it the backup has failed (ms). */
  backup_stall_ms: 120_000,
  /** Wait before a round of a job that failed because the database was away is repeated (ms). */
  round_retry_ms: 500,
} as const;
