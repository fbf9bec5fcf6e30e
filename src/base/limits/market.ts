/** What is kept of a market in memory: the book, seconds that are open, the look-back. */
export const MARKET_LIMITS = {
  /** Ranges of missing trade ids kept per symbol; beyond it the two oldest become one, counted (ranges). */
  trade_gaps_max: 1_000,
  /** Depth diffs kept while a snapshot is on its way; beyond it the sync restarts (events). */
  book_buffer_events_max: 20_000,
  /** Levels per side an order book may hold; the farthest are dropped and counted (levels). */
  book_levels_max: 20_000,
  /** Quotes, or touches of the book, that wait for their counterpart; the oldest is dropped (touches). */
  touch_check_kept_max: 4_096,
  /** One-second bars kept in memory per symbol (bars). Set by the longest look-back, never below this. */
  bars_kept_min: 960,
  /** Longest look-back of a feature set; a longer one is refused where it is defined (s). Rings and starts grow with it. */
  look_back_s_max: 10_800,
  /** Seconds with events that have not closed yet, per symbol; events of further ones are refused (s). */
  open_seconds_max: 900,
  /** Seconds one call may close, empty ones included; past it the lane has to be rebuilt (seconds). */
  close_jump_s_max: 86_400,
  /** Trade sizes kept for one five-minute block; beyond it the block's percentile is refused (trades). */
  block_trades_max: 4_000_000,
} as const;
