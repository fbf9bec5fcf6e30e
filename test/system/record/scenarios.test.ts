/**
 * A bad day, a deploy during an outage and an exchange that renumbers, one after the other in one service: a process of
 * its own, at an exchange whose faults come over its control port. `bun bench/reliability.ts` runs each at leisure.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { badDay, deployDuringOutage, renumbers } from "../../../bench/reliability/scenarios.ts";
import { settled } from "../../../bench/reliability/settled.ts";
import { World } from "../../../bench/reliability/world.ts";
import { ownDatabase } from "../../record/server/prepared.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A second or less between the steps, where a bench takes its time. */
const PACE = 0.1;
/** Nothing here needs outcomes to be in: they are judged where they are. */
const SETTLE_MS = 2_000;

it("a bad day, a deploy during an outage and a new numbering lose nothing, double nothing and tell nothing false", async () => {
  const database = await ownDatabase();
  cleanups.push(() => database.close());
  // Without a model: the zero forecast is as warm as any.
  const model_dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
  cleanups.push(() => rmSync(model_dir, { recursive: true, force: true }));
  const world = new World({ database_url: database.url, model_dir, seed: 41 });
  cleanups.push(() => world.close());
  await world.open();
  await world.start();
  const courses = [
    await badDay(world, PACE),
    await deployDuringOutage(world, PACE),
    await renumbers(world, PACE, false),
  ];
  expect(courses[1]!.sees).toContain("exit 0");
  const account = await settled(world, database.url, courses, SETTLE_MS);
  expect(account).toEqual({ lost: 0, forgotten: 0, doubled: 0, false_claims: {} });
  expect(world.truth.trades.size).toBeGreaterThan(100);
});
