/** Callers: their keys, how often and how much they may ask. */
export const ACCESS_LIMITS = {
  /** Keys held in memory; older ones beyond it are not known (keys). */
  api_keys_max: 10_000,
  /** After so long keys are read again; a key that is revoked is refused from then on (ms). */
  keys_age_ms: 5_000,
  /** Keys that could not be read again for longer are no longer believed (ms). */
  keys_age_ms_max: 60_000,
  /** Between two readings for a key that is not known (ms). */
  keys_again_ms: 1_000,
  /** One question about keys or the audit; beyond it the caller gets a 503 (ms). */
  access_answer_ms: 2_000,
  /** Kinds of refusal written one by one, of those between two writings; the others are counted in one row (rows). */
  refusals_max: 20,
  /** Between two writings of refusals and of when keys were used (ms). */
  refusals_every_ms: 30_000,
  /** From the first refusal to its writing (ms). */
  refusals_first_ms: 1_000,
  /** Callers whose rate is counted; beyond it the one that asked longest ago is forgotten (callers). */
  rate_buckets_max: 10_000,
  /** A changing request; beyond it its caller is told (ms). */
  request_ms_max: 60_000,
  /** Connections for what callers ask of the history (connections). */
  asked_connections: 3,
  /** They are closed after so long without use (s). */
  asked_idle_s: 30,
  /** Requests that wait for the database at once; one more is a 503 (requests). */
  database_requests_max: 32,
  /** An answer to a request with an Idempotency-Key is given again for so long (s). */
  idempotency_kept_s: 86_400,
  /** Older ones that a request with a key removes; what is left over is the next one's (rows). */
  idempotency_removed_max: 100,
  /** Connections of those under way, each for the transaction of one (connections). */
  keyed_connections: 2,
  /** Requests with an Idempotency-Key under way or waiting for a connection; one more is a 503 (requests). */
  keyed_requests_max: 32,
  /** One that has not begun by then is a 503, and nothing was done (ms). */
  keyed_begin_ms: 5_000,
  /** Largest answer kept; a larger one is not given again (characters). */
  idempotency_answer_chars_max: 262_144,
  /** Difference between the issuer's clock and ours that a token is forgiven (s). */
  token_tolerance_s: 30,
  /** Of a token's subject, in records (characters). */
  token_subject_chars_max: 100,
  /** A token with which a stream is open is checked again after so long, and when it expires (ms). */
  token_again_ms: 60_000,
  /** Between two looks at the credentials of open streams; one whose credential is over ends at the next (ms). */
  credential_watch_ms: 1_000,
  /** After so long the keys of tokens are read again (ms). */
  jwks_age_ms: 600_000,
  /** Those that could not be read again for longer are no longer believed (ms). */
  jwks_age_ms_max: 3_600_000,
  /** Between two readings for a key that is not among them (ms). */
  jwks_again_ms: 10_000,
  /** One reading; beyond it it has failed (ms). */
  jwks_answer_ms: 3_000,
  /** Largest set of keys read (bytes). */
  jwks_bytes_max: 65_536,
} as const;
