/**
 * What a worker does to its jobs. Each change names the attempt it belongs to: where another worker has begun the job
 * anew, or it was taken back, the change is refused, so that a training believed dead cannot end another's job.
 */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import type { ModelVersion } from "../../base/units.ts";
import { asked } from "../sql/asked.ts";
import { inTransaction } from "../sql/transaction.ts";
import { type JobLoss, type JobStep, type TrainingJob, trainingJob } from "./jobs.ts";

/** One attempt at a job. */
export interface Attempt {
  readonly job_id: string;
  /** From 1. */
  readonly attempt: number;
}

export type Begun =
  | { readonly is_begun: true; readonly job: TrainingJob }
  | { readonly is_begun: false; readonly why: "ended" | "busy" | "exhausted" };

/**
 * Begins a job, or begins one anew whose worker died. Never more at once than `running_max`, nor two of a symbol, however
 * many workers ask.
 */
export async function beginJob(
  sql: Sql,
  job_id: string,
  { worker, running_max }: { worker: string; running_max: number },
): Promise<Begun> {
  return (await asked(
    inTransaction(sql, async (own): Promise<Begun> => {
      // One beginning at a time, so that what is counted stays true until it is written.
      await own`select pg_advisory_xact_lock(hashtextextended('foretick training', 0))`;
      const [job] = await own<{ open: boolean; attempt: number; busy: boolean }[]>`
        select
          status in ('waiting', 'running') and cancelled_by is null as open,
          attempt,
          (
            select count(*) >= ${running_max}::int or coalesce(bool_or(other.symbol = own.symbol), false)
            from training_jobs other
            where other.status = 'running' and other.job_id <> own.job_id
          ) as busy
        from training_jobs own
        where job_id = ${job_id}`;
      if (!job?.open) return { is_begun: false, why: "ended" };
      if (job.attempt >= LIMITS.training_attempts_max) return { is_begun: false, why: "exhausted" };
      if (job.busy) return { is_begun: false, why: "busy" };
      await own`
        update training_jobs
        set
          status = 'running', attempt = attempt + 1, worker = ${worker}, started_at = now(), heard_at = now(),
          step = null, share = null, losses = '[]'
        where job_id = ${job_id}`;
      await failOpenRuns(own, job_id, "the worker that trained it died; the job began anew");
      return { is_begun: true, job: await trainingJob(own, job_id) };
    }),
  )) as Begun;
}

/** @returns false where the attempt is over: ended, cancelled, or begun anew by another worker. */
export async function tellProgress(
  sql: Sql,
  { job_id, attempt }: Attempt,
  told: { readonly step: JobStep; readonly share: number | null; readonly losses: readonly JobLoss[] },
): Promise<boolean> {
  const changed = await asked(sql`
    update training_jobs
    set
      step = ${told.step}, share = ${told.share}, losses = ${JSON.stringify(told.losses)}::text::jsonb,
      heard_at = now()
    where job_id = ${job_id} and attempt = ${attempt} and status = 'running' and cancelled_by is null`);
  return changed.count > 0;
}

export interface JobEnd {
  readonly status: "finished" | "failed" | "cancelled";
  readonly problem?: string | undefined;
  readonly data_rows?: number | undefined;
  readonly versions?: readonly ModelVersion[];
  readonly challenger?: ModelVersion | undefined;
}

/** Only the first end of the newest attempt counts; with it ends what it left open. @returns false where it did not count. */
export async function endJob(sql: Sql, { job_id, attempt }: Attempt, end: JobEnd): Promise<boolean> {
  const problem = end.problem ?? null;
  const summary = `a training (${job_id}) ${end.status}${problem === null ? "" : `: ${problem}`}`.slice(
    0,
    LIMITS.alert_summary_chars_max,
  );
  // With it the alerts of the service are told: a failure, and that one is over when a training has come to its end.
  const changed = await asked(sql`
    with ended as (
      update training_jobs
      set
        status = ${end.status}, ended_at = now(), problem = ${problem}, data_rows = ${end.data_rows ?? null},
        versions = ${JSON.stringify(end.versions ?? [])}::text::jsonb, challenger = ${end.challenger ?? null}
      where job_id = ${job_id} and attempt = ${attempt} and status in ('waiting', 'running')
      returning job_id, symbol, reason, status
    ),
    told as (
      insert into alert_events (kind, symbol, is_over, summary, evidence)
      select
        'training_failed', symbol, status = 'finished', ${summary},
        jsonb_build_object('job_id', job_id, 'reason', reason)
      from ended
      where status = 'failed'
        or status = 'finished' and exists (
          select
          from alert_events before
          where before.kind = 'training_failed' and before.symbol = ended.symbol
        )
    )
    select
    from ended`);
  if (changed.count === 0) return false;
  await failOpenRuns(sql, job_id, problem ?? end.status);
  return true;
}

/** The attempt is over and the job is not: it waits for a worker again, which begins it from the start. */
export async function releaseJob(sql: Sql, { job_id, attempt }: Attempt, problem: string): Promise<void> {
  await asked(sql`
    update training_jobs
    set status = 'waiting', problem = ${problem}, step = null, share = null
    where job_id = ${job_id} and attempt = ${attempt} and status = 'running'`);
  await failOpenRuns(sql, job_id, problem);
}

async function failOpenRuns(sql: Sql, job_id: string, problem: string): Promise<void> {
  await asked(sql`
    update training_runs
    set status = 'failed', ended_at = now(), problem = ${problem}
    where job_id = ${job_id} and status = 'running'`);
}
