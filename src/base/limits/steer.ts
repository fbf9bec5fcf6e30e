/** What acts on judgements: rollback and deployments. */
export const STEER_LIMITS = {
  /** From one look at what came true to the next (ms). */
  steer_every_ms: 2_000,
  /** Outcomes newer than this beside the newest one may still be on their way to the database (s). */
  steer_settle_s: 2,
  /** Outcomes before today's that the running variance begins with (s). */
  steer_variance_past_s: 3_600,
  /** No champion of a symbol is taken back twice within it (s). */
  rollback_quiet_s: 3_600,
  /** A candidate that gives no forecast this long after it got its role is taken back (s). */
  deployment_load_s_max: 120,
  /** Ticks a green version is watched in before it takes over (ticks). */
  deployment_ticks_min: 300,
  /** Share of due ticks a candidate may miss; beyond it, it is taken back. */
  deployment_missed_share_max: 0.01,
  /** Ticks the missed share and the latency are of, the newest ones (ticks). */
  deployment_recent_ticks: 3_600,
  /** Outcomes a candidate's watch begins with at most, after a restart (s). */
  deployment_past_s_max: 604_800,
} as const;
