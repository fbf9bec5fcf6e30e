/** Redis: what is given on to it by the service that leads a symbol, and what an API machine reads from it. */
export const REDIS_LIMITS = {
  /** A connection to Redis, until it answers; beyond it the attempt has failed (ms). */
  redis_connect_ms: 5_000,
  /** One answer of Redis; beyond it the connection is cut and the same batch is sent again (ms). */
  redis_answer_ms: 2_000,
  /** Longest wait between two attempts to reach Redis (ms). */
  redis_retry_ms_max: 5_000,
  /** Longest wait after Redis refused a write, for want of memory or a right (ms). */
  redis_refused_ms_max: 30_000,
  /** Between two pipelines where only market events wait; forecasts go at once (ms). */
  redis_flush_ms: 25,
  /** Entries of one symbol in one pipeline; the rest goes with the next (entries). */
  redis_batch_entries_max: 250,
  /** Price levels encoded for one pipeline, of one symbol (levels). */
  redis_batch_levels_max: 2_000,
  /** Market events of one symbol waiting for Redis, 8 levels of a depth update counted as one; beyond it the oldest are dropped and counted (events). */
  redis_market_waiting_max: 20_000,
  /** Vectors of one symbol waiting for Redis; beyond it the oldest are dropped and counted (vectors). */
  redis_vectors_waiting_max: 600,
  /** Forecasts and outcomes of one symbol waiting for Redis; beyond it the oldest are dropped and counted (entries). */
  redis_forecasts_waiting_max: 20_000,
  /** How long Redis keeps a vector under its second, and a state under its symbol (s). */
  redis_vector_s: 300,
  /** How long Redis remembers who wrote a symbol last (s). */
  redis_guard_s: 600,
  /** How often the state of a symbol is given on (ms). */
  redis_state_ms: 1_000,
  /** A state that is older says nothing about now (s). */
  redis_state_age_s_max: 5,
  /** How long a closing service waits for Redis to take the rest (ms). */
  redis_close_ms: 1_000,
  /** How long one question for new entries waits for some (ms). */
  redis_block_ms: 500,
  /** Entries of a stream in one answer (entries). */
  redis_read_entries_max: 500,
  /** Entries of a stream read at the start: what is shown from memory (entries). */
  redis_catch_up_entries: 20_000,
  /** Forecasts and outcomes remembered so that none is shown twice (entries). */
  redis_seen_max: 50_000,
} as const;
