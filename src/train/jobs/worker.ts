/**
 * A worker: puts what was asked for into the queue, takes jobs from it and has each trained by a child process. Any number
 * of workers may run, on any number of machines.
 */

import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { Database } from "../../record/database.ts";
import { Notifications } from "../../record/notifications.ts";
import { RoundJob } from "../../record/rounds/round_job.ts";
import { requireFeatureFunctions } from "../../record/sql/install/feature_functions.ts";
import { type Attempt, beginJob, endJob, releaseJob } from "../../record/training/job_changes.ts";
import { tellLog } from "../../record/training/job_log.ts";
import { type OpenJob, openJobs, trainingJob } from "../../record/training/jobs.ts";
import { TrainingQueue } from "../../record/training/queue.ts";
import { requestTraining } from "../../record/training/request.ts";
import { type ChildEnd, TrainingChild } from "./child.ts";
import { LogTelling } from "./log_telling.ts";
import { requestByMeasurement } from "./triggers.ts";

export interface WorkerOptions {
  readonly database: Database;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  /** The command of the child that does one attempt. */
  readonly command: (attempt: Attempt) => readonly string[];
  /** Added to the priority of a training (0 to 19). */
  readonly nice?: number;
  /** As of the queue; for tests. */
  readonly heartbeat_s?: number;
}

/** Below everything that forecasts. */
const NICE = 15;
/** What the trigger `training_jobs_asked` notifies on. */
const CHANNEL = "foretick_training";

/** Why a child was ended. */
type Ended = "cancelled" | "timeout" | "given away" | "closing";

export class TrainingWorker {
  readonly #options: WorkerOptions;
  readonly #queue: TrainingQueue;
  readonly #name = `${hostname()}:${process.pid}`;
  /** How each training under way is ended, by its job. */
  readonly #running = new Map<string, (why: Ended) => void>();
  readonly #looks: RoundJob;
  readonly #rounds: readonly RoundJob[];
  readonly #notifications: Notifications;
  /** Why trainings wait, said once; null while they do not. */
  #waits: string | null = null;
  #closing: Promise<void> | undefined;

