/** Loading and repairing history. */
export const HISTORY_LIMITS = {
  /** Rows of history loaded in one transaction, about; one is cut where the time changes (rows). */
  load_batch_rows_max: 100_000,
  /** Rows of blocks that wait for the rest of theirs, where only bars are kept; beyond it the fullest block's are stored as trades (rows). */
  load_block_rows_max: 1_000_000,
  /** Missing trade ids listed by a backfill's report; further ranges are only counted (ranges). */
  backfill_gaps_max: 10_000,
  /** Rows a backfill sets aside that its report can name; beyond it they are counted only (rows). */
  backfill_set_aside_named_max: 100,
  /** When the first round of repairs begins after the database is open, so that look-backs come first (ms). */
  repair_first_ms: 60_000,
  /** Between two rounds of repairs (ms). */
  repair_every_ms: 180_000,
  /** The least wait where a round ended only because its share of REST's weight was spent (ms). */
  repair_again_ms_min: 5_000,
  /** Trades newer than this are left to the live path and its look-backs (s). */
  repair_lag_s: 60,
  /** How far back holes are looked for; older history is a backfill's (days). */
  repair_days_max: 31,
  /** History one round looks at again; all of it once an hour (s). */
  repair_recent_s: 1_800,
  /** Between two looks at all of the history, and two requests for ids REST does not reach (s). */
  repair_walk_every_s: 3_600,
  /** Pause after each day of history looked at (ms). */
  repair_walk_pause_ms: 250,
  /** Part of our REST weight that repairs may spend in a minute; beyond it the round ends, and the next goes on (share). */
  repair_rest_share: 0.25,
  /** Part of our REST weight that is spent by all together where repairs stop, for look-backs and books (share). */
  repair_rest_used_max: 0.6,
  /** Ids of one range that REST is asked for; a longer range is left to a backfill from the archive (ids). */
  repair_ids_max: 5_000_000,
  /** Spans without trades looked at in one round; older ones wait for the next (spans). */
  repair_spans_max: 1_000,
  /** Times REST has to answer without ids, in rounds of their own, until they count as the exchange's own gap (answers). */
  repair_absent_answers: 2,
  /** Bars refreshed by one statement after a repair (s). */
  repair_refresh_s: 900,
  /** One statement of the repair; beyond it the server ends it, and the next round tries again (ms). */
  repair_statement_ms_max: 60_000,
  /** How long a round waits for the rows written before it; beyond it the round fails (ms). */
  repair_flush_ms_max: 10_000,
  /** How long a round may make no progress; beyond it its requests and its connections are left behind (ms). */
  repair_stall_ms_max: 90_000,
} as const;
