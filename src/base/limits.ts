/**
 * Every bound of the process in one place, each with a unit and what happens at it. A queue or a loop
 * without a line here is a defect.
 */

export const LIMITS = {
  /** Largest WebSocket frame accepted; a larger one closes the connection (bytes). */
  frame_bytes_max: 1 << 20,
  /** Streams one connection may carry; more is a configuration error (streams). The exchange's own limit. */
  ws_streams_max: 1024,
  /** Messages sent a second on one connection, pongs included; the next waits (messages). The exchange cuts at 5. */
  ws_messages_per_sec_max: 4,
  /** Connection attempts in five minutes; the next waits (attempts). The exchange refuses at 300 an address. */
  ws_connects_per_5min_max: 240,
  /** Frames a new connection may hold back while the old one still feeds; at it the new one takes over (frames). */
  ws_overlap_frames_max: 50_000,
  /** REST requests waiting for their turn; one more is refused with REST_RATE_LIMIT (requests). */
  rest_queue_max: 1_000,
  /** REST requests on their way at once; the next waits (requests). */
  rest_in_flight_max: 4,
  /** Ranges of missing trade ids remembered a symbol; beyond it the two oldest become one, counted (ranges). */
  trade_gaps_max: 1_000,
  /** Depth diffs kept while a snapshot is on its way; beyond it the sync restarts (events). */
  book_buffer_events_max: 20_000,
  /** Characters of one line of an archive's CSV; a longer one refuses the file (characters). */
  archive_line_chars_max: 4_096,
  /** Levels a side an order book may hold; the farthest are dropped and counted (levels). */
  book_levels_max: 20_000,
  /** Quotes, or touches of the book, that wait to be compared with the other; the oldest is let go (touches). */
  touch_check_kept_max: 4_096,
  /** One-second bars kept in memory a symbol (bars). Set by the longest look-back, never below this. */
  bars_kept_min: 960,
  /** Longest look-back of a feature set; a longer one is refused where it is defined (s). Rings and starts grow with it. */
  look_back_s_max: 10_800,
  /** Seconds with events that have not closed yet, a symbol; events of further ones are refused (seconds). */
  open_seconds_max: 900,
  /** Seconds one call may close, empty ones included; past it the lane has to be rebuilt (seconds). */
  close_jump_s_max: 86_400,
  /** Trade sizes kept for one five-minute block; beyond it the block's percentile is refused (trades). */
  block_trades_max: 4_000_000,
  /** Rows waiting for the database; beyond it the oldest are written to the journal on disk (rows). */
  write_queue_rows_max: 200_000,
  /** Rows in one INSERT (rows). */
  write_batch_rows_max: 5_000,
  /** One INSERT's time; beyond it the connection is dropped and the rows are written again (ms). */
  write_timeout_ms: 30_000,
  /** How long a closing writer waits for the database; then the rest goes to the journal (ms). */
  write_close_ms: 5_000,
  /** Bytes of one journal segment; beyond it the next one begins, the full one fsynced (bytes). */
  journal_segment_bytes_max: 64 << 20,
  /** One statement that refreshes bars; beyond it the server ends it, and it is tried again (ms). */
  refresh_timeout_ms: 60_000,
  /** Time a pass gives to bars older than the newest; the rest waits for the next pass (ms). */
  refresh_backlog_ms: 300,
  /** How long a closing refresher waits for the statement under way; then it is cut (s). */
  refresh_close_s: 5,
  /** One statement of the maintenance, such as converting a chunk; beyond it the server ends it (ms). */
  maintenance_timeout_ms: 600_000,
  /** Rows retention deletes in one statement where there are no chunks to drop (rows). */
  retention_batch_rows_max: 20_000,
  /** Rows of history loaded in one transaction, about; one is cut where the time changes (rows). */
  load_batch_rows_max: 100_000,
  /** Missing trade ids listed by a backfill's report; further ranges are only counted (ranges). */
  backfill_gaps_max: 10_000,
  /** Rows one page of a streamed query holds in memory (rows). */
  cursor_rows_max: 5_000,
  /** Seconds one comparison of live and SQL covers; a longer range is compared span after span (s). */
  parity_span_s_max: 3_600,
  /** Differing rows kept with one comparison's result; the others are counted only (rows). */
  parity_differences_kept: 100,
  /** Log of the embedded server kept at its start; a larger one is begun anew (bytes). */
  server_log_bytes_max: 16 << 20,
  /** One file of a bundle on its way to or from the bundle store; beyond it the transfer has failed (ms). */
  bundle_transfer_ms_max: 120_000,
  /** Models `models list` and the alias history show; older ones are named one by one (rows). */
  registry_rows_max: 500,
  /** Former champions tried, newest first, where the champion cannot be loaded at the start (models). */
  former_champions_max: 3,
  /** One request to a tracking server; beyond it the server counts as gone for the run (ms). */
  tracking_timeout_ms: 5_000,
  /** Metrics in one request to a tracking server; more go in the next (metrics). The protocol's own limit. */
  tracking_metrics_max: 1_000,
  /** Parameters in one such request; more go in the next (parameters). The protocol's own limit. */
  tracking_params_max: 100,
  /** Predictions kept in memory a symbol, for `/latest`, outcomes and the page (predictions). */
  predictions_kept: 3_600,
  /** How far back mids and breaks are kept for a prediction that comes after its horizon; older ones: null (s). */
  outcome_mids_kept_s: 3_600,
  /** WebSocket clients of `/stream`; one more is refused with 503 (clients). */
  stream_clients_max: 1_000,
  /** Bytes a slow `/stream` client may be behind before it is cut off (bytes). */
  stream_backlog_bytes_max: 1 << 20,
  /** A `/stream` client that answers no ping for this long is cut off (s). */
  stream_idle_max_s: 60,
  /** Largest message a `/stream` client may send; a larger one closes the connection with 1009 (bytes). */
  stream_request_bytes_max: 1 << 10,
  /** Largest request body read before the connection is closed; no endpoint takes one (bytes). */
  request_body_bytes_max: 1 << 14,
  /** How long `/predictions` waits for the database before it answers from memory (ms). */
  query_wait_max_ms: 2_000,
  /** How long a closing server waits for the requests under way; then they are cut (ms). */
  serve_drain_max_ms: 5_000,
  /** Rows one `/predictions` answer may hold; a larger `limit` is a 400 (rows). */
  query_rows_max: 10_000,
  /** Comparisons one `/parity` answer may hold; a larger `limit` is a 400 (runs). */
  parity_runs_max: 1_000,
  /** How far ahead of all others an event's exchange time may be; one farther is dropped and counted (µs). */
  time_jump_us_max: 3_600_000_000,
  /** REST pages of 1,000 trades one look-back may take; beyond it the start is cold (pages). */
  fill_pages_max: 150,
  /** Events one symbol's lane may hold while its look-back is filled; beyond it the lane goes on cold, and the fill is tried again (events). */
  warm_up_events_max: 500_000,
  /** Characters of one line of a recording; a longer one refuses the file (characters). */
  recording_line_chars_max: 4 << 20,
  /** Bytes of one tape block, stored or inflated; a larger one refuses the tape (bytes). */
  tape_block_bytes_max: 4 << 20,
  /** Bytes of a tape's header; a larger one refuses the tape (bytes). */
  tape_header_bytes_max: 16 << 20,
  /** Trades the paper exchange remembers for REST; the oldest are forgotten (trades). */
  exchange_trades_kept: 500_000,
  /** One-second bars the paper exchange remembers, set by the 24-hour ticker; the oldest are forgotten (bars). */
  exchange_bars_kept: 2 * 86_400,
  /** Messages the paper exchange plays before it lets the event loop run (messages). */
  exchange_step_messages_max: 512,
  /** Bytes a client of the paper exchange may be behind before the market waits for it (bytes). */
  exchange_backlog_bytes_max: 256 << 10,
  /** Seconds the market waits for such a client before it is disconnected (seconds). */
  exchange_drain_wait_s_max: 30,
  /** Frames the paper exchange holds back on request, to send late; beyond it they are sent (frames). */
  exchange_held_frames_max: 100_000,
  /** Largest model file read; a larger one is refused before it is opened (bytes). */
  model_bytes_max: 50 << 20,
  /** Nodes of a model's graph; more are refused (nodes). */
  model_nodes_max: 1_000,
  /** Numbers one intermediate value of a model may hold; more is refused (float32 values). */
  model_value_max: 1 << 22,
  /** Largest text file of a bundle read; a larger one is refused (bytes). */
  bundle_text_bytes_max: 8 << 20,
  /** Golden vectors in a bundle; more are refused (vectors). */
  golden_vectors_max: 1_000,
  /** Vectors a model may look back on; a model that wants more is refused (vectors). */
  sequence_length_max: 64,
  /** Rows a training set may hold, 31 days and a bit; one more is refused (rows). */
  dataset_rows_max: 2_800_000,
  /** Streams one connection to the paper exchange may subscribe to, as at Binance (streams). */
  exchange_streams_max: 1_024,
  /** Text, pings and pongs a client may send the paper exchange in a second before it is closed (messages). */
  exchange_client_messages_per_s_max: 5,
  /** Connection attempts from one address in five minutes; further ones are answered 429 (attempts). */
  exchange_connects_per_5min_max: 300,
  /** Fills the simulated market has in a second; further orders of that second do not come (fills). */
  simulator_fills_per_s_max: 6_000,
  /** Makers' quotes the simulated market has in a second; further ones do not come (quotes). */
  simulator_quotes_per_s_max: 5_000,
} as const;
