/** Table `training_jobs`, read: what was asked for, how far it is, what came of it. */

import type { Sql } from "postgres";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, type ModelVersion, modelVersion } from "../../base/units.ts";
import { asked } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";
import { microsFromText } from "../sql/time_text.ts";
import type { JobSettings, TrainingReason } from "./request.ts";

export type JobStatus = "waiting" | "running" | "finished" | "failed" | "cancelled";
export type JobStep = "read" | "fit" | "judge" | "write" | "register";

/** The newest epoch of one model, as in `training_runs`. */
export interface JobLoss {
  readonly kind: string;
  readonly member: number;
  readonly epoch: number;
  readonly loss: number;
  readonly validation_loss: number;
}

export interface TrainingJob {
  readonly job_id: string;
  readonly symbol: string;
  readonly reason: TrainingReason;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly settings: JobSettings;
  readonly requested_by: string;
  readonly requested_us: Micros;
  readonly status: JobStatus;
  /** Times a worker has begun it. */
  readonly attempt: number;
  /** Who trains it, or did. */
  readonly worker: string | null;
  readonly started_us: Micros | null;
  readonly step: JobStep | null;
  /** Of the step, 0 to 1; null where it cannot be told. */
  readonly share: number | null;
  readonly losses: readonly JobLoss[];
  /** When the training last said how far it is. */
  readonly heard_us: Micros | null;
  readonly cancelled_by: string | null;
  readonly ended_us: Micros | null;
  readonly problem: string | null;
  readonly data_rows: number | null;
  /** Registered by it. */
  readonly versions: readonly ModelVersion[];
  /** Which of them passed its gates and is on trial. */
  readonly challenger: ModelVersion | null;
}

/**
 * Those that run, those that wait, then the newest ended.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function trainingJobs(
  sql: Sql,
  { symbol, limit = LIMITS.training_jobs_max }: { symbol?: string; limit?: number } = {},
): Promise<TrainingJob[]> {
  const rows = await asked(sql<JobRow[]>`
    select *
    from training_jobs
    where symbol = coalesce(${symbol ?? null}, symbol)
    order by array_position(array['running', 'waiting'], status), requested_at desc, job_id
    limit ${limit}`);
  return rows.map(jobOf);
}

/** What a worker has to know of a job that has not ended. */
export type OpenJob = Pick<TrainingJob, "job_id" | "symbol" | "status" | "cancelled_by">;

/** In the order they were asked for. */
export async function openJobs(sql: Sql): Promise<OpenJob[]> {
  return await asked(sql<OpenJob[]>`
    select job_id, symbol, status, cancelled_by
    from training_jobs
    where status in ('waiting', 'running')
    order by requested_at, job_id`);
}

/** @throws ForetickError NOT_FOUND; STORE_UNREACHABLE, STORE_QUERY. */
export async function trainingJob(sql: Sql, job_id: string): Promise<TrainingJob> {
  const [row] = await asked(sql<JobRow[]>`
    select *
    from training_jobs
    where job_id::text = ${job_id}`);
  return row
    ? jobOf(row)
    : fail("NOT_FOUND", `no training ${job_id} is known. "bun run jobs list" shows those there are`);
}

/**
 * Takes a waiting training back; a running one is ended by its worker.
 * @returns false where it had ended.
 * @throws ForetickError NOT_FOUND; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function cancelTraining(sql: Sql, job_id: string, actor: string): Promise<boolean> {
  const changed = await asked(sql`
    update training_jobs
    set
      cancelled_by = ${actor},
      status = case status when 'waiting' then 'cancelled' else status end,
      ended_at = case status when 'waiting' then now() end
    where job_id::text = ${job_id} and status in ('waiting', 'running')`);
  if (changed.count > 0) return true;
  await trainingJob(sql, job_id);
  return false;
}

interface JobRow {
  job_id: string;
  symbol: string;
  reason: TrainingReason;
  evidence: Record<string, unknown>;
  settings: JobSettings;
  requested_by: string;
  requested_at: string;
  status: JobStatus;
  attempt: number;
  worker: string | null;
  started_at: string | null;
  step: JobStep | null;
  share: number | null;
  losses: JobLoss[];
  heard_at: string | null;
  cancelled_by: string | null;
  ended_at: string | null;
  problem: string | null;
  data_rows: string | null;
  versions: string[];
  challenger: string | null;
}

const microsOrNull = (text: string | null): Micros | null => (text === null ? null : microsFromText(text));

function jobOf(row: JobRow): TrainingJob {
  const { requested_at, started_at, heard_at, ended_at, data_rows, versions, challenger, ...same } = row;
  return {
    ...same,
    requested_us: microsFromText(requested_at),
    started_us: microsOrNull(started_at),
    heard_us: microsOrNull(heard_at),
    ended_us: microsOrNull(ended_at),
    data_rows: data_rows === null ? null : exactNumber(data_rows),
    versions: versions.map(modelVersion),
    challenger: challenger === null ? null : modelVersion(challenger),
  };
}
