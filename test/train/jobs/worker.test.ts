/** Trainings by workers, as they happen: real queue, real children, real signals. */

import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import type { Database } from "../../../src/record/database.ts";
import { RegistryRows } from "../../../src/record/registry/rows.ts";
import { TrainingRuns } from "../../../src/record/registry/training_runs.ts";
import { jobLog } from "../../../src/record/training/job_log.ts";
import { cancelTraining, type TrainingJob, trainingJob } from "../../../src/record/training/jobs.ts";
import { requestTraining } from "../../../src/record/training/request.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { TrainingWorker, type WorkerOptions } from "../../../src/train/jobs/worker.ts";
import { met } from "../../met.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { QUIET } from "../../sim/markets.ts";
import { storeTape } from "../data/store_tape.ts";
import { workerConfig, workerEnvironment } from "./worker_config.ts";

const SYMBOL = "BTCUSDT";
const START_US = Date.UTC(2025, 9, 9, 12) * 1_000;
const script = join(import.meta.dirname, "../../../scripts/train_job.ts");

onEveryServer("a worker", (server) => {
  let folder = "";
  let template = "";
  let database: Database;
  const cleanups: (() => unknown)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "foretick-worker-"));
    const tape = join(folder, "simulated.tape");
    const source = simulatedSource({ ...QUIET, seed: 3, start_us: START_US, r2: 0.2, depth: false });
    await writeTape(tape, source, { seconds: 1_200 });
    template = await server.template((empty) => storeTape(empty, tape, SYMBOL));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    database = await server.openDatabase(template);
  });
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
    for (const name of ["data", "models"]) await rm(join(folder, name), { recursive: true, force: true });
  });

  async function startWorker(options: Partial<WorkerOptions> = {}): Promise<TrainingWorker> {
    const config = workerConfig(database.url, folder);
    const environment = Object.entries(workerEnvironment(database.url, folder));
    const worker = await TrainingWorker.start({
      ...{ database, config, clock: systemClock, log: silentLogger, nice: 0, heartbeat_s: 10 },
      command: ({ job_id, attempt }) => [
        ...["env", ...environment.map(([name, value]) => `${name}=${value}`)],
        ...[process.execPath, script, job_id, String(attempt)],
      ],
      ...options,
    });
    cleanups.push(() => worker.close());
    return worker;
  }

  const asked = async (models: string[]): Promise<string> => {
    const request = { symbol: SYMBOL, reason: "person", settings: { models } } as const;
    return (await requestTraining(database.sql, request)).job_id;
  };
  const until = async (job_id: string, holds: (job: TrainingJob) => boolean): Promise<TrainingJob> => {
    let job = await trainingJob(database.sql, job_id);
    await met(
      "the job",
      async () => {
        job = await trainingJob(database.sql, job_id);
        return holds(job);
      },
      100,
    );
    return job;
  };
  const ended = (job: TrainingJob): boolean => job.ended_us !== null;
  const aliases = async (): Promise<string[]> => {
    const models = await new RegistryRows(database.sql).list();
    return models.flatMap((model) => model.aliases.map(({ alias }) => `${alias} ${model.version}`));
  };

  it("trains what was asked for, registers it, keeps what it said, and puts on trial what passed its gates", async () => {
    const environment = Object.entries(workerEnvironment(database.url, folder));
    await startWorker({
      command: ({ job_id, attempt }) => [
        ...["env", ...environment.map(([name, value]) => `${name}=${value}`), "LOG_LEVEL=info"],
        ...[process.execPath, script, job_id, String(attempt)],
      ],
    });
    const job = await until(await asked(["ridge"]), ended);
    expect(job).toMatchObject({ status: "finished", attempt: 1, step: "register" });
    expect(job.data_rows).toBeGreaterThan(500);
    expect(job.versions).toEqual([expect.stringMatching(/^ridge-v1\/\d{8}-\d{6}$/)]);
    const registered = await new RegistryRows(database.sql).show(job.versions[0]!);
    // What stands in its way on a busy machine is the gate on latency; then nothing is on trial.
    const on_trial = registered.servable ? [`challenger ${job.versions[0]}`] : [];
    expect(await aliases()).toEqual(on_trial);
    expect(job.challenger).toBe(registered.servable ? job.versions[0]! : null);
    const [run] = await new TrainingRuns(database.sql).newest();
    expect(run).toMatchObject({ status: "finished", version: job.versions[0] });
    // Its worker writes its last lines once it has ended.
    const said = async () => (await jobLog(database.sql, job.job_id))?.lines ?? [];
    const written = `${job.versions[0]} is written: `;
    await met("the log", async () => (await said()).some(({ text }) => text.startsWith(written)));
    expect(await said()).toContainEqual({
      ...{ at: expect.stringMatching(/^\d{4}-.*Z$/), level: "info" },
      text: expect.stringMatching(/^ridge: R² against no move [\d.-]+ on \d+ test rows$/),
    });
    expect(await readdir(join(folder, "data", "trainings"))).toEqual([]);
  });

  it("killed in the middle of a training, leaves nothing registered, and another trains the job", async () => {
    const killed = Bun.spawn(
      [process.execPath, join(import.meta.dirname, "worker_process.ts"), database.url, folder],
      { env: { ...process.env, ...workerEnvironment(database.url, folder) }, stdout: "ignore" },
    );
    cleanups.push(() => killed.kill("SIGKILL"));
    const job_id = await asked(["mlp-large"]);
    const dying = await until(job_id, ({ losses }) => losses.length > 0);
    expect(dying).toMatchObject({ status: "running", step: "fit", attempt: 1 });
    killed.kill("SIGKILL");
    await killed.exited;
    expect(await new RegistryRows(database.sql).list()).toEqual([]);
    expect(existsSync(join(folder, "models"))).toBe(false);
    expect((await new TrainingRuns(database.sql).newest()).map(({ status }) => status)).toEqual(["running"]);

    // What it learns has no part in this, so the second time is a quick one.
    const settings = JSON.stringify({ models: ["ridge"] });
    await database.sql`update training_jobs set settings = ${settings}::text::jsonb where job_id = ${job_id}`;
    await startWorker();
    const job = await until(job_id, ended);
    expect(job).toMatchObject({ status: "finished", attempt: 2 });
    expect(job.worker).not.toBe(dying.worker);
    expect((await new RegistryRows(database.sql).list()).map(({ version }) => version)).toEqual([
      ...job.versions,
    ]);
    const runs = await new TrainingRuns(database.sql).newest();
    expect(runs.map(({ status, kind }) => `${kind} ${status}`)).toEqual([
      "ridge finished",
      "mlp-large failed",
    ]);
    expect(runs[1]!.problem).toContain("died");
  });

  it("ends what is taken back, and says so; told to stop, gives its job to another", async () => {
    const worker = await startWorker();
    const cancelled = await asked(["mlp-large"]);
    await until(cancelled, ({ step }) => step !== null);
    await cancelTraining(database.sql, cancelled, "anna");
    expect(await until(cancelled, ended)).toMatchObject({ status: "cancelled", cancelled_by: "anna" });
    expect(worker.running).toBe(0);

    const job_id = await asked(["mlp-large"]);
    await until(job_id, ({ status }) => status === "running");
    await worker.close();
    expect(await trainingJob(database.sql, job_id)).toMatchObject({
      ...{ status: "waiting", attempt: 1, problem: expect.stringContaining("stopped") },
    });
    await startWorker();
    expect(await until(job_id, ({ status }) => status === "running")).toMatchObject({ attempt: 2 });
  });

  it("fails a training that has too few rows, in a sentence, and does not try it again", async () => {
    await startWorker({
      command: ({ job_id, attempt }) => [
        ...["env", `DATABASE_URL=${database.url}`, `DATA_DIR=${join(folder, "data")}`, "LOG_LEVEL=silent"],
        ...["MIN_TRAINING_DATA_POINTS=5000", process.execPath, script, job_id, String(attempt)],
      ],
    });
    const job = await until(await asked(["ridge"]), ended);
    expect(job).toMatchObject({ status: "failed", attempt: 1 });
    expect(job.problem).toMatch(/at least 5,000 rows expected, [\d,]+ are usable/);
  });
});
