/** Each check of a run, shown what it is there for: it says so, and only it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fail } from "../../../src/base/errors.ts";
import { arm, type Fault } from "../faults.ts";
import { kindOf } from "../shrink.ts";
import type { StoredRow } from "../store/tables.ts";
import { type Shown, World } from "../world.ts";
import { checkNow } from "./live.ts";
import { checkFeatures, checkIds, checkLabels } from "./record.ts";
import { checkInTime, checkKept, checkStored } from "./shown.ts";
import { checkWell } from "./well.ts";

const NO_FAULTS: readonly Fault[] = [];

describe("the checks of a simulated run", () => {
  let world: World;
  let data_dir: string;

  beforeEach(async () => {
    data_dir = mkdtempSync(join(tmpdir(), "foretick-simulation-"));
    world = new World(5, data_dir);
    await world.open();
  });

  afterEach(async () => {
    await world.close();
    rmSync(data_dir, { recursive: true, force: true });
  });

  const all = (schedule = NO_FAULTS): void => {
    checkNow(world, schedule);
    checkInTime(world, schedule);
    checkStored(world, new Set());
    checkIds(world, schedule);
    checkFeatures(world, schedule);
    checkLabels(world, schedule);
    checkWell(world);
  };
  const found = (): string[] => [...new Set(world.problems.map(kindOf))];
  const row = (table: Parameters<World["store"]["tables"]["rows"]>[0], at: number): StoredRow =>
    world.store.tables.rows(table).at(at) ?? fail("INVARIANT", `expected a row of ${table}`);
  const shownAt = (index: number): Shown =>
    world.shown.at(index) ?? fail("INVARIANT", "expected a forecast to have been shown");

  it("find nothing where nothing is wrong", async () => {
    await world.runTo(22);
    all();
    expect(world.problems).toEqual([]);
  });

  it("find a trade that is missing without a mark, and one that is there twice", async () => {
    await world.runTo(22);
    row("trades", -20).trade_id = row("trades", -19).trade_id!;
    checkIds(world, NO_FAULTS);
    expect(found()).toEqual(["ids"]);
    expect(world.problems).toHaveLength(2);
  });

  it("find one value of a warm vector that is not the referee's", async () => {
    await world.runTo(22);
    const vector = world.store.tables.rows("features_live").find((one) => one.feature_set === "v1")!;
    vector.values = (vector.values as string).replace(/^\{[^,]+/, "{0.125");
    checkFeatures(world, NO_FAULTS);
    expect(found()).toEqual(["features"]);
  });

  it("find an outcome that was not so", async () => {
    await world.runTo(22);
    row("outcomes", 0).realized_log_return = 0.125;
    checkLabels(world, NO_FAULTS);
    expect(found()).toEqual(["labels"]);
  });

  it("find a forecast after its deadline, and one of the future", async () => {
    await world.runTo(12);
    const { prediction, run } = shownAt(-1);
    const ts_us = prediction.ts_sec * 1e6;
    world.shown.push({ prediction, run, at_us: ts_us + 500_000 }, { prediction, run, at_us: ts_us - 1 });
    checkInTime(world, NO_FAULTS);
    expect(found()).toEqual(["deadline"]);
    expect(world.problems).toHaveLength(2);
  });

  it("find a forecast that was shown and is nowhere, when its process dies and at the end", async () => {
    await world.runTo(12);
    const forgotten = { ...shownAt(-5), prediction: { ...shownAt(-5).prediction, horizon_s: 11 } };
    world.shown.push(forgotten);
    checkStored(world, new Set());
    world.kill();
    checkKept(world, NO_FAULTS, new Set());
    expect(found()).toEqual(["kept"]);
    expect(world.problems).toHaveLength(2);
  });

  it("find a part that is ok while it is not, and an old forecast given as current", async () => {
    await world.runTo(12);
    const pretended: Fault = { kind: "store_refusing", at_s: 3, for_s: 20 };
    checkNow(world, [pretended]);
    expect(found()).toEqual(["health"]);
    const newest = shownAt(-1);
    world.shown.push({ ...newest, at_us: newest.at_us - 60e6 });
    checkNow(world, NO_FAULTS);
    expect(found()).toEqual(["health", "latest"]);
  });

  it("find a crossed book and more timers than a service may have", async () => {
    await world.runTo(12);
    const { pipeline, process } = world.running!;
    const { book } = pipeline!.workers.get("BTCUSDT")!.book.sequencer;
    const best = book.best()!;
    book.best = () => ({ ...best, bid_price_e8: best.ask_price_e8 });
    for (let at = 0; at < 100; at++) process.clock.after(1e6, () => {});
    checkNow(world, NO_FAULTS);
    expect(found().sort()).toEqual(["book", "bounds"]);
  });

  it("find a service that is not well, and one that is gone", async () => {
    arm(world, [{ kind: "network_down", at_s: 10, for_s: 60 }]);
    await world.runTo(20);
    checkWell(world);
    expect(found()).toEqual(["well"]);
    world.kill();
    checkWell(world);
    expect(world.problems.at(-1)).toContain("not running");
  });
});
