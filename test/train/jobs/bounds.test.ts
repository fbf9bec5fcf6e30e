/** What bounds trainings, however many workers ask: how many at once, how long, how often begun; and the schedule that asks for them. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PgBoss } from "pg-boss";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { Database } from "../../../src/record/database.ts";
import { installFeatureFunctions } from "../../../src/record/sql/install/feature_functions.ts";
import { beginJob, endJob } from "../../../src/record/training/job_changes.ts";
import { trainingJob, trainingJobs } from "../../../src/record/training/jobs.ts";
import { requestTraining, type TrainingReason } from "../../../src/record/training/request.ts";
import { TrainingWorker } from "../../../src/train/jobs/worker.ts";
import { met } from "../../met.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { workerEnvironment } from "./worker_config.ts";

const SYMBOL = "BTCUSDT";
const LOOK_MS = 100;

onEveryServer("trainings", (server) => {
  let folder = "";
  let template = "";
  let database: Database;
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "foretick-bounds-"));
    template = await server.template(async ({ sql }) => {
      await installFeatureFunctions(sql, FEATURE_SETS, silentLogger);
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    database = await server.openDatabase(template);
  });
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  const ask = async (symbol: string, reason: TrainingReason = "person"): Promise<string> =>
    (await requestTraining(database.sql, { symbol, reason })).job_id;

  async function startWorker(changes: Record<string, string>, clock: Clock = systemClock): Promise<void> {
    const config = readConfig({ ...workerEnvironment(database.url, folder), ...changes });
    const worker = await TrainingWorker.start({
      ...{ database, config, clock, log: silentLogger, nice: 0, heartbeat_s: 10 },
      // A training that would never end by itself.
      command: () => ["sleep", "3600"],
    });
    cleanups.push(() => worker.close());
  }

  it("run as many at once as are allowed and one of a symbol, also where workers begin them at the same moment", async () => {
    const { sql } = database;
    const jobs = await Promise.all(["AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT"].map((symbol) => ask(symbol)));
    const begin = (job_id: string) => beginJob(sql, job_id, { worker: "w", running_max: 2 });
    const begun = await Promise.all(jobs.map(begin));
    expect(begun.map((one) => (one.is_begun ? "begun" : one.why)).sort()).toEqual([
      ...["begun", "begun", "busy", "busy"],
    ]);
    const running = begun.findIndex(({ is_begun }) => is_begun);
    const waiting = begun.findIndex(({ is_begun }) => !is_begun);
    await endJob(sql, { job_id: jobs[running]!, attempt: 1 }, { status: "finished" });
    const next = await begin(jobs[waiting]!);
    expect(next).toMatchObject({ is_begun: true, job: { status: "running", attempt: 1 } });

    const { symbol } = await trainingJob(sql, jobs[waiting]!);
    const same = await ask(symbol, "drift");
    expect(await beginJob(sql, same, { worker: "w", running_max: 9 })).toEqual({
      ...{ is_begun: false, why: "busy" },
    });
    expect(await begin(jobs[running]!)).toEqual({ is_begun: false, why: "ended" });
  });

  it("are begun so often and no more, where each of their workers dies", async () => {
    const { sql } = database;
    const job_id = await ask(SYMBOL);
    const begin = () => beginJob(sql, job_id, { worker: "w", running_max: 3 });
    for (let attempt = 1; attempt <= LIMITS.training_attempts_max; attempt++) {
      expect(await begin()).toMatchObject({ is_begun: true, job: { attempt } });
    }
    expect(await begin()).toEqual({ is_begun: false, why: "exhausted" });
    await startWorker({});
    await met("its end", async () => (await trainingJob(sql, job_id)).ended_us !== null, LOOK_MS);
    expect(await trainingJob(sql, job_id)).toMatchObject({
      ...{ status: "failed", attempt: LIMITS.training_attempts_max },
      problem: expect.stringContaining(`begun ${LIMITS.training_attempts_max} times, never ended`),
    });
  });

  it("that take longer than TRAINING_JOB_TIMEOUT_HOURS are ended, have failed, and are told of", async () => {
    const { sql } = database;
    const hours: number[] = [];
    // Hours pass at once.
    const clock: Clock = {
      ...{ now: () => systemClock.now(), monotonicUs: () => systemClock.monotonicUs() },
      after: (ms, run) => {
        if (ms < 3_600_000) return systemClock.after(ms, run);
        hours.push(ms / 3_600_000);
        return systemClock.after(0, run);
      },
    };
    await startWorker({ TRAINING_JOB_TIMEOUT_HOURS: "5" }, clock);
    const job_id = await ask(SYMBOL);
    await met("its end", async () => (await trainingJob(sql, job_id)).ended_us !== null, LOOK_MS);
    expect(hours).toContain(5);
    expect(await trainingJob(sql, job_id)).toMatchObject({
      ...{ status: "failed", attempt: 1 },
      problem: expect.stringContaining("expected to end within 5 h, did not"),
    });
    expect(await sql`select kind, symbol, is_over from alert_events`).toMatchObject([
      { kind: "training_failed", symbol: SYMBOL, is_over: false },
    ]);
  });

  it("are asked for by TRAINING_SCHEDULE in UTC, for each symbol; off takes it away", async () => {
    const { sql } = database;
    const scheduled = async (): Promise<string[]> => {
      const rows = await sql<{ key: string; cron: string; timezone: string }[]>`
        select key, cron, timezone
        from foretick_queue.schedule
        order by key`;
      return rows.map(({ key, cron, timezone }) => `${key} ${cron} ${timezone}`);
    };
    const SYMBOLS = "BTCUSDT,ETHUSDT";
    await startWorker({ SYMBOLS, TRAINING_SCHEDULE: "30 1 * * 0" });
    expect(await scheduled()).toEqual(["BTCUSDT 30 1 * * 0 UTC", "ETHUSDT 30 1 * * 0 UTC"]);
    // What the queue does when the time has come.
    const boss = new PgBoss({
      ...{ connectionString: database.url, schema: "foretick_queue", migrate: false },
      ...{ supervise: false, schedule: false },
    });
    await boss.start();
    cleanups.push(() => boss.stop({ graceful: false }));
    await boss.send("training_schedules", { symbol: "ETHUSDT" });
    await met("the training", async () => (await trainingJobs(sql)).length > 0, LOOK_MS);
    expect(await trainingJobs(sql)).toMatchObject([
      { symbol: "ETHUSDT", reason: "schedule", requested_by: "schedule" },
    ]);
    await startWorker({ SYMBOLS, TRAINING_SCHEDULE: "off" });
    expect(await scheduled()).toEqual([]);
  });
});
