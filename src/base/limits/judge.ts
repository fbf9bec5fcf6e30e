/** What came true: sums of minutes, drift. */
export const JUDGE_LIMITS = {
  /** Wait before the first round that sums outcomes by minute (ms). */
  quality_first_ms: 3_000,
  /** Between two of those rounds (ms). */
  quality_every_ms: 20_000,
  /** One statement of such a round; beyond it the server ends it, and the next round tries again (ms). */
  quality_timeout_ms: 30_000,
  /** Figures kept as they were last computed, per symbol; those asked for longest ago go (answers). */
  quality_answers_kept: 64,
  /** From one look whether a day's stored signals are still to be read to the next (ms). */
  signal_restore_every_ms: 1_000,
  /** The end of such a reading; beyond it, it is left behind (ms). */
  signal_restore_close_ms_max: 1_000,
  /** How far back the reference of drift reaches in training, the newest rows (s). A month. */
  drift_reference_s: 2_678_400,
  /** Rows that a caller may bring to be looked at: a day (rows). */
  drift_rows_max: 86_400,
  /** Edges of bins of a column in a bundle's reference; more are refused (edges). */
  drift_edges_max: 64,
  /** Wait before the first look at drift (ms). */
  drift_first_ms: 60_000,
  /** Between two looks (ms). A quarter of an hour is what one looks at. */
  drift_every_ms: 900_000,
  /** Pause after each quarter of an hour that is read (ms). */
  drift_pause_ms: 250,
  /** One statement that reads a quarter of an hour; beyond it the server ends it, and the next round goes on (ms). */
  drift_timeout_ms: 30_000,
} as const;
