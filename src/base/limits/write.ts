/** The way of a row into the database, by the journal where it has to. */
export const WRITE_LIMITS = {
  /** Rows waiting for the database in memory; beyond it those that are in the journal are kept there only (rows). */
  write_queue_rows_max: 200_000,
  /** Rows in memory that the journal may be behind with; beyond it, or while the disk takes nothing, the oldest are lost, counted, marked (rows). */
  write_burst_rows_max: 1_000_000,
  /** How long a row may wait for the database; then rows of its table go to the journal ahead of it (ms). */
  write_ahead_after_ms: 2_000,
  /** The same for predictions and outcomes, which clients have seen; also how often it is looked (ms). */
  shown_ahead_after_ms: 80,
  /** Rows in one INSERT (rows). */
  write_batch_rows_max: 5_000,
  /** One INSERT's time; beyond it the connection is dropped and the rows are written again (ms). */
  write_timeout_ms: 10_000,
  /** How long a closing writer waits for the database; then the rest stays in the journal (ms). */
  write_close_ms: 2_000,
  /** Bytes of one journal segment; beyond it the next one begins, the full one fsynced (bytes). */
  journal_segment_bytes_max: 64 << 20,
  /** Bytes the journal holds in all, some two weeks of one busy market; beyond it rows are lost, counted, marked (bytes). */
  journal_bytes_max: 8 * 2 ** 30,
  /** One call to the disk; beyond it the file is not written to again and the rows wait in memory (ms). */
  journal_timeout_ms: 2_000,
  /** Free space on the journal's disk below which the service is degraded (bytes). */
  disk_free_low_bytes: 2 * 2 ** 30,
  /** Free space below which market data is no longer journalled, and nothing below an eighth of it (bytes). */
  disk_free_min_bytes: 256 << 20,
  /** Bytes of one part of a capture; beyond it, and each hour, the next one begins (bytes). */
  capture_part_bytes_max: 64 << 20,
  /** Bytes of a symbol's capture that wait for the disk; beyond it records are left out, counted, marked by a gap (bytes). */
  capture_queue_bytes_max: 16 << 20,
  /** How long a record may wait in memory before it is on its way to the disk (ms). */
  capture_seal_ms: 1_000,
  /** How often a capture is made to outlast a power cut (ms). */
  capture_sync_every_ms: 10_000,
  /** How often old parts of captures are removed and finished ones sent to the store (ms). */
  capture_round_every_ms: 30_000,
  /** What the end of the service waits for its captures; then what waits for the disk is left out (ms). */
  capture_close_ms: 900,
  /** Bytes of one of the two files of rejected rows; beyond it the older file is dropped (bytes). */
  rejected_bytes_max: 32 << 20,
} as const;
