/** Alerts: what is kept of them, and how long telling somebody may take. */
export const ALERT_LIMITS = {
  /** Between two looks at the rules (ms). */
  alert_look_ms: 1_000,
  /** One sentence of an alert; a longer one is cut (characters). */
  alert_summary_chars_max: 500,
  /** One message to a channel; a longer one is cut (characters). */
  alert_message_chars_max: 3_000,
  /** Events of other parts that wait for the next look at the rules; beyond it the oldest is dropped and counted (events). */
  alert_events_waiting_max: 200,
  /** Alerts in memory, open or still to be told; beyond it the oldest that is over is forgotten there (alerts). */
  alerts_max: 500,
  /** Alerts that are over, kept in memory for /alerts (alerts). */
  alerts_recent_max: 50,
  /** Alerts that are over stay in the database for so long (days). */
  alerts_kept_days: 365,
  /** File of rules; a larger one is refused (bytes). */
  alert_rules_bytes_max: 1 << 20,
  /** After a start nobody is told before it is known what was open, or so long (ms). */
  alert_restore_ms_max: 10_000,
  /** One exchange with the database or the file of open alerts; beyond it it is tried again at the next look (ms). */
  alert_store_ms_max: 5_000,
  /** Between two looks at silences and at events of other processes (ms). */
  alert_poll_ms: 5_000,
  /** One message to one channel; beyond it it has failed, and is sent again (ms). */
  alert_send_ms_max: 10_000,
  /** Answer of a webhook that is read; the rest is not (bytes). */
  alert_answer_bytes_max: 1 << 14,
  /** Wait after the first failure of a channel; it doubles with each further one (ms). */
  alert_retry_ms: 1_000,
  /** Longest wait between two tries of a channel (ms). */
  alert_retry_ms_max: 300_000,
  /** A message that a channel has not taken for so long is given up and counted (s). */
  alert_retry_s_max: 21_600,
  /** Tries of a message that the channel refuses for what it is, such as with a 400; then it is given up and counted (tries). */
  alert_refusals_max: 3,
  /** Mail addresses (addresses). */
  alert_addresses_max: 10,
  /** Longest silence of a rule (s). */
  alert_silence_s_max: 30 * 86_400,
  /** How long the end of the service waits for messages under way (ms). */
  alert_close_ms: 1_000,
} as const;