  private constructor(options: WorkerOptions, queue: TrainingQueue) {
    this.#options = options;
    this.#queue = queue;
    const { clock, log } = options;
    const every = (ms: number, what: string, round: () => Promise<void>): RoundJob =>
      new RoundJob({
        ...{ clock, round, pauseMs: () => ms },
        onFailed: (error, before) => {
          if (error.code !== before?.code) log.warn({ error: describeError(error) }, what);
        },
      });
    this.#looks = every(LIMITS.training_look_ms, "jobs could not be looked at", () => this.#look());
    this.#notifications = new Notifications({
      ...{ database: options.database, clock, channel: CHANNEL, application_name: "foretick worker" },
      onNotified: () => void this.#looks.run(),
    });
    this.#rounds = [
      this.#looks,
      every(LIMITS.training_trigger_every_ms, "reasons to train could not be looked at", () =>
        requestByMeasurement(options.database.sql, options.config, log),
      ),
    ];
  }

  /** @throws ForetickError TRAIN_QUEUE, STORE_UNREACHABLE. */
  static async start(options: WorkerOptions): Promise<TrainingWorker> {
    const { database, config, clock, log, heartbeat_s } = options;
    const queue = await TrainingQueue.open({
      ...{ url: database.url, sql: database.sql, clock, log, migrate: config.migrate === "on" },
      ...(heartbeat_s === undefined ? {} : { heartbeat_s }),
    });
    const worker = new TrainingWorker(options, queue);
    const { training_schedule, symbols, max_concurrent_training_jobs } = config;
    await queue.work(max_concurrent_training_jobs, (job_id, signal) => worker.#train(job_id, signal));
    await queue.schedule(
      training_schedule === "off" ? undefined : training_schedule,
      symbols,
      async (symbol) => {
        const { sentence } = await requestTraining(database.sql, { symbol, reason: "schedule" });
        log.info({ symbol }, `schedule: ${sentence}`);
      },
    );
    for (const round of worker.#rounds) round.start();
    return worker;
  }

  /** Trainings under way. */
  get running(): number {
    return this.#running.size;
  }

  /** Takes no more jobs; what is under way is ended and waits for another worker. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const end of this.#running.values()) end("closing");
    await Promise.all(this.#rounds.map((round) => round.close()));
    await this.#notifications.close();
    await withDeadline(this.#queue.close(), {
      ...{ clock: this.#options.clock, limit: "worker_close_ms", what: "the queue's end" },
    }).catch((error: unknown) => this.#options.log.warn(describeError(error)));
  }

  /** What was asked for goes into the queue; what was taken back is ended. */
  async #look(): Promise<void> {
    // Where it is not let, these looks are all there is.
    await this.#notifications.listen().catch(() => {});
    for (const job of await openJobs(this.#options.database.sql)) {
      const end = this.#running.get(job.job_id);
      if (!end) await this.#enqueue(job);
      else if (job.cancelled_by !== null) end("cancelled");
    }
  }

  async #enqueue(job: OpenJob): Promise<void> {
    const state = await this.#queue.stateOf(job.job_id);
    if (state === "open") return;
    // A row that is open and whose place in the queue is used up: its worker died at the wrong moment.
    if (state === "over") await this.#queue.forget(job.job_id);
    await this.#queue.send(job);
  }

  /** One attempt. Where it rejects, the queue gives the job to a worker again. */
  async #train(job_id: string, given_away: AbortSignal): Promise<void> {
    const { database, config, log } = this.#options;
    const { sql } = database;
    if (this.#closing) return fail("CANCELLED", "the worker is closing");
    await this.#requireLaidOut();
    const begun = await beginJob(sql, job_id, {
      worker: this.#name,
      running_max: config.max_concurrent_training_jobs,
    });
    if (!begun.is_begun) {
      if (begun.why === "busy") return fail("TRAIN_JOB", "as many trainings as may run are running");
      return this.#endUnbegun(job_id, begun.why === "exhausted");
    }
    const { job } = begun;
    const { symbol, reason, attempt } = job;
    log.info({ job_id, symbol, reason, attempt }, "training");
    const { ended, child } = await this.#attempt({ job_id, attempt }, given_away);
    const { status, attempt: newest } = await trainingJob(sql, job_id);
    if (status !== "running" || newest !== attempt) return;
    const hours = config.training_job_timeout_hours;
    if (ended === "cancelled") await endJob(sql, job, { status: "cancelled" });
    else if (ended === "timeout") {
      const problem = `expected to end within ${hours} h, did not: TRAINING_JOB_TIMEOUT_HOURS, or less data (TRAINING_DATA_DAYS)`;
      await endJob(sql, job, { status: "failed", problem });
    } else {
      const problem =
        ended === "closing" ? "its worker was stopped" : `its process ended (${endText(child)})`;
      await releaseJob(sql, job, problem);
      fail("TRAIN_JOB", problem);
    }
  }

  /** A job that comes before the service has put the SQL side of the feature sets in waits for it, and loses no attempt. */
  async #requireLaidOut(): Promise<void> {
    try {
      await requireFeatureFunctions(this.#options.database.sql, FEATURE_SETS);
      this.#waits = null;
    } catch (error) {
      const why = describeError(error);
      if (why !== this.#waits) this.#options.log.warn({ error: why }, "trainings wait for the database");
      this.#waits = why;
      throw error;
    }
  }

  async #attempt(
    attempt: Attempt,
    given_away: AbortSignal,
  ): Promise<{ ended: Ended | undefined; child: ChildEnd }> {
    const { config, clock, command, database, nice = NICE } = this.#options;
    const telling = new LogTelling({ clock, tell: (said) => tellLog(database.sql, attempt, said) });
    // Its log goes through a pipe: that this process has a terminal it cannot see.
    const usual = process.stderr.isTTY === true ? "pretty" : "json";
    const format = config.log_format === "auto" ? usual : config.log_format;
    const env = { ...process.env, LOG_FORMAT: format };
    const onLog = (text: string): void => telling.onText(text);
    const child = new TrainingChild({ command: command(attempt), env, nice, onLog });
    let ended: Ended | undefined;
    const end = (why: Ended): void => {
      ended ??= why;
      void child.kill();
    };
    const timer = clock.after(config.training_job_timeout_hours * 3_600_000, () => end("timeout"));
    given_away.addEventListener("abort", () => end("given away"), { once: true });
    this.#running.set(attempt.job_id, end);
    try {
      return { child: await child.exited, ended };
    } finally {
      timer.cancel();
      this.#running.delete(attempt.job_id);
      await telling.close();
      await rm(jobFolder(config, attempt.job_id), { recursive: true, force: true });
    }
  }

  /** A job that is taken back while no worker has it, or that killed each of its workers. */
  async #endUnbegun(job_id: string, is_exhausted: boolean): Promise<void> {
    const { sql } = this.#options.database;
    const job = await trainingJob(sql, job_id);
    const problem = is_exhausted
      ? `begun ${job.attempt} times, never ended: ${job.problem ?? "its workers died"}`
      : undefined;
    await endJob(sql, job, { status: is_exhausted ? "failed" : "cancelled", problem });
  }
}

/** Where one job's training keeps its files. */
export const jobFolder = ({ data_dir }: Pick<Config, "data_dir">, job_id: string): string =>
  join(data_dir, "trainings", job_id);

const endText = ({ code, signal }: ChildEnd): string => (signal ? String(signal) : `exit code ${code}`);
