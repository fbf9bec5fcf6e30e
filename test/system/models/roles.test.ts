/**
 * Several models in the whole service: champion, fallback, challenger, shadows, one on another set and horizon, one
 * damaged, one that does not answer; each with rows, outcomes and metrics of its own, and a champion that dies.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { minute } from "../../../src/features/sets/minute.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { Model } from "../../../src/model/model.ts";
import type { PredictionJson, PredictionsJson } from "../../../src/serve/messages/predictions.ts";
import type { StreamMessage } from "../../../src/serve/messages/stream.ts";
import type { Dependency } from "../../../src/serve/ports.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { networkContents, sampleContents } from "../../model/sample.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

class Service {
  readonly running: Running;

  constructor(running: Running) {
    this.running = running;
  }

  models(...words: string[]): Promise<string[]> {
    const environment = { ...this.running.environment, MODEL_DIR: join(this.running.data_dir, "models") };
    return modelsCommand(words, environment);
  }

  async add(contents: Parameters<typeof writeBundle>[1]): Promise<string> {
    const dir = await writeBundle(join(this.running.data_dir, "models"), contents);
    const version = `${contents.manifest.name}/${contents.manifest.version}`;
    await this.models("register", version);
    return dir;
  }

  async get<T>(path: string): Promise<T & { readonly status: number }> {
    const answer = await fetch(`${this.running.pipeline.url}${path}`);
    return { ...((await answer.json()) as T), status: answer.status };
  }

  latest(query = ""): Promise<PredictionJson & { readonly status: number; readonly detail?: string }> {
    return this.get(`/latest${query}`);
  }

  async health(name: string): Promise<Dependency | undefined> {
    const { dependencies } = await this.get<{ dependencies: Dependency[] }>("/health");
    return dependencies.find((one) => one.name === name);
  }

  /** The predictions `/stream` sends, as they come. */
  async stream(query: string): Promise<PredictionJson[]> {
    const seen: PredictionJson[] = [];
    const socket = new WebSocket(`${this.running.pipeline.url.replace("http", "ws")}/stream${query}`);
    cleanups.push(() => socket.close());
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as StreamMessage;
      if (message.type === "prediction") seen.push(message);
    };
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    return seen;
  }
}

/** The same model, answering otherwise. */
function changed(model: Model, infer: Model["infer"]): Model {
  const { version, feature_set, set_hash, horizon_s, label, sequence_length, counters } = model;
  return {
    ...{ version, feature_set, set_hash, horizon_s, label, sequence_length, counters, infer },
    close: async () => {},
  };
}

