/** What clients may ask, and when health says that something is wrong. */
export const SERVE_LIMITS = {
  /** The whole end of the service; what has not ended by then is left behind (ms). */
  drain_ms_max: 9_500,
  /** Answers of `/latest` kept as bytes, one a series asked for; the oldest go (answers). */
  latest_answers_max: 64,
  /** A smaller answer is not made smaller: it fits into a packet as it is (bytes). */
  gzip_bytes_min: 1_400,
  /** Clients of `/stream`, and of `/events`, where STREAM_CLIENTS_MAX says nothing; one more is refused with 503 (clients). */
  stream_clients_max: 5_000,
  /** Messages kept for clients that connect again, for each symbol; the oldest go (messages). */
  stream_kept_messages: 1_000,
  /** Messages in one piece of `/events`; the next piece follows as the client takes it (messages). */
  events_a_turn: 50,
  /** Between two signs of life on `/events` (ms). */
  events_heartbeat_ms: 15_000,
  /** A client of `/events` that takes nothing for longer is cut by the server (s). */
  events_idle_max_s: 60,
  /** Readers served in one turn of the event loop, and missed messages sent to one (readers, messages). */
  readers_a_turn: 100,
  /** Longest `wait` of `/latest` (s). */
  latest_wait_s_max: 60,
  /** Callers of it that wait at once; one more is a 503 (callers). */
  latest_waiting_max: 5_000,
  /** Bytes a slow `/stream` client may be behind before it is cut off (bytes). */
  stream_backlog_bytes_max: 1 << 20,
  /** A `/stream` client that answers no ping for this long is cut off (s). */
  stream_idle_max_s: 60,
  /** Largest message a `/stream` client may send; a larger one closes the connection with 1009 (bytes). */
  stream_request_bytes_max: 1 << 10,
  /** Largest request body read before the connection is closed; no endpoint takes one (bytes). */
  request_body_bytes_max: 1 << 14,
  /** A vector whose instant is longer ago is not given at `/features/latest` (s). */
  vector_age_s_max: 5,
  /** A connected symbol of which nothing comes for longer is shown in health (s). */
  symbol_silent_s_max: 60,
  /** A process that closes no second for longer, its streams connected, is not live (s). */
  progress_s_max: 60,
  /** How long `/reliability` waits for the database; then it is a 503 (ms). */
  reliability_wait_max_ms: 10_000,
  /** Days one `/data/days` answer may hold; a larger `days` is a 400 (days). */
  stored_days_max: 7,
  /** How long `/data/days` waits for the database; then it is a 503 (ms). */
  stored_days_wait_max_ms: 10_000,
  /** How long `/predictions` waits for the database before it answers from memory (ms). */
  query_wait_max_ms: 2_000,
  /** How long a closing server waits for the requests under way; then they are cut (ms). */
  serve_drain_max_ms: 5_000,
  /** How long a browser may remember what CORS_ORIGINS allows its page (s). */
  preflight_age_s: 600,
  /** Rows of an answer written in one turn of the event loop; a longer one takes several, with ticks between them (rows). */
  answer_rows_a_turn: 100,
  /** Models, trainings or deployments written in one turn; fewer are one answer at once (rows). */
  listed_rows_a_turn: 20,
  /** Requests of one `/batch-predict` checked, and forecasts of it made and written, in one turn (requests). */
  asks_a_turn: 50,
  /** Metrics written in one turn of the event loop (metrics). */
  metrics_a_turn: 20,
  /** Rows held for long answers under way; one that does not fit beside the others is a 503 (rows). */
  long_answer_rows_max: 80_000,
  /** How long a caller may take to read a long answer; then it is cut (ms). */
  long_answer_ms_max: 30_000,
  /** Stored predictions read at once; more are read page by page (rows). */
  prediction_page_rows: 500,
  /** Rows one `/predictions` answer may hold; a larger `limit` is a 400 (rows). */
  query_rows_max: 10_000,
  /** Forecasts one `/batch-predict` may ask for; more is a 400 (requests). */
  ask_rows_max: 1_000,
  /** Body of `/predict` and `/batch-predict`; a larger one is a 413 (bytes). */
  ask_body_bytes_max: 4 << 20,
  /** Callers of these that wait for their turn; one more is a 503 (calls). */
  ask_waiting_max: 64,
  /** How long one of them waits for its turn and its model; then it is a 503 (ms). */
  ask_ms_max: 2_000,
  /** Vectors in one call that do not wait for the quiet part of a second; a tick waits for so many no longer than it notices (vectors). */
  ask_rows_any_time: 16,
  /** Answers of these kept; the oldest go (answers). */
  ask_cache_max: 2_000,
  /** How long such an answer is given again (ms). */
  ask_cache_ms: 60_000,
  /** Models open for callers; the one asked longest ago is closed (models). More than an ensemble may have members. */
  ask_models_max: 12,
  /** Comparisons of `/parity` written in one turn of the event loop; fewer are one answer at once (runs). */
  parity_runs_a_turn: 20,
  /** Comparisons one `/parity` answer may hold; a larger `limit` is a 400 (runs). */
  parity_runs_max: 1_000,
} as const;
