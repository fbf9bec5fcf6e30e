/** Experiments: two models on the same ticks. */
export const EXPERIMENT_LIMITS = {
  /** Points of the curve of an experiment that is given to callers (points). */
  experiment_points_max: 240,
  /** Wait between two rounds that judge what came true (ms). */
  experiment_every_ms: 5_000,
  /** One statement of such a round; beyond it the server ends it, and the next round tries again (ms). */
  experiment_timeout_ms: 60_000,
  /** How long a round waits for the rows written before it; beyond it the round fails (ms). */
  experiment_flush_ms_max: 30_000,
  /** How far beyond a horizon the newest forecast must be before its ticks are judged (s). */
  experiment_lag_s: 5,
  /** How long a tick waits for an outcome that is missing; then it is passed over (s). The store's join has had an hour. */
  experiment_outcome_wait_s: 3_600,
  /** Ticks judged in one round; the next goes on (s of market). */
  experiment_round_s: 86_400,
  /** Moves before the trial from which the running variance is known at its beginning (s). */
  experiment_past_s: 86_400,
  /** Moves that must be known before a tick is judged: a variance of few is no unit (s). */
  experiment_variance_s_min: 600,
  /** Longest experiment (h): a year. */
  experiment_h_max: 8_760,
  /** Experiments `experiments list` and the API show; older ones are asked for one by one (rows). */
  experiments_max: 100,
  /** Blocks `experiments show` prints, the newest ones (rows). */
  experiment_blocks_shown: 10,
} as const;
