/**
 * One attempt at a job, as a worker's child does it: rows → models → registry → challenger. Whatever moment it is killed at,
 * a version is registered whole or not at all, and the job is begun anew.
 */

import { rm } from "node:fs/promises";
import { describeError, ForetickError } from "../../base/errors.ts";
import { registryOf } from "../../record/registry/registry_of.ts";
import { type Attempt, endJob } from "../../record/training/job_changes.ts";
import { type TrainingJob, trainingJob } from "../../record/training/jobs.ts";
import { type JobTrainingOptions, type Trained, trainJob } from "./job_training.ts";
import { type Challenger, type Deploy, deployInSteps, putOnTrial } from "./trial.ts";

export interface RunJobOptions extends JobTrainingOptions {
  /** What AUTO_DEPLOY does; default: deploys in steps. */
  readonly deploy?: Deploy;
}

/** @throws ForetickError where the database was away: the job is then begun anew. */
export async function runJob(attempt: Attempt, options: RunJobOptions): Promise<void> {
  const { database, log, folder, onLost } = options;
  const job = await trainingJob(database.sql, attempt.job_id);
  if (job.status !== "running" || job.attempt !== attempt.attempt) return onLost();
  const empty = (): Promise<void> => rm(folder, { recursive: true, force: true });
  await empty();
  try {
    // Who sees that a job has ended finds nothing of it on the disk.
    await endWell(job, await trainJob(job, options).finally(empty), options);
  } catch (error) {
    if (error instanceof ForetickError && error.remedy === "retry") throw error;
    log.error({ job_id: job.job_id, error: describeError(error) }, "training failed");
    await endJob(database.sql, attempt, { status: "failed", problem: describeError(error) });
  }
}

async function endWell(job: TrainingJob, trained: Trained, options: RunJobOptions): Promise<void> {
  const { database, config, clock, log } = options;
  const { versions, proposed, data_rows } = trained;
  const registry = registryOf(database.sql, config, clock);
  const challenger: Challenger | undefined = proposed && {
    symbol: job.symbol,
    version: proposed,
    reason: `training ${job.job_id}, asked for by ${job.requested_by} (${job.reason})`,
  };
  const problem = challenger
    ? await putOnTrial(database.sql, registry, challenger).then(() => undefined, refusal)
    : "no model passed its gates and is proposed: none is on trial";
  const on_trial = problem === undefined ? proposed : undefined;
  await endJob(database.sql, job, {
    ...{ status: "finished", versions, data_rows, challenger: on_trial, problem },
  });
  log.info({ job_id: job.job_id, versions, challenger: on_trial ?? null, problem }, "training finished");
  if (!challenger || problem !== undefined || config.auto_deploy !== "true") return;
  const deploy = options.deploy ?? deployInSteps(database, config, clock);
  await deploy(challenger).catch((error: unknown) =>
    log.error({ version: challenger.version, error: describeError(error) }, "AUTO_DEPLOY: not deployed"),
  );
}

/** What was trained is registered all the same. */
function refusal(error: unknown): string {
  if (error instanceof ForetickError && error.code === "MODEL_REFUSED") {
    return `the proposed model is not on trial: ${error.message}`;
  }
  throw error;
}
