/** Commands that look at a service or at what it needs: `doctor`, `watch`. */
export const TERMINAL_LIMITS = {
  /** One check of `doctor`; beyond it the check has failed (ms). Above what the database's own look may take. */
  doctor_check_ms: 25_000,
  /** One answer that a check asks of the exchange or of a service on this machine (ms). */
  doctor_answer_ms: 8_000,
  /** How far the local clock may be from the exchange's; from `belief_step_ms_min` on the check fails (ms). */
  doctor_skew_ms_max: 500,
  /** Memory that can be had below which `doctor` warns (bytes). */
  doctor_memory_low_bytes: 512 << 20,
  /** Memory that can be had below which it fails (bytes). */
  doctor_memory_min_bytes: 160 << 20,
  /** Files and sockets of one process beside those of `/stream` clients; a lower limit fails (files). */
  doctor_files_min: 256,
  /** Free inodes below which `doctor` warns: a segment of the journal is one (inodes). */
  doctor_inodes_low: 10_000,
  /** Free inodes below which it fails (inodes). */
  doctor_inodes_min: 500,
  /** How long `doctor` waits for what it opened to close (ms). */
  doctor_close_ms: 5_000,
  /** From one drawing of `watch` to the next (ms). */
  watch_draw_ms: 200,
  /** From one question for quality and health to the next (ms). */
  watch_ask_ms: 5_000,
  /** One answer of the service that `watch` asks (ms). */
  watch_answer_ms: 4_000,
  /** A stream without a message for so long is connected anew (ms). The service sends a market view twice a second. */
  watch_silence_ms: 5_000,
  /** Wait of `watch` before the first attempt to reconnect; it doubles (ms). */
  watch_retry_ms_first: 500,
  /** Longest such wait (ms). */
  watch_retry_ms_max: 8_000,
  /** One answer that `load` waits for; beyond it the request has failed (ms). */
  load_answer_ms: 5_000,
  /** Bytes of an answer `watch` and `doctor` read (bytes). */
  terminal_body_bytes_max: 1 << 20,
} as const;
