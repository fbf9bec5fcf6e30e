/**
 * The running service comes down the ladder of what a forecast is made from, rung after rung, each for a fault of its exchange: the
 * quotes fall silent, REST fails, the network is gone. On the simulated clock, so that every second is the same each time.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { indicators } from "../../src/features/sets/indicators.ts";
import { trades } from "../../src/features/sets/trades.ts";
import { createApp } from "../../src/serve/app.ts";
import type { PredictionJson } from "../../src/serve/messages/predictions.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import type { Modelled } from "./model.ts";
import { World, type WorldOptions } from "./world.ts";

const SMALL: Modelled = { version: "small/1", role: "shadow", set: trades, label: "last" };
const CHART: Modelled = { version: "chart/1", role: "shadow", set: indicators, label: "last" };

/** So many that a silence is called one (after four usual pauses) well before the last values are too old. */
const QUOTES_PER_S = 60;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A service that has been well for twenty seconds. */
async function wellWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "foretick-simulation-"));
  folders.push(folder);
  const world = new World(8, folder, { quotes_per_s: QUOTES_PER_S, config: { fallback: "on" }, ...options });
  await world.open();
  await world.runTo(20);
  expect(served(world)).toEqual(["onnx simulated/1"]);
  return world;
}

/** What the symbol's forecasts were made from since, runs of the same told once. */
function served(world: World, from_s = 5): string[] {
  const told: string[] = [];
  for (const { prediction, at_us } of world.shown) {
    if (!prediction.served || (world.clock.now() - at_us) / 1e6 > world.at_s - from_s) continue;
    const one = `${prediction.source} ${prediction.model_version}`;
    if (told.at(-1) !== one) told.push(one);
  }
  return told;
}

interface Answer {
  readonly status: number;
  readonly body: PredictionJson & { readonly detail?: string };
}

const apps = new WeakMap<World, ReturnType<typeof createApp>>();

/** As a client gets it. */
async function latest(world: World): Promise<Answer> {
  const { ports } = world.running!.pipeline!;
  const app =
    apps.get(world) ??
    createApp({ ports, hub: new StreamHub(ports, world.clock), clock: world.clock, log: silentLogger });
  apps.set(world, app);
  const answer = await app.request("/latest");
  return { status: answer.status, body: (await answer.json()) as Answer["body"] };
}

function forecastHealth(world: World) {
  const { dependencies } = world.running!.pipeline!.ports.health();
  return dependencies.find(({ name }) => name.startsWith("forecast"))!;
}

describe("a running service whose quotes fall silent", () => {
  it("forecasts from the last known values, by another set, of the ticker, by the trend, and not at all, in that order", async () => {
    const world = await wellWorld({ beside: [SMALL, CHART] });
    const { exchange } = world;
    exchange.faults.pause("bestBidAsk");
    await world.runTo(25);
    expect(served(world, 20)).toEqual(["onnx simulated/1", "fallback_last_value simulated/1"]);
    const filled = (await latest(world)).body;
    expect(filled).toMatchObject({ source: "fallback_last_value", role: "champion", warm: false });
    expect(filled.confidence! - 0.5).toBeCloseTo(0.8 * Math.abs(filled.p_up! - 0.5), 12);

    await world.runTo(30);
    expect(served(world, 25)).toEqual(["fallback_last_value simulated/1", "fallback_set small/1"]);
    const other = (await latest(world)).body;
    expect(other).toMatchObject({ source: "fallback_set", role: "shadow", label: "last", warm: true });

    world.running!.models.dismiss("small/1");
    await world.runTo(40);
    // The ticker is asked for where nothing else is left: its answer is there a second later.
    expect(served(world, 30)).toEqual(["fallback_trend trend/1", "fallback_ticker chart/1"]);
    expect((await latest(world)).body).toMatchObject({
      source: "fallback_ticker",
      role: "shadow",
      warm: false,
    });

    exchange.rest_faults.begin("error", { status: 500 });
    await world.runTo(50);
    expect(served(world, 40)).toEqual(["fallback_ticker chart/1", "fallback_trend trend/1"]);
    const trend = (await latest(world)).body;
    expect(trend).toMatchObject({ source: "fallback_trend", role: "fallback", warm: false, label: "last" });
    expect(trend).toMatchObject({ p_up: 0.5, confidence: 0.5 });
    expect(forecastHealth(world)).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("the line through the last prices is served"),
    });

    world.network.goDown();
    await world.runTo(70);
    const none = await latest(world);
    expect(none.status).toBe(503);
    expect(none.body.detail).toContain("the connection was refused");
    expect(served(world, 65)).toEqual([]);

    world.network.comeUp();
    exchange.well();
    await world.runTo(110);
    expect(served(world, 105)).toEqual(["onnx simulated/1"]);
    expect((await latest(world)).body).toMatchObject({ source: "onnx", role: "champion" });
    expect(world.problems).toEqual([]);
    // Nothing that stood in for something was ever given as warm.
    const approximated = world.shown.filter(
      ({ prediction }) => !/^(onnx|fallback_set)$/.test(prediction.source),
    );
    expect(approximated.length).toBeGreaterThan(20);
    expect(approximated.some(({ prediction }) => prediction.warm)).toBe(false);
    await world.close();
  });

  it("has no forecast and says why where the ladder is off", async () => {
    const world = await wellWorld({ config: { fallback: "off" }, beside: [SMALL, CHART] });
    world.exchange.faults.pause("bestBidAsk");
    await world.runTo(30);
    expect(served(world, 25)).toEqual([]);
    const { status, body } = await latest(world);
    expect({ status, detail: body.detail }).toEqual({
      status: 503,
      detail: expect.stringContaining("bestBidAsk"),
    });
    await world.close();
  });
});
