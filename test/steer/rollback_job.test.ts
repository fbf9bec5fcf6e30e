/** A champion taken back for what came true: on a stored history, with the real registry. */

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
import { DeploymentRows, type StepName } from "../../src/record/steer/deployment_rows.ts";
import { RollbackRows } from "../../src/record/steer/rollback_rows.ts";
import { trainingJobs } from "../../src/record/training/jobs.ts";
import { requestTraining } from "../../src/record/training/request.ts";
import { alertOf } from "../../src/steer/alerts/steer_alert.ts";
import { stepOf } from "../../src/steer/deploy/steps.ts";
import type { RollbackEvent } from "../../src/steer/events.ts";
import { RollbackJob, type RollbackJobOptions } from "../../src/steer/rollback/rollback_job.ts";
import { freshFolder, removeFolders, sampleContents } from "../model/sample.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { type StoredTicks, storeTicks } from "./judged_rows.ts";

const ANNA = { actor: "anna" };
const NOON = 1_795_608_000; // 2026-11-25 12:00 UTC
const [A, B] = ["ridge-v1/a", "ridge-v1/b"] as const;

afterAll(removeFolders);

onEveryServer("rollback on realised error", (server) => {
  let database: Database;
  let registry: Registry;
  let clock: ManualClock;
  let events: RollbackEvent[];
  let stood_down: string[];

  beforeEach(async () => {
    database = await server.openDatabase();
    const model_dir = await freshFolder();
    registry = new Registry({ sql: database.sql, model_dir, sets: FEATURE_SETS, store: undefined });
    for (const version of ["a", "b"]) {
      const dir = await writeBundle(model_dir, sampleContents({ version }));
      await registry.register(ANNA, { dir });
    }
    clock = new ManualClock(NOON * 1e6);
    events = [];
    stood_down = [];
  });

  const job = (changes: Partial<RollbackJobOptions> = {}): RollbackJob =>
    new RollbackJob({
      ...{ symbols: ["BTCUSDT"], leads: () => true, allowed: true, registry, clock, log: silentLogger },
      ticks: new JudgedTicks(database.sql),
      roles: new RoleRows(database.sql),
      rows: new RollbackRows(database.sql),
      standDown: (_, version) => stood_down.push(version),
      onEvent: (event) => events.push(event),
      requestTraining: (request) => requestTraining(database.sql, request),
      ...changes,
    });
  const champion = async (): Promise<string | undefined> =>
    (await new RoleRows(database.sql).champions(["BTCUSDT"])).get("BTCUSDT")?.version;
  const rollbacks = () => new RollbackRows(database.sql).newest("BTCUSDT", 10);
  const promote = (version: string, symbol = "*") => registry.promote(ANNA, { version, symbol });

  /** b with the wrong sign beside a, which is right. */
  const flipped = (seconds: number, from_sec = NOON): StoredTicks => ({
    ...{ from_sec, seconds },
    forecasts: [
      { version: B, role: "champion", yhat: ({ mean }) => -mean },
      { version: A, role: "fallback", yhat: ({ mean }) => mean },
    ],
  });

  it("returns to the last good version: one row, one event, the actor and the evidence in the registry; a restart does nothing more", async () => {
    await promote(A);
    await promote(B);
    await storeTicks(database.sql, flipped(30));
    const first = job();
    await first.run();
    expect(await champion()).toBe(B);
    await storeTicks(database.sql, flipped(1_170, NOON + 30));
    await first.run();
    expect(first.stats.last_error).toBeUndefined();
    expect(await champion()).toBe(A);
    const [row, ...others] = await rollbacks();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      ...{ symbol: "BTCUSDT", place: "*", alarm: "broken", status: "returned", problem: null },
      ...{ version_before: B, version_after: A, at_us: clock.now() },
      evidence: { alarm: "broken", against: "zero" },
    });
    const [moved] = await new RegistryRows(database.sql).history({ symbol: "*", alias: "champion" });
    expect(moved).toMatchObject({
      actor: "auto_rollback",
      action: "rollback",
      version: A,
      version_before: B,
    });
    expect(JSON.parse(moved!.reason)).toEqual(row!.evidence);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      kind: "rollback",
      status: "returned",
      version_before: B,
      version_after: A,
    });
    expect(events[0]!.text).toContain("ridge-v1/b of BTCUSDT was taken back");
    // One row, one alert: the cause, the figures, and what serves now.
    expect(events.map(alertOf)).toMatchObject([
      {
        ...{ kind: "rollback", symbol: "BTCUSDT", summary: events[0]!.text },
        evidence: {
          ...{ alarm: "broken", status: "returned", version_before: B, version_after: A },
          excess_error: row!.evidence.excess_error,
        },
      },
    ]);
    // What serves now is the last good one: another is asked for, at once.
    expect(await trainingJobs(database.sql)).toMatchObject([
      { symbol: "BTCUSDT", reason: "realised_error", evidence: { alarm: "broken", model_version: B } },
    ]);

    await first.run();
    await job().run();
    expect(await rollbacks()).toHaveLength(1);
    expect(events).toHaveLength(1);
  });

  it("says so and does nothing where it is off, and goes back after a restart with it on", async () => {
    await promote(A);
    await promote(B);
    await storeTicks(database.sql, flipped(1_200));
    const off = job({ allowed: false });
    await off.run();
    await off.run();
    expect(await champion()).toBe(B);
    expect(await rollbacks()).toEqual([]);
    expect(events.map(({ status }) => status)).toEqual(["not_allowed"]);
    expect(off.stats.champions[0]).toMatchObject({ symbol: "BTCUSDT", version: B, waits: "not_allowed" });
    // The alarms of the day are read again from what is stored.
    await job().run();
    expect(await champion()).toBe(A);
  });

  it("goes back once an hour at most", async () => {
    await promote(A);
    await promote(B);
    await storeTicks(database.sql, flipped(1_200));
    await job().run();
    expect(await champion()).toBe(A);
    // A person insists.
    await promote(B);
    await storeTicks(database.sql, {
      ...{ from_sec: NOON + 1_200, seconds: 60 },
      forecasts: [{ version: A, role: "champion", yhat: ({ mean }) => mean }],
    });
    await storeTicks(database.sql, flipped(1_500, NOON + 1_260));
    clock.advance(1_800_000);
    const again = job();
    await again.run();
    expect(await champion()).toBe(B);
    expect(again.stats.champions[0]).toMatchObject({ waits: "within_an_hour" });
    clock.advance(1_800_000);
    await again.run();
    expect(await champion()).toBe(A);
    expect((await rollbacks()).map(({ version_after }) => version_after)).toEqual([A, A]);
  });

  it("counts the return of a deployment that had taken over, not one that had not: never twice within an hour", async () => {
    await promote(A);
    await promote(B);
    await storeTicks(database.sql, flipped(1_200));
    const deployments = new DeploymentRows(database.sql);
    const returned = async (...steps: StepName[]): Promise<void> => {
      const step = (name: StepName) =>
        stepOf(
          { step: name, symbol: "*", share: 0 },
          { at_us: clock.now(), actor: "deployment", from_sec: null },
        );
      let at = await deployments.start(
        {
          ...{ version: modelVersion(A), symbol: "*", symbols: ["BTCUSDT"], strategy: "blue_green" },
          ...{ hold_s: 60, canary_share: 0.1, forced: false, version_before: modelVersion(B) },
          ...{ requested_by: "anna", reason: "", requested_us: clock.now() },
        },
        step("load"),
      );
      for (const name of steps) at = (await deployments.add(at, step(name)))!;
      await deployments.add(at, step("returned"), "returned");
    };
    await returned("shadow", "promote", "hold", "return");
    const watching = job();
    await watching.run();
    expect(await champion()).toBe(B);
    expect(watching.stats.champions[0]).toMatchObject({ waits: "within_an_hour" });
    clock.advance(3_600_000);
    await returned("shadow", "return");
    await watching.run();
    expect(await champion()).toBe(A);
    expect(await rollbacks()).toHaveLength(1);
  });

  it("serves the forecast of no move where there is nothing to go back to, and says it once, also after a restart", async () => {
    await promote(B);
    await storeTicks(database.sql, {
      ...{ from_sec: NOON, seconds: 1_200 },
      forecasts: [{ version: B, role: "champion", yhat: ({ mean }) => -mean }],
    });
    const first = job();
    await first.run();
    await first.run();
    expect(await champion()).toBe(B);
    expect((await rollbacks()).map(({ status }) => status)).toEqual(["no_fallback"]);
    expect(events.map(({ status, version_after }) => [status, version_after])).toEqual([
      ["no_fallback", null],
    ]);
    expect(stood_down).toEqual([B]);
    expect(first.stats.champions[0]!.stuck).toContain("the forecast of no move is served");
    clock.advance(4_000_000);
    await job().run();
    expect(stood_down).toEqual([B, B]);
    expect(await rollbacks()).toHaveLength(1);
  });

  it("falls back to the champion of every symbol where a symbol's first own one is broken", async () => {
    await promote(A);
    await promote(B, "BTCUSDT");
    await storeTicks(database.sql, flipped(1_200));
    await job().run();
    expect((await new RoleRows(database.sql).champions(["BTCUSDT"])).get("BTCUSDT")).toMatchObject({
      ...{ version: A, place: { symbol: "BTCUSDT", alias: "champion" } },
    });
    expect(await rollbacks()).toMatchObject([{ place: "BTCUSDT", status: "returned", version_after: A }]);
  });

  it("ends what a process before it began, and leaves symbols alone that another service leads", async () => {
    await promote(A);
    await promote(B);
    await storeTicks(database.sql, flipped(1_200));
    await job({ leads: () => false }).run();
    expect(await champion()).toBe(B);
    const start = { at_us: clock.now(), symbol: "BTCUSDT", place: "*", alarm: "broken" } as const;
    const rows = new RollbackRows(database.sql);
    await rows.begin({ ...start, version_before: modelVersion(B), evidence: { alarm: "broken" } });
    await job().run();
    expect(await champion()).toBe(A);
    expect(await rollbacks()).toMatchObject([{ status: "returned", version_before: B, version_after: A }]);
  });

  it("does not take back what a person promoted a moment ago", async () => {
    await promote(A);
    await promote(B);
    const refused = await registry.rollback({ actor: "auto_rollback" }, { from: modelVersion(A) }).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(refused).toContain("expected ridge-v1/a, was ridge-v1/b: it has moved");
    expect(await champion()).toBe(B);
  });
});
