/** Deployments on a stored history, with the real registry: step by step, across restarts and between two services. */

import { afterAll, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { modelVersion } from "../../src/base/units.ts";
import { FEATURE_SETS } from "../../src/features/sets/all.ts";
import { writeBundle } from "../../src/model/bundle/bundle.ts";
import type { Database } from "../../src/record/database.ts";
import { JudgedTicks } from "../../src/record/outcomes/judged_ticks.ts";
import { Registry } from "../../src/record/registry/registry.ts";
import { RoleRows } from "../../src/record/registry/role_rows.ts";
import { RegistryRows } from "../../src/record/registry/rows.ts";
import { type Deployment, DeploymentRows } from "../../src/record/steer/deployment_rows.ts";
import { CarryOut } from "../../src/steer/deploy/carry_out.ts";
import { DeployJob, type DeployJobOptions } from "../../src/steer/deploy/deploy_job.ts";
import { type StartInput, startDeployment, stopDeployment } from "../../src/steer/deploy/start.ts";
import type { DeploymentEvent } from "../../src/steer/events.ts";
import { rejection } from "../base/rejection.ts";
import { freshFolder, removeFolders, sampleContents } from "../model/sample.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { type StoredForecast, storeTicks } from "./judged_rows.ts";

const ANNA = { actor: "anna" };
const NOON = 1_795_608_000; // 2026-11-25 12:00 UTC
const HOLD_S = 60;
const [A, B] = [modelVersion("ridge-v1/a"), modelVersion("ridge-v1/b")];

afterAll(removeFolders);

onEveryServer("a deployment", (server) => {
  let database: Database;
  let registry: Registry;
  let roles: RoleRows;
  let rows: DeploymentRows;
  let clock: ManualClock;
  let events: DeploymentEvent[];
  let now_sec: number;

  beforeEach(async () => {
    database = await server.openDatabase();
    const model_dir = await freshFolder();
    const { sql } = database;
    registry = new Registry({ sql, model_dir, sets: FEATURE_SETS, store: undefined });
    [roles, rows] = [new RoleRows(sql), new DeploymentRows(sql)];
    for (const [version, servable] of [
      ["a", true],
      ["b", true],
      ["bad", false],
    ] as const) {
      await registry.register(ANNA, {
        dir: await writeBundle(model_dir, sampleContents({ version, servable })),
      });
    }
    await registry.promote(ANNA, { version: A });
    clock = new ManualClock(NOON * 1e6);
    events = [];
    now_sec = NOON;
    await pass(30, {});
  });

  const job = (changes: Partial<DeployJobOptions> = {}): DeployJob =>
    new DeployJob({
      ...{ leads: () => true, ticks: new JudgedTicks(database.sql), roles, registry, rows, clock },
      ...{ refusedOf: () => undefined, p99_ms_max: 50, log: silentLogger },
      onEvent: (event) => events.push(event),
      ...changes,
    });

  const start = (changes: Partial<StartInput> = {}): Promise<Deployment> =>
    startDeployment(
      { rows, roles, models: new RegistryRows(database.sql), ticks: new JudgedTicks(database.sql), clock },
      {
        ...{ version: B, symbol: "*", symbols: ["BTCUSDT"], strategy: "canary", hold_s: HOLD_S },
        ...{ canary_share: 0.1, actor: "anna", reason: "trained on more", force: false },
        ...changes,
      },
    );

  /** So many seconds of forecasts of those that have a role now, with their outcomes. */
  async function pass(
    seconds: number,
    {
      symbol = "BTCUSDT",
      yhat = ({ mean }) => mean,
      latency_ms = 3,
    }: { symbol?: string } & Partial<StoredForecast>,
  ): Promise<void> {
    const champion = (await roles.champions([symbol])).get(symbol)!;
    const beside = (await roles.beside([symbol])).get(symbol)!;
    const forecasts = [champion, ...beside].map(({ version, place }) => ({
      ...{ version, role: place.alias.split(":")[0]!, latency_ms },
      yhat: version === B ? yhat : ({ mean }: { mean: number }) => mean,
    }));
    await storeTicks(database.sql, { symbol, from_sec: now_sec, seconds, forecasts });
    now_sec += seconds;
    clock.advance(seconds * 1_000);
  }

  const champion = async (symbol = "BTCUSDT"): Promise<string | undefined> =>
    (await roles.champions([symbol])).get(symbol)?.version;
  const stepsOf = ({ steps }: Deployment): string[] => steps.map(({ step, share }) => `${step} ${share}`);
  const newest = async (): Promise<Deployment> => (await rows.newest(1))[0]!;

  it("by canary goes from share to share with its evidence, across restarts, and ends as the champion", async () => {
    await start();
    let at = job();
    await at.run();
    expect((await roles.beside(["BTCUSDT"])).get("BTCUSDT")).toMatchObject([
      { version: B, place: { alias: "challenger" } },
    ]);
    expect(at.splitOf("BTCUSDT")).toBeUndefined();
    const shares: (number | undefined)[] = [];
    for (let round = 0; round < 6; round++) {
      await pass(HOLD_S + 5, {});
      // Half of the way by one process, half by the next: the row says where it was.
      if (round === 2) at = job();
      await at.run();
      shares.push(at.splitOf("BTCUSDT")?.share);
    }
    expect(shares.slice(0, 3)).toEqual([0.1, 0.25, 0.5]);
    const ended = await newest();
    expect(stepsOf(ended)).toEqual([
      "load 0",
      "serve 0.1",
      "serve 0.25",
      "serve 0.5",
      "promote 1",
      "hold 1",
      "done 1",
    ]);
    expect(ended).toMatchObject({ status: "done", share: 1, version_before: A, requested_by: "anna" });
    expect(ended.steps.map(({ actor }) => actor)).toEqual(["anna", ...Array(6).fill("deployment")]);
    for (const { step, evidence } of ended.steps.slice(2)) {
      if (step === "hold") continue;
      const { BTCUSDT } = evidence as { BTCUSDT: { step_ticks: number; missed_share: number } };
      expect(BTCUSDT.step_ticks).toBeGreaterThanOrEqual(HOLD_S / 2);
      expect(BTCUSDT.missed_share).toBe(0);
    }
    expect(await champion()).toBe(B);
    expect((await roles.beside(["BTCUSDT"])).get("BTCUSDT")).toMatchObject([
      { version: A, place: { alias: "fallback" } },
    ]);
    expect(events.map(({ step }) => step.step)).toEqual(ended.steps.slice(1).map(({ step }) => step));
  });

  it("of a version that errs far more is taken back before anyone but its share saw it", async () => {
    await start({ hold_s: 3_600 });
    const at = job();
    await at.run();
    await pass(60, { yhat: ({ mean }) => -mean });
    await at.run();
    await pass(1_140, { yhat: ({ mean }) => -mean });
    await at.run();
    expect(await newest()).toMatchObject({ status: "returned", share: 0 });
    expect(stepsOf(await newest())).toEqual(["load 0", "serve 0.1", "return 0", "returned 0"]);
    expect((await newest()).steps[2]!.evidence).toMatchObject({ reason: "broken", symbol: "BTCUSDT" });
    expect(await champion()).toBe(A);
    expect((await roles.beside(["BTCUSDT"])).get("BTCUSDT")).toEqual([]);
    expect(at.splitOf("BTCUSDT")).toBeUndefined();
  });

  it("that has taken over is taken back by itself while it is held, and ended by the next process where one dies", async () => {
    await start({ strategy: "blue_green", hold_s: 3_600 });
    const at = job();
    await at.run();
    await pass(20, {});
    await at.run();
    await pass(310, {});
    await at.run();
    expect(stepsOf(await newest())).toEqual(["load 0", "shadow 0", "promote 1", "hold 1"]);
    expect(await champion()).toBe(B);
    await pass(1_200, { yhat: ({ mean }) => -mean });
    // Its step back is written, and the process is gone before the registry has moved.
    const torn = { ...registry, rollback: () => Promise.reject(new Error("killed")) };
    await job({ registry: torn as unknown as Registry }).run();
    expect(stepsOf(await newest()).at(-1)).toBe("return 0");
    expect(await champion()).toBe(B);
    await job().run();
    expect(await newest()).toMatchObject({ status: "returned" });
    expect(await champion()).toBe(A);
    const [moved] = await new RegistryRows(database.sql).history({ symbol: "*", alias: "champion" });
    expect(moved).toMatchObject({
      action: "rollback",
      actor: `deployment ${(await newest()).deployment_id}`,
    });
  });

  it("by rolling goes symbol by symbol and stops at the first that is worse", async () => {
    await start({ strategy: "rolling", symbols: ["BTCUSDT", "ETHUSDT", "BNBUSDT"], hold_s: 0 });
    const at = job();
    await at.run();
    for (const seconds of [20, 310, 20]) {
      await pass(seconds, {});
      await at.run();
    }
    expect([await champion("BTCUSDT"), await champion("ETHUSDT")]).toEqual([B, A]);
    await pass(320, { symbol: "ETHUSDT", yhat: () => 1e-7 });
    await at.run();
    const ended = await newest();
    expect(ended.status).toBe("returned");
    expect(ended.steps.at(-1)!.symbol).toBe("ETHUSDT");
    expect(ended.steps.at(-2)!.evidence).toMatchObject({ reason: "collapsed", symbol: "ETHUSDT" });
    expect([await champion("BTCUSDT"), await champion("ETHUSDT"), await champion("BNBUSDT")]).toEqual([
      B,
      A,
      A,
    ]);
  });

  it("is moved by the service that leads its symbol, by no other, and by no two at once", async () => {
    await start();
    await job({ leads: () => false }).run();
    expect((await roles.beside(["BTCUSDT"])).get("BTCUSDT")).toEqual([]);
    const [one, other] = [job(), job()];
    await one.run();
    await pass(HOLD_S + 5, {});
    await Promise.all([one.run(), other.run()]);
    expect(stepsOf(await newest())).toEqual(["load 0", "serve 0.1"]);
  });

  it("is stopped by a person, and ends where somebody else promotes; a version that cannot be loaded comes back", async () => {
    await start();
    const at = job();
    await at.run();
    await pass(HOLD_S, {});
    await at.run();
    const carry_out = new CarryOut({ roles, registry, log: silentLogger });
    await stopDeployment({ rows, carry_out, clock }, { symbol: "*", actor: "ben", reason: "not today" });
    await at.run();
    expect(await newest()).toMatchObject({ status: "stopped", share: 0 });
    expect((await newest()).steps.at(-1)).toMatchObject({ actor: "ben", evidence: { reason: "not today" } });
    expect(at.splitOf("BTCUSDT")).toBeUndefined();
    expect((await roles.beside(["BTCUSDT"])).get("BTCUSDT")).toEqual([]);

    await start();
    await at.run();
    await registry.promote(ANNA, { version: modelVersion("ridge-v1/bad"), force: true, reason: "a drill" });
    await at.run();
    expect(await newest()).toMatchObject({ status: "stopped" });
    expect((await newest()).steps.at(-1)!.evidence).toMatchObject({ reason: "champion_moved" });
    await registry.rollback(ANNA, {});

    await start();
    await job({ refusedOf: () => "BUNDLE_GOLDEN" }).run();
    expect(await newest()).toMatchObject({ status: "returned" });
    expect((await newest()).steps.at(-2)!.evidence).toEqual({ reason: "refused", code: "BUNDLE_GOLDEN" });
  });

  it("is refused in a sentence where it makes no sense", async () => {
    const said = async (changes: Partial<StartInput>): Promise<string> =>
      ((await rejection(start(changes))) as Error).message;
    expect(await said({ version: modelVersion("ridge-v1/none") })).toContain("expected a registered model");
    expect(await said({ version: modelVersion("ridge-v1/bad") })).toContain(
      "is not servable: it failed a gate",
    );
    expect(await said({ version: A })).toBe("ridge-v1/a is the champion already");
    expect(await said({ force: true, reason: "" })).toContain("--force expected a reason");
    await start();
    expect(await said({})).toContain("another deployment of * is under way");
    await registry.promote(ANNA, { version: A, symbol: "BTCUSDT" });
    expect(await said({})).toContain("BTCUSDT has a champion of its own: deploy with --symbol BTCUSDT");
  });
});