it("models with a role are scored beside the champion; what is wrong with one is its own affair; a dead champion is stood in for", async () => {
  const source = simulatedSource({ seed: 11, start_us: START_US, ...QUIET });
  const options = { source, speed: 5, history_s: 700, start_on: "first_subscriber" } as const;
  const running = await startRunning(options, { model_poll_s: 3_600, deadline_ms: 5_000 });
  cleanups.push(() => running.close());
  const service = new Service(running);
  const { worker } = running;

  for (const version of ["a", "b", "c", "d"]) await service.add(sampleContents({ version }));
  await service.add(networkContents(minute, { version: "1", horizon_s: 60 }));
  const torn = await service.add(sampleContents({ version: "torn" }));
  const path = join(torn, "model.onnx");
  const bytes = readFileSync(path);
  bytes[bytes.length - 9]! ^= 1;
  writeFileSync(path, bytes);

  await service.models("promote", "ridge-v1/a");
  await service.models("promote", "ridge-v1/b");
  await service.models("role", "ridge-v1/c", "challenger", "--reason", "trained on more");
  await service.models("role", "net-minute/1", "shadow");
  await service.models("role", "ridge-v1/torn", "shadow");
  expect(await service.models("role", "ridge-v1/d", "shadow")).toEqual(["shadow:3 is now ridge-v1/d"]);
  await met(
    "the roles",
    async () => (await service.health("models beside"))?.facts["shadow:3"] === "ridge-v1/d",
  );
  expect(await service.health("models beside")).toMatchObject({
    state: "degraded",
    reason:
      "the shadow:2 of every symbol, ridge-v1/torn, could not be taken into use (BUNDLE_HASH): the other models are not affected",
    facts: {
      fallback: "ridge-v1/a",
      challenger: "ridge-v1/c",
      "shadow:1": "net-minute/1",
      "shadow:2": "ridge-v1/torn refused",
      "shadow:3": "ridge-v1/d",
    },
  });

  // One shadow does not answer any more.
  const silent = worker.roster.beside.find(({ current }) => current.version.endsWith("/d"))!;
  silent.swap(changed(silent.current, () => new Promise(() => {})));
  const served = await service.stream("");
  const challenger = await service.stream("?role=challenger");
  const far = await service.stream("?model_version=net-minute/1");
  await met("forecasts of all", () => Math.min(served.length, challenger.length, far.length) > 15);
  await met("the silent one is counted", () => {
    const one = worker.predictor.scorers.find(({ slot }) => slot === silent);
    return (one?.counters.unanswered ?? 0) > 2;
  });
  expect(new Set(served.map(({ role, model_version }) => `${role} ${model_version}`))).toEqual(
    new Set(["champion ridge-v1/b"]),
  );
  expect(new Set(challenger.map(({ model_version }) => model_version))).toEqual(new Set(["ridge-v1/c"]));
  expect(far[0]).toMatchObject({ role: "shadow", horizon_s: 60, feature_set: "minute", served: false });
  // Challenger and champion are one network under two names: to the bit.
  const champions = new Map(served.map(({ ts_sec, yhat_log_return }) => [ts_sec, yhat_log_return]));
  const both = challenger.filter(({ ts_sec }) => champions.has(ts_sec));
  expect(both.length).toBeGreaterThan(10);
  for (const { ts_sec, yhat_log_return } of both) expect(yhat_log_return).toBe(champions.get(ts_sec)!);

  expect(await service.latest()).toMatchObject({
    role: "champion",
    model_version: "ridge-v1/b",
    served: true,
  });
  expect(await service.latest("?role=challenger")).toMatchObject({ model_version: "ridge-v1/c" });
  expect(await service.latest("?role=fallback")).toMatchObject({
    model_version: "ridge-v1/a",
    served: false,
  });
  expect(await service.latest("?model_version=net-minute/1")).toMatchObject({
    role: "shadow",
    horizon_s: 60,
  });
  await met("intervals of both", async () => {
    const two = await Promise.all([service.latest(), service.latest("?role=challenger")]);
    return two.every(
      ({ lower_price, upper_price, predicted_price }) =>
        lower_price !== null && lower_price < predicted_price && upper_price! > predicted_price,
    );
  });
  await met("outcomes of the challenger", async () => {
    const { predictions, series } = await service.get<PredictionsJson>("/predictions?role=challenger");
    expect(series === null || series.model_version === "ridge-v1/c").toBe(true);
    return predictions.some(({ realized_log_return }) => realized_log_return !== null);
  });
  // Of two equal networks: their mean is each of them.
  await service.models("ensemble", "mix/1", "ridge-v1/b=1", "ridge-v1/c=1");
  await service.models("role", "mix/1", "shadow");
  const mixed = await service.stream("?model_version=mix/1");
  await met("the ensemble's forecasts", () => mixed.length > 3);
  const known = new Map(served.map(({ ts_sec, yhat_log_return }) => [ts_sec, yhat_log_return]));
  const shared = mixed.filter(({ ts_sec }) => known.has(ts_sec));
  expect(shared.length).toBeGreaterThan(0);
  for (const { ts_sec, yhat_log_return } of shared) expect(yhat_log_return).toBe(known.get(ts_sec)!);
  const metrics = await (await fetch(`${running.pipeline.url}/metrics`)).text();
  expect(metrics).toMatch(
    /^foretick_model_predictions_total\{symbol="BTCUSDT",role="challenger",model_version="ridge-v1\/c"\} [1-9]/m,
  );
  expect(metrics).toMatch(
    /^foretick_model_ticks_skipped_total\{symbol="BTCUSDT",role="shadow",model_version="ridge-v1\/d",code="unanswered"\} [1-9]/m,
  );

  await service.models("role", "ridge-v1/c", "none");
  await met(
    "the challenger gone",
    async () => (await service.health("models beside"))!.facts.challenger === undefined,
  );
  await met("no forecast of it", async () => (await service.latest("?role=challenger")).status === 503);
  expect((await service.latest("?role=challenger")).detail).toContain(
    "no model makes forecasts as challenger now",
  );

  const { champion } = worker.roster;
  champion.swap(changed(champion.current, () => Promise.reject(new TypeError("torn"))));
  await met("the fallback", async () => (await service.latest()).role === "fallback");
  expect(await service.latest()).toMatchObject({ model_version: "ridge-v1/a", served: true });
  await met("the fallback on the stream", () => served.at(-1)?.role === "fallback");
  expect((await service.latest("?role=champion")).detail ?? "").not.toContain("fallback");
  const forecast = await service.health("forecast BTCUSDT");
  expect(forecast).toMatchObject({ state: "degraded" });
  expect(forecast!.reason).toContain("the champion gives no forecast, the fallback ridge-v1/a is served");

  const again = await running.restart();
  cleanups.push(() => again.pipeline.close());
  await met("what forecasts are worth", () => {
    const { calibrations, predictor } = again.worker;
    return predictor.counters.predictions > 0 && calibrations.unrestored.length === 0;
  });
  const stored = await again.pipeline.database.sql<{ role: string; n: number; judged: number }[]>`
    select role, count(*)::int as n, count(inside)::int as judged
    from prediction_outcomes
    group by role
    order by role`;
  expect(stored.map(({ role }) => role)).toEqual(["challenger", "champion", "fallback", "shadow"]);
  for (const { role, judged } of stored) if (role !== "shadow") expect(judged).toBeGreaterThan(0);
});
