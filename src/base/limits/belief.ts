/** When a row of the exchange is believed. */
export const BELIEF_LIMITS = {
  /** How far ahead of the believed time a row's may be; one farther waits until another source agrees (ms). */
  belief_ahead_ms_max: 1_000,
  /** Streams farther than this ahead of a steady local clock are believed only with the exchange's server time (ms). */
  belief_step_ms_min: 2_000,
  /** All streams that keep to a time the server contradicts are believed after this (s). */
  belief_step_wait_s: 60,
  /** The exchange's server time is asked for this often while its streams' times are in doubt (s). */
  belief_server_time_every_s: 5,
  /** How long a row waits for what confirms it; then it is decided without (ms). */
  belief_wait_ms_max: 1_000,
  /** Rows of one stream that wait; beyond it the oldest is decided without what confirms it (rows). */
  belief_waiting_rows_max: 20_000,
  /** How far ids may leap at once; a row farther waits for the next to confirm it (ids). */
  belief_ids_ahead_max: 1_000_000,
  /** Ids an exchange may give out in a second, for the leap across an outage (ids). */
  belief_ids_per_s_max: 20_000,
  /** A price farther from those of book and trades waits for the next to confirm it (share). */
  belief_price_band: 0.1,
  /** Prices older than this are not compared with a new one (s). */
  belief_price_age_s_max: 60,
  /** How far trade ids and times run against each other in an exchange's own history (µs). */
  belief_history_disorder_us_max: 10_000_000,
} as const;
