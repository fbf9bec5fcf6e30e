/**
 * Limits that come in kinds: what meets one of a kind goes through the same place, which takes it by its name and counts it
 * (`foretick_limit_reached_total`). What happens at it beyond that says its own sentence.
 */

import type { LimitName } from "../limits.ts";

/** `withDeadline`, `whileProgressing`: the wait ends with an error, DEADLINE where no other code is named; the work is cut where it can be. */
const DEADLINES = [
  "access_answer_ms",
  "alert_close_ms",
  "alert_send_ms_max",
  "alert_store_ms_max",
  "answer_ms_max",
  "ask_ms_max",
  "backup_stall_ms",
  "book_snapshot_ms_max",
  "bundle_load_ms_max",
  "bundle_transfer_ms_max",
  "calibration_close_ms_max",
  "capture_close_ms",
  "database_connect_ms",
  "database_look_ms",
  "doctor_check_ms",
  "doctor_close_ms",
  "experiment_flush_ms_max",
  "fill_flush_ms_max",
  "fill_ms_max",
  "fill_query_ms_max",
  "inference_ms_max",
  "journal_timeout_ms",
  "jwks_answer_ms",
  "keyed_begin_ms",
  "lake_close_ms",
  "lake_transfer_ms_max",
  "lease_answer_ms",
  "maintenance_run_ms_max",
  "model_close_ms_max",
  "outcome_flush_ms_max",
  "parity_compare_ms_max",
  "redis_connect_ms",
  "registry_ms_max",
  "repair_flush_ms_max",
  "repair_stall_ms_max",
  "request_ms_max",
  "servable_ms_max",
  "server_time_ms_max",
  "signal_restore_close_ms_max",
  "stall_question_ms_max",
  "symbol_status_ms_max",
  "ticker_ms_max",
  "training_log_ms_max",
  "worker_close_ms",
  "worker_end_ms",
] as const satisfies readonly LimitName[];

/** `readText`, `readBytes`: a larger body is not read, and the answer has failed. */
const BODIES = [
  "alert_answer_bytes_max",
  "jwks_bytes_max",
  "rest_body_bytes_max",
  "terminal_body_bytes_max",
  "tracking_body_bytes_max",
] as const satisfies readonly LimitName[];

/** `isFull`: one more is refused, or the oldest goes. */
const QUEUES = [
  "alert_events_waiting_max",
  "ask_waiting_max",
  "keyed_requests_max",
  "latest_waiting_max",
  "rest_queue_max",
] as const satisfies readonly LimitName[];

export type DeadlineName = (typeof DEADLINES)[number];
export type BodyName = (typeof BODIES)[number];
export type QueueName = (typeof QUEUES)[number];

export interface LimitKind {
  /** What happens at a limit of the kind, as a sentence. */
  readonly policy: string;
  readonly limits: readonly LimitName[];
}

export const LIMIT_KINDS = {
  deadline: { policy: "the wait is given up with an error; what was waited for is cut", limits: DEADLINES },
  body: { policy: "a larger body is not read; the answer has failed", limits: BODIES },
  queue: { policy: "one more is refused, or the oldest goes", limits: QUEUES },
} as const satisfies Readonly<Record<string, LimitKind>>;
export type LimitKindName = keyof typeof LIMIT_KINDS;
