/**
 * The whole service acts on what comes true: the market's signal turns at a known second, the champion that learned the old
 * one is taken back, and a new version reaches its clients as a canary across a restart. Every tick has its forecast.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { deployCommand } from "../../../scripts/store/commands/deploy.ts";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { clientShare } from "../../../src/judge/client_share.ts";
import type { BundleContents } from "../../../src/model/bundle/bundle.ts";
import { START_US } from "../../sim/markets.ts";
import { met, startRunning } from "../running.ts";
import { HISTORY_S, LOOK_MS, ridgeOf, rowsOf, Service, turningMarket } from "./steered.ts";

/** Seconds of the market in one of ours. */
const SPEED = 12;
const FLIPS_S = HISTORY_S + 120;

let folder = "";
/** A ridge of the market as it was, and one of the market as it will be. */
let before: BundleContents;
let after: BundleContents;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "foretick-steer-"));
  const tape = join(folder, "market.tape");
  // So long that a ridge can choose how much it dares: what is wrong then is so within minutes.
  await writeTape(tape, turningMarket(31), { seconds: 8_400 });
  const rows = await rowsOf(tape);
  before = await ridgeOf(rows, "before", 1.2);
  after = await ridgeOf(rows, "after", -1.2);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface Deployed {
  readonly status: string;
  readonly steps: readonly { readonly step: string; readonly actor: string }[];
}

it("a champion whose signal flips is taken back by what came true, and a canary reaches its clients across a restart", async () => {
  const flips_us = START_US + FLIPS_S * 1e6;
  const source = turningMarket(32, FLIPS_S);
  const market = { source, speed: SPEED, history_s: HISTORY_S, start_on: "first_subscriber" } as const;
  const running = await startRunning(market, { model_poll_s: 3_600, deadline_ms: 600_000 });
  cleanups.push(() => running.close());
  const service = new Service(running);
  const good = await service.add(after);
  const turned = await service.add(before);
  await modelsCommand(["promote", good], service.environment);
  await modelsCommand(["promote", turned], service.environment);
  await met(
    "the champion",
    async () => service.ticks.length > 0 && (await service.latest()).model_version === turned,
    LOOK_MS,
  );

  await met("the rollback", async () => (await service.latest()).model_version === good, LOOK_MS);
  const [row, ...others] = await running.pipeline.database.sql`select * from rollbacks`;
  expect(others).toEqual([]);
  expect(row).toMatchObject({
    ...{ symbol: "BTCUSDT", place: "*", status: "returned" },
    ...{ version_before: turned, version_after: good },
  });
  // Whatever it did before the turn was right: the excess is of the seconds after it.
  const { alarm, ts_sec } = row!.evidence as { alarm: string; ts_sec: number };
  expect(alarm).toBe(row!.alarm);
  expect(ts_sec).toBeGreaterThan(flips_us / 1e6);
  expect(await service.health("rollback")).toMatchObject({ facts: { auto_rollback: "on", rollbacks: 1 } });
  expect(service.uneven()).toEqual([]);

  const next = await service.add({ ...after, manifest: { ...after.manifest, version: "2" } });
  await deployCommand([next, "--hold", "60s", "--by", "anna"], service.environment);
  await met(
    "clients of the canary",
    async () => String((await service.health("deployments"))?.facts["*"]).includes("serve"),
    LOOK_MS,
  );
  const [begun] = await running.pipeline.database.sql<{ deployment_id: string }[]>`
    select deployment_id
    from deployments`;
  const share = (client: string): number => clientShare(client, `deployment ${begun!.deployment_id}`);
  const clients = Array.from({ length: 200 }, (_, number) => `client-${number}`);
  const first = clients.find((client) => share(client) < 0.1)!;
  const last = clients.find((client) => share(client) > 0.9)!;
  expect((await service.latest(`?client=${first}`)).model_version).toBe(next);
  expect((await service.latest("", { "X-Client-Id": first })).model_version).toBe(next);
  expect((await service.latest(`?client=${last}`)).model_version).toBe(good);
  expect((await service.latest()).model_version).toBe(good);
  expect((await service.latest(`?role=champion&client=${first}`)).model_version).toBe(good);
  expect(service.uneven()).toEqual([]);

  const again = await running.restart();
  cleanups.push(() => again.pipeline.close());
  const restarted_at = service.ticks.length;
  service.follow(again);
  const { sql } = again.pipeline.database;
  const deployed = async () => (await sql<Deployed[]>`select status, steps from deployments`)[0]!;
  await met(
    "the canary as the champion",
    async () => {
      const { status, steps } = await deployed();
      return status !== "running" || steps.length > 5;
    },
    LOOK_MS,
  );
  const deployment = await deployed();
  expect(deployment.steps.filter(({ step }) => step === "return")).toEqual([]);
  await met("its forecast", async () => (await service.latest()).model_version === next, LOOK_MS);
  expect(deployment.steps.map(({ step }) => step).slice(0, 5)).toEqual([
    "load",
    "serve",
    "serve",
    "serve",
    "promote",
  ]);
  expect(deployment.steps.map(({ actor }) => actor).slice(0, 2)).toEqual(["anna", "deployment"]);
  expect((await service.latest(`?client=${last}`)).model_version).toBe(next);
  expect(service.uneven(restarted_at)).toEqual([]);
});
