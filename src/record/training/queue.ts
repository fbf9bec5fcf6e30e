/**
 * The queue that hands trainings to workers: pg-boss, in a schema of its own. The truth about a job is its row of
 * `training_jobs`; the queue holds its id, gives it to one worker, and gives it to another where that one falls silent.
 */

import { type Job, PgBoss } from "pg-boss";
import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, ForetickError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { parseAddress } from "../server/address.ts";
import { pgOptions } from "../server/client.ts";

/** Beside the tables of a schema of foretick's own it is named after that one. */
const SCHEMA = "foretick_queue";
const TRAININGS = "trainings";
const SCHEDULES = "training_schedules";
/** Fetches, maintenance, and one to spare. */
const CONNECTIONS = 3;
const REMEDY =
  "Run `bun run migrate` as the role that owns the tables; it may need `create schema foretick_queue authorization <owner>` first";

export interface QueueOptions {
  /** Holds the password. */
  readonly url: string;
  readonly sql: Sql;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether this role lays the queue's tables out, or only looks whether they are there. */
  readonly migrate: boolean;
  /** A job whose worker is silent so long is given to another (s, from 10). */
  readonly heartbeat_s?: number;
}

/** Where a queued training stands, as the queue sees it. */
export type QueuedState = "missing" | "open" | "over";

export class TrainingQueue {
  readonly #boss: PgBoss;
  readonly #options: QueueOptions;

  private constructor(boss: PgBoss, options: QueueOptions) {
    this.#boss = boss;
    this.#options = options;
  }

  /**
   * @throws ForetickError TRAIN_QUEUE where the tables are missing and this role may not make them;
   * STORE_UNREACHABLE.
   */
  static async open(options: QueueOptions): Promise<TrainingQueue> {
    const { url, sql, clock, log, migrate, heartbeat_s = LIMITS.training_heartbeat_s } = options;
    const own = parseAddress(url).schema;
    const schema = own === undefined ? SCHEMA : `${own}_queue`;
    const [found] = await sql<{ there: boolean }[]>`select to_regnamespace(${schema}) is not null as there`;
    const look_s = Math.max(1, Math.floor(heartbeat_s / 3));
    const boss = new PgBoss({
      ...(await pgOptions(url, { application_name: "foretick queue", clock })),
      ...{ schema, max: CONNECTIONS, migrate, createSchema: found?.there === false },
      // Looks for jobs whose worker died; and as often for schedules that are due.
      ...{ superviseIntervalSeconds: look_s, monitorIntervalSeconds: look_s },
      ...{ cronMonitorIntervalSeconds: 20, cronWorkerIntervalSeconds: 10 },
      ...{ reindex: false, monitorVacuum: false, registerInstance: false },
    });
    // It gives copies of errors, which are none: their message is what they say.
    boss.on("error", ({ message }) => log.warn({ error: message }, "the queue of trainings"));
    try {
      await started(boss.start(), clock);
      const queue = new TrainingQueue(boss, options);
      await queue.#create(heartbeat_s);
      return queue;
    } catch (error) {
      await boss.stop({ graceful: false, timeout: 1_000 }).catch(() => {});
      if (error instanceof ForetickError) throw error;
      return fail(
        "TRAIN_QUEUE",
        `the queue of trainings cannot be used: ${describeError(error)}. ${REMEDY}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Whether a job is in the queue; the same id is there once at most. */
  async stateOf(job_id: string): Promise<QueuedState> {
    const job = await this.#asked(this.#boss.getJobById(TRAININGS, job_id));
    if (!job) return "missing";
    return ["created", "retry", "active"].includes(job.state) ? "open" : "over";
  }

  /** Puts a job in, to be given to a worker; where it is there, does nothing. */
  async send({ job_id, symbol }: { job_id: string; symbol: string }): Promise<void> {
    await this.#asked(this.#boss.send(TRAININGS, { job_id }, { id: job_id, singletonKey: symbol }));
  }

  /** Forgets a job, so that it can be put in anew. */
  async forget(job_id: string): Promise<void> {
    await this.#asked(this.#boss.deleteJob(TRAININGS, job_id));
  }

  /**
   * Calls `train` for one job after the other, as many at once as `concurrency`. Where it rejects, the job is given to a
   * worker again, in a while. The signal is aborted where the queue has given the job away.
   */
  async work(
    concurrency: number,
    train: (job_id: string, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const options = {
      localConcurrency: concurrency,
      pollingIntervalSeconds: LIMITS.training_look_ms / 1_000,
    };
    await this.#asked(
      this.#boss.work(TRAININGS, options, async ([job]: Job<{ job_id: string }>[]) => {
        if (job) await train(job.data.job_id, job.signal);
      }),
    );
  }

  /** From now on `due` is called for each symbol at the schedule's times, by one worker of all there are. */
  async schedule(
    cron: string | undefined,
    symbols: readonly string[],
    due: (symbol: string) => Promise<void>,
  ): Promise<void> {
    for (const symbol of symbols) {
      await this.#asked(
        cron === undefined
          ? this.#boss.unschedule(SCHEDULES, symbol)
          : this.#boss.schedule(SCHEDULES, cron, { symbol }, { tz: "UTC", key: symbol }),
      );
    }
    await this.#asked(
      this.#boss.work(SCHEDULES, async ([job]: Job<{ symbol: string }>[]) => {
        if (job) await due(job.data.symbol);
      }),
    );
  }

  /** Fetches nothing more; what `train` has under way is for the caller to end. May be called twice. */
  async close(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: LIMITS.worker_close_ms / 2 });
  }

  async #create(heartbeat_s: number): Promise<void> {
    const options = {
      // The worker ends a training in time; this is for one that does not.
      ...{ expireInSeconds: 86_400 - 1, heartbeatSeconds: heartbeat_s },
      ...{ retryLimit: 1_000, retryDelay: 2, deleteAfterSeconds: 3_600 },
    };
    const there = await this.#asked(this.#boss.getQueue(TRAININGS));
    if (there) await this.#asked(this.#boss.updateQueue(TRAININGS, options));
    else await this.#asked(this.#boss.createQueue(TRAININGS, { ...options, policy: "singleton" }));
    await this.#asked(this.#boss.createQueue(SCHEDULES, { retryLimit: 3 }));
  }

  #asked<T>(answer: Promise<T>): Promise<T> {
    return started(answer, this.#options.clock);
  }
}

/** Lays the queue out, as the role that owns it. */
export async function installQueue(options: Omit<QueueOptions, "migrate">): Promise<void> {
  await (await TrainingQueue.open({ ...options, migrate: true })).close();
}

const started = <T>(answer: Promise<T>, clock: Clock): Promise<T> =>
  withDeadline(answer, {
    ...{ clock, limit: "answer_ms_max", what: "the queue's answer", code: "STORE_UNREACHABLE" },
  });
