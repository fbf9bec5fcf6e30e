/** What is read from the exchange, its archive and a tracking server, and what is asked of them. */
export const WIRE_LIMITS = {
  /** Largest WebSocket frame accepted; a larger one closes the connection (bytes). */
  frame_bytes_max: 1 << 20,
  /** Streams one connection may carry; more is a configuration error (streams). The exchange's own limit. */
  ws_streams_max: 1024,
  /** Messages per second on one connection, with pongs; the next waits (messages). The exchange cuts at 5. */
  ws_messages_per_sec_max: 4,
  /** Connection attempts in five minutes; the next waits (attempts). The exchange allows 300 per address. */
  ws_connects_per_5min_max: 240,
  /** Frames a new connection may hold back while the old one still feeds; at it the new one takes over (frames). */
  ws_overlap_frames_max: 50_000,
  /** REST requests waiting for their turn; one more is refused with REST_RATE_LIMIT (requests). */
  rest_queue_max: 1_000,
  /** REST requests on their way at once; the next waits (requests). */
  rest_in_flight_max: 4,
  /** Bytes of a REST answer; a larger one is not read (bytes). The largest known, a book of 5,000 levels, has some 300 kB. */
  rest_body_bytes_max: 16 << 20,
  /** The longest Retry-After waited for; within a longer ban a request is tried after it (s). */
  retry_after_s_max: 86_400,
  /** Bytes of a tracking server's answer; a larger one is not read (bytes). */
  tracking_body_bytes_max: 4 << 20,
  /** Bytes of one file of the archive, as downloaded; a larger one is not read (bytes). A busy month's trades have 2 GB. */
  archive_file_bytes_max: 16 * 2 ** 30,
  /** Characters of one line of an archive's CSV; a longer one refuses the file (characters). */
  archive_line_chars_max: 4_096,
  /** How long the exchange's server time is waited for while its streams' times are in doubt (ms). */
  server_time_ms_max: 2_000,
  /** What a start waits for the best prices of its symbols, to see that they can be kept (ms). */
  servable_ms_max: 2_000,
  /** Wait for a silent symbol's status (ms). */
  symbol_status_ms_max: 5_000,
  /** Between two questions about the status of a symbol that stays silent (ms): 80 of the weight a minute. */
  symbol_status_every_ms: 15_000,
  /** Wait for the exchange's newest trade, which separates a silent stream from a quiet market (ms). */
  stall_question_ms_max: 1_500,
  /** How often the streams' usual pauses are stored (ms). */
  patience_write_every_ms: 30_000,
  /** Usual pauses older than this say nothing of the market now (s). */
  patience_age_s_max: 21_600,
  /** One request to a tracking server; beyond it the server counts as gone for the run (ms). */
  tracking_timeout_ms: 5_000,
  /** Metrics in one request to a tracking server; more go in the next (metrics). The protocol's own limit. */
  tracking_metrics_max: 1_000,
  /** Parameters in one such request; more go in the next (parameters). The protocol's own limit. */
  tracking_params_max: 100,
} as const;
