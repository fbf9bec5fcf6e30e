/** The JSON of trainings: what is asked for, how far it is, and the runs of before. */

import { z } from "zod";
import { isoOf } from "../../../base/units.ts";
import type { StoredRun } from "../../../record/registry/training_runs.ts";
import type { StoredJobLog } from "../../../record/training/job_log.ts";
import type { TrainingJob } from "../../../record/training/jobs.ts";
import { instant, whole } from "../../describe/answers.ts";
import { figure, isoOrNull, whenever } from "../nullable.ts";

export const requestedSchema = z
  .strictObject({ status: z.literal("queued"), message: z.string(), training_id: z.string() })
  .meta({ id: "TrainingRequested" });

const lossSchema = z.strictObject({
  ...{ kind: z.string(), member: whole, epoch: whole, loss: z.number(), validation_loss: z.number() },
});

export const trainingSchema = z
  .strictObject({
    status: z.enum(["idle", "waiting", "running", "finished", "failed", "cancelled"]),
    message: z.string(),
    training_id: z.string().optional(),
    symbol: z.string().optional(),
    step: z.string().nullable().optional(),
    progress: figure.optional().meta({ description: "Of the step, 0 to 1; null where it cannot be told." }),
    requested_at: instant.optional(),
    started_at: whenever.optional(),
    ended_at: whenever.optional(),
    epoch: whole.optional(),
    losses: z.array(lossSchema).optional(),
    problem: z.string().nullable().optional(),
    versions: z.array(z.string()).optional(),
    challenger: z.string().nullable().optional(),
  })
  .meta({ id: "TrainingStatus" });
export type TrainingJson = z.output<typeof trainingSchema>;

export function trainingJson(job: TrainingJob): TrainingJson {
  const { status, job_id, symbol, step, share, losses, problem, versions, challenger } = job;
  return {
    ...{ status, message: `the training of ${symbol} is ${status}`, training_id: job_id, symbol, step },
    ...{ progress: share, requested_at: isoOf(job.requested_us), started_at: isoOrNull(job.started_us) },
    ...{
      ended_at: isoOrNull(job.ended_us),
      losses: losses.map((loss) => ({ ...loss })),
      problem,
      challenger,
    },
    ...(losses.length > 0 ? { epoch: Math.max(...losses.map(({ epoch }) => epoch)) } : {}),
    versions: [...versions],
  };
}

const jobSchema = z
  .strictObject({
    training_id: z.string(),
    symbol: z.string(),
    status: z.enum(["waiting", "running", "finished", "failed", "cancelled"]),
    reason: z.string().meta({ description: "person, schedule, drift, realised_error or new_data." }),
    requested_by: z.string(),
    requested_at: instant,
    settings: z
      .record(z.string(), z.unknown())
      .meta({ description: "What to train, where it is not the usual." }),
    attempt: whole.meta({ description: "Times a worker has begun it." }),
    worker: z.string().nullable(),
    started_at: whenever,
    step: z.string().nullable(),
    progress: figure,
    ended_at: whenever,
    cancelled_by: z.string().nullable(),
    problem: z.string().nullable(),
    data_rows: figure,
    versions: z.array(z.string()).meta({ description: "Registered by it." }),
    challenger: z.string().nullable(),
  })
  .meta({ id: "TrainingJob" });
export type JobJson = z.output<typeof jobSchema>;

export const jobsSchema = z
  .strictObject({ jobs: z.array(jobSchema), count: whole })
  .meta({ id: "TrainingJobs" });
export type JobsJson = z.output<typeof jobsSchema>;

export function jobJson(job: TrainingJob): JobJson {
  const { symbol, status, reason, requested_by, attempt, worker, step, cancelled_by, problem } = job;
  return {
    ...{ training_id: job.job_id, symbol, status, reason, requested_by, attempt, worker, step },
    ...{ requested_at: isoOf(job.requested_us), started_at: isoOrNull(job.started_us) },
    ...{ ended_at: isoOrNull(job.ended_us), progress: job.share, cancelled_by, problem },
    ...{ data_rows: job.data_rows, versions: [...job.versions], challenger: job.challenger },
    settings: { ...job.settings },
  };
}

export const logSchema = z
  .strictObject({
    training_id: z.string(),
    attempt: whole,
    told_at: whenever.meta({
      description: "When the newest line was written down; null: it logged nothing.",
    }),
    lines: z
      .array(
        z.strictObject({
          at: whenever,
          level: z.enum(["info", "warn", "error"]),
          text: z.string(),
        }),
      )
      .meta({ description: "The newest ones, oldest first; `at` is null where a line says no time." }),
    left_out: whole.meta({ description: "Older lines of the attempt that are no longer kept." }),
  })
  .meta({ id: "TrainingLog" });
export type TrainingLogJson = z.output<typeof logSchema>;

export function logJson(training_id: string, log: StoredJobLog | undefined): TrainingLogJson {
  const { attempt, told_us, lines, left_out } = log ?? { attempt: 0, told_us: null, lines: [], left_out: 0 };
  return {
    ...{ training_id, attempt, told_at: isoOrNull(told_us), left_out },
    lines: lines.map(({ at, level, text }) => ({ at, level, text })),
  };
}

export const cancelledSchema = z
  .strictObject({ status: z.enum(["cancelled", "ended_already"]), training_id: z.string() })
  .meta({ id: "TrainingCancelled" });

export const runsSchema = z
  .strictObject({
    runs: z.array(
      z.strictObject({
        run_id: z.string(),
        kind: z.string(),
        feature_set: z.string(),
        symbol: z.string(),
        parameters: z.record(z.string(), z.unknown()),
        data_from: instant,
        data_to: instant,
        data_rows: whole,
        status: z.string(),
        problem: z.string().nullable(),
        version: z.string().nullable(),
        epochs: whole,
        scores: z.array(z.record(z.string(), z.unknown())).nullable(),
        started_at: instant,
        ended_at: whenever,
      }),
    ),
    count: whole,
  })
  .meta({ id: "TrainingRuns" });
export type RunsJson = z.output<typeof runsSchema>;
export type RunJson = RunsJson["runs"][number];

export function runJson(run: StoredRun): RunJson {
  const { run_id, kind, feature_set, symbol, data_rows, status, problem, version } = run;
  return {
    ...{
      run_id,
      kind,
      feature_set,
      symbol,
      data_rows,
      status,
      problem,
      version,
      parameters: { ...run.parameters },
    },
    ...{ data_from: isoOf(run.data_from_us), data_to: isoOf(run.data_to_us), epochs: run.epochs.length },
    ...{ started_at: isoOf(run.started_us), ended_at: isoOrNull(run.ended_us) },
    scores: run.scores?.map((score) => ({ ...score })) ?? null,
  };
}
