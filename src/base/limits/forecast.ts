/** A forecast, what it needs at the start (look-back, book), and its outcome. */
export const FORECAST_LIMITS = {
  /** Largest forecast of ten seconds that is used; a larger one is skipped (ln); of h s: times √(h/10). */
  forecast_log_return_max: 0.02,
  /** Age up to which a last known value, price or ticker stands in for one that is missing; older: the next rung (s). */
  fallback_age_s_max: 5,
  /** Stretch of prices a linear trend is drawn through; older ones are forgotten (s). */
  trend_window_s: 60,
  /** Fewest prices in it for a trend; with fewer there is no forecast (prices). */
  trend_points_min: 10,
  /** Shortest time between two questions for a ticker, of all symbols together; one that comes sooner waits (ms). */
  ticker_every_ms: 1_000,
  /** One answer of the ticker; beyond it the request is cut, and the rung is empty (ms). */
  ticker_ms_max: 2_000,
  /** Share of the REST weight spent above which no ticker is asked for: what mends the data goes first (share). */
  ticker_rest_used_max: 0.8,
  /** Predictions kept in memory per symbol and series, for `/latest`, outcomes and the page; the oldest go (predictions). */
  predictions_kept: 3_600,
  /** Series of predictions kept in memory per symbol; the one that was silent longest goes (series). */
  series_kept: 16,
  /** How far back stored outcomes are read to know what forecasts are worth; older ones weigh less than a quarter (s). */
  calibration_past_s: 172_800,
  /** How often it is looked whether a model does not know its stored outcomes yet (ms). */
  calibration_restore_every_ms: 1_000,
  /** How long a closing service waits for that reading; then it is left behind (ms). */
  calibration_close_ms_max: 1_000,
  /** Outcomes kept to be learned after the stored ones; beyond it the oldest are not (outcomes). */
  calibration_since_max: 7_200,
  /** How far back mids and breaks are kept for a prediction that comes after its horizon; older ones: null (s). */
  outcome_mids_kept_s: 3_600,
  /** How long outcomes are kept to be taken back where a break is noticed late; later ones the store's join takes back (s). */
  outcome_revised_s: 600,
  /** Wait between two rounds that join outcomes from the store (ms). */
  outcome_join_every_ms: 20_000,
  /** How far the market must be past a horizon before the store joins what the live path did not (s). */
  outcome_join_lag_s: 30,
  /** Outcomes joined by one statement; further ones by the next (rows). */
  outcome_join_rows_max: 5_000,
  /** One statement of that join; beyond it the server ends it, and the next round tries again (ms). */
  outcome_join_timeout_ms: 60_000,
  /** How long that join waits for the rows written before it; beyond it the round fails (ms). */
  outcome_flush_ms_max: 30_000,
  /** Days of history one such round looks at after a start; the next round goes on (days). */
  outcome_walk_days_max: 60,
  /** Pause after each day of history looked at after a start (ms). */
  outcome_walk_pause_ms: 250,
  /** REST pages of 1,000 trades one look-back may take; beyond it the start is cold (pages). */
  fill_pages_max: 150,
  /** How long a lane waits for its look-back; beyond it forecasts go on, marked not warm, until it has come (ms). */
  hold_ms_max: 3_000,
  /** One look-back, all pages of REST included; beyond it its requests are cut, and it is tried again (ms). */
  fill_ms_max: 300_000,
  /** How long a look-back waits for the rows written before it; beyond it REST fills it without the database (ms). */
  fill_flush_ms_max: 2_000,
  /** How long the database's answer to a look-back's question may stop coming; then REST fills it alone (ms). */
  fill_query_ms_max: 5_000,
  /** Wait before a look-back that failed is fetched again (ms). */
  fill_retry_ms: 5_000,
  /** Wait before a look-back that was filled without the database is fetched with it (ms). */
  fill_database_retry_ms: 30_000,
  /** One book snapshot, its wait for REST included; beyond it the request is cut, and asked again (ms). */
  book_snapshot_ms_max: 20_000,
  /** Wait before the book is asked for again after a failure, or where snapshots stay too old (ms). */
  book_retry_ms: 5_000,
  /** Ids of late trades a lane keeps for an engine built from a look-back; older ones: the database (ids). */
  late_trades_kept: 10_000,
  /** Trades a lane keeps for the same purpose, some 45 bytes each (trades). */
  trades_remembered_max: 500_000,
  /** Breaks it keeps for the same purpose (breaks). */
  breaks_kept: 1_000,
  /** Events one symbol's lane may hold, or keep, while its look-back is filled; beyond it it is fetched again (events). */
  warm_up_events_max: 500_000,
  /** How late a timer of the process may come; a later one is counted, and where they go on an alert is raised (ms). */
  event_loop_lag_ms_max: 200,
  /** Stretch of which the latest timer is kept; after the next one it is forgotten (s). */
  event_loop_stretch_s: 10,
  /** Rows that long work handles before sockets and ticks have their turn, a few µs each; a closed second counts for 40 (rows). */
  turn_rows_max: 2_000,
} as const;
