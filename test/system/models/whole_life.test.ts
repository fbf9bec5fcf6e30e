/**
 * The life of a model without a hand: the champion's signal dies, an alarm on what came true takes it back to the last good
 * one, a training is asked for and done by a worker process, what it trains is the challenger, a canary reaches all
 * clients, and it is the champion. Every step is a row with its evidence; every second has its forecast, and `/latest`
 * answers at each of them.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import type { BundleContents } from "../../../src/model/bundle/bundle.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { START_US } from "../../sim/markets.ts";
import { storeTape } from "../../train/data/store_tape.ts";
import { workerEnvironment } from "../../train/jobs/worker_config.ts";
import { met, startRunning } from "../running.ts";
import { LOOK_MS, ridgeOf, rowsOf, Service, turningMarket } from "./steered.ts";

/** Seconds of the market in one of ours. */
const SPEED = 10;
/** Stored before the service begins: two hours and a half, so that a ridge can choose by them how much it dares. */
const STORED_S = 9_100;
/** The market turns a while before that, and turns back half a minute after. */
const FLIPS_S = STORED_S - 100;
const FLIPS_BACK_S = STORED_S + 30;
const HOLD_S = 60;
/** As `bun run worker`, but its children wait for nobody. */
const WORKER = join(import.meta.dirname, "../../train/jobs/worker_process.ts");
const source = turningMarket(32, FLIPS_S, FLIPS_BACK_S);

let folder = "";
let tape = "";
/** Learned the market while it was turned, and dares too much. */
let dying: BundleContents;
let good: BundleContents;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "foretick-life-"));
  tape = join(folder, "stored.tape");
  await writeTape(tape, source, { seconds: STORED_S });
  const rows = await rowsOf(tape);
  dying = await ridgeOf(rows, "dying", -1.2);
  good = await ridgeOf(rows, "good", 0.3);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

onEveryServer("the life of a model", (server) => {
  it("goes on by itself: dead, taken back, trained again, on trial, canary, champion", async () => {
    const { url } = await server.openDatabase(
      await server.template((empty) => storeTape(empty, tape, source.symbol)),
    );
    const market = { source, speed: SPEED, history_s: STORED_S, start_on: "play" } as const;
    const running = await startRunning(market, {
      ...{ database_url: url, model_poll_s: 3_600, deadline_ms: 600_000, parity_every_s: 0 },
    });
    cleanups.push(() => running.close());
    const service = new Service(running);
    const environment = { ...service.environment, DATABASE_URL: url };
    const worker = Bun.spawn([process.execPath, WORKER, url, running.data_dir], {
      env: {
        ...{ ...process.env, ...workerEnvironment(url, running.data_dir), TRAINING_MODELS: "ridge" },
        ...{ AUTO_DEPLOY: "true", DEPLOYMENT_HOLD_S: String(HOLD_S) },
      },
      ...{ stdout: "ignore", stderr: "inherit" },
    });
    cleanups.push(async () => {
      worker.kill("SIGTERM");
      await worker.exited;
    });
    const last_good = await service.add(good);
    const champion = await service.add(dying);
    await modelsCommand(["promote", last_good], environment);
    await modelsCommand(["promote", champion], environment);
    running.exchange.play();
    await met(
      "the champion",
      async () => service.ticks.length > 0 && (await service.latest()).model_version === champion,
      LOOK_MS,
    );
    const asked_from = service.ticks.length;
    const answers = service.askAtEveryTick();

    // From here on nobody does anything.
    const { sql } = running.pipeline.database;
    const there = (what: string, query: () => Promise<{ count: number }>): Promise<void> =>
      met(what, async () => (await query()).count > 0, 5 * LOOK_MS);
    await there("the rollback", () => sql`select from rollbacks where status <> 'begun'`);
    await there("the end of a training", () => sql`select from training_jobs where ended_at is not null`);
    const [rollback, ...no_more] = await sql`select * from rollbacks`;
    expect(no_more).toEqual([]);
    expect(rollback).toMatchObject({
      ...{ status: "returned", version_before: champion, version_after: last_good },
    });
    expect((rollback!.evidence as { ts_sec: number }).ts_sec).toBeGreaterThan(START_US / 1e6 + FLIPS_BACK_S);
    const [job, ...no_other] = await sql`select * from training_jobs`;
    expect(no_other).toEqual([]);
    const next = job!.challenger as string;
    expect(job).toMatchObject({
      ...{ reason: "realised_error", status: "finished", problem: null },
      evidence: { model_version: champion, alarm: rollback!.alarm },
    });
    expect(job!.versions).toContain(next);
    const [run] = await sql`select status, version from training_runs where job_id = ${job!.job_id}`;
    expect(run).toMatchObject({ status: "finished" });
    await there("the end of a deployment", () => sql`select from deployments where status <> 'running'`);
    const [deployment, ...none_else] = await sql`select * from deployments`;
    expect(none_else).toEqual([]);
    expect(deployment).toMatchObject({
      ...{ version: next, version_before: last_good, strategy: "canary", status: "done", hold_s: HOLD_S },
    });
    const steps = deployment!.steps as { step: string; share: number; actor: string; evidence: object }[];
    expect(steps.map(({ step, share }) => `${step} ${share}`)).toEqual([
      ...["load 0", "serve 0.1", "serve 0.25", "serve 0.5", "promote 1", "hold 1", "done 1"],
    ]);
    expect(steps[0]!.actor).toBe("train");
    for (const { evidence } of steps.slice(1)) {
      expect(evidence).toMatchObject({ BTCUSDT: { ticks: expect.any(Number), missed_share: 0 } });
    }
    const moves = await sql`
      select alias, version, actor
      from model_events
      where action in ('promote', 'rollback') and alias in ('champion', 'challenger')
      order by event_id`;
    expect(moves.map(({ alias, version }) => `${alias} ${version}`)).toEqual([
      ...[`champion ${last_good}`, `champion ${champion}`, `champion ${last_good}`],
      ...[`challenger ${next}`, `champion ${next}`],
    ]);
    await met("its forecast", async () => (await service.latest()).model_version === next, LOOK_MS);

    // Every second of the market, and an answer at each.
    expect(service.uneven()).toEqual([]);
    const { served, wrong } = await answers.end();
    expect(wrong).toEqual([]);
    expect(served).toBe(service.ticks.length - asked_from);
    const versions = await sql`
      select model_version, role, count(*)::int as n, max(us_of(ts)) / 1000000 - min(us_of(ts)) / 1000000 + 1 as seconds
      from predictions
      where served
      group by model_version, role`;
    expect(versions.map(({ model_version }) => model_version)).toEqual(
      expect.arrayContaining([champion, last_good, next]),
    );
  });
});
