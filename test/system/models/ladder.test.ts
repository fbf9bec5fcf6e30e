/**
 * The whole service comes down its ladder, rung after rung, each for a real fault: sessions that are gone, a model that
 * answers no number, a book that is lost, streams that fall silent. Every forecast says what it was made from, is
 * stored so, and counts in no model's figures where it is approximated.
 */

import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/models_command.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { indicators } from "../../../src/features/sets/indicators.ts";
import { trades } from "../../../src/features/sets/trades.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { type BundleContents, loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import { BundleModel } from "../../../src/model/bundle/model.ts";
import type { ModelSlot } from "../../../src/model/model_slot.ts";
import { type Evaluator, prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import { ML_DOMAIN } from "../../../src/model/onnx/schema.ts";
import { openSession } from "../../../src/model/onnx/session.ts";
import type { Prediction } from "../../../src/predict/prediction.ts";
import type { PredictionJson } from "../../../src/serve/messages/predictions.ts";
import type { QualityJson } from "../../../src/serve/messages/quality.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { replayRun } from "../../../src/system/replay/replay.ts";
import { tapeRuns } from "../../../src/system/replay/tape_runs.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";
import { networkContents, sampleContents } from "../../model/sample.ts";
import { START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A support vector machine, which only onnxruntime runs, and the root of a spread below 0, which no market has. */
function nativeOnly(): BundleContents {
  const n = v1.names.length;
  const graph = new OnnxGraphBuilder("native_only", [n], { [ML_DOMAIN]: 3 });
  const spread = v1.names.indexOf("spread");
  const machine = {
    kernel_type: { text: "LINEAR" },
    kernel_params: { floats: [0, 0, 0] },
    coefficients: { floats: [0] },
    support_vectors: { floats: v1.names.map(() => 0) },
    rho: { floats: [0] },
    n_supports: { int: 1 },
    post_transform: { text: "NONE" },
  };
  const line = graph.node("SVMRegressor", [graph.input], machine, undefined, 0, ML_DOMAIN);
  const below = Float64Array.from({ length: n }, (_, column) => (column === spread ? -1 : 0));
  const root = graph.node("Sqrt", [graph.matMul(graph.input, graph.constant("below", [n, 1], below))]);
  graph.add(line, graph.mul(root, graph.constant("small", [1], Float64Array.of(1e-5))), "yhat");
  const values = v1.names.map((_, column) => (column === spread ? -4 : 0));
  const why = "the evaluator in TypeScript has no ai.onnx.ml.SVMRegressor";
  const fallback = { by: "last_good_model", why } as const;
  return {
    ...sampleContents({ name: "svm", version: "native", kind: "imported", fallback }),
    model_onnx: graph.toBytes(),
    golden: {
      tolerance: 1e-7,
      vectors: [
        { values, expected: 2e-5 },
        { values, expected: 2e-5 },
      ],
    },
  };
}

/** The champion, or the last good model, with a native session that was released under it. */
async function withDeadSession(slot: ModelSlot, contents: BundleContents, evaluated: boolean): Promise<void> {
  const evaluator: Evaluator = prepareEvaluator(readOnnx(contents.model_onnx));
  const session = await openSession(contents.model_onnx, evaluator);
  await session.close();
  slot.swap(new BundleModel(contents.manifest, session, evaluated ? evaluator : undefined));
}

class Service {
  readonly running: Running;

  constructor(running: Running) {
    this.running = running;
  }

  models(...words: string[]): Promise<string[]> {
    return modelsCommand(words, {
      ...this.running.environment,
      MODEL_DIR: join(this.running.data_dir, "models"),
    });
  }

  async add(contents: BundleContents): Promise<void> {
    await writeBundle(join(this.running.data_dir, "models"), contents);
    await this.models("register", `${contents.manifest.name}/${contents.manifest.version}`);
  }

  async latest(): Promise<PredictionJson> {
    return (await (await fetch(`${this.running.pipeline.url}/latest`)).json()) as PredictionJson;
  }

  /** Until the symbol's forecast is made so; the forecast. */
  async served(source: Prediction["source"], version: string): Promise<PredictionJson> {
    let found: PredictionJson | undefined;
    await met(`a forecast of ${version} as ${source}`, async () => {
      found = await this.latest();
      return found.source === source && found.model_version === version;
    });
    return found!;
  }
}

it("a symbol's forecast comes down the ladder, is stored as what it is, and the day is replayed to the bit", async () => {
  const source = simulatedSource({ seed: 17, start_us: START_US, levels: 50 });
  const market = { source, speed: 5, history_s: 700, start_on: "first_subscriber" } as const;
  const running = await startRunning(market, { capture: "1", model_poll_s: 3_600, deadline_ms: 20_000 });
  cleanups.push(() => running.close());
  const service = new Service(running);
  const { worker, exchange, pipeline } = running;
  const { faults, rest_faults } = exchange;

  const good = sampleContents({ version: "good" });
  await service.add(good);
  await service.add(nativeOnly());
  await service.add(networkContents(trades, { version: "1" }));
  await service.add(networkContents(indicators, { version: "1" }));
  await service.models("promote", "ridge-v1/good");
  await service.served("onnx", "ridge-v1/good");

  // A model without an evaluator, whose native session answers no number: the last good one, warm as any.
  await service.models("promote", "svm/native", "--force", "--reason", "the test's own");
  expect(await service.served("fallback_model", "ridge-v1/good")).toMatchObject({
    role: "fallback",
    warm: true,
  });
  expect(worker.predictor.reason).toContain("svm/native has no evaluator beside its session");
  // That one's session is gone, too, and nothing stands behind it.
  await met("the last good model", () => worker.roster.beside.some(({ role }) => role === "fallback"));
  const last_good = worker.roster.beside.find(({ role }) => role === "fallback")!;
  await withDeadSession(last_good, good, false);
  expect(await service.served("fallback_zero", "zero/1")).toMatchObject({
    ...{ role: "fallback", warm: false, yhat_log_return: 0 },
  });
  expect(pipeline.ports.health().dependencies.find(({ name }) => name === "forecast BTCUSDT")).toMatchObject({
    state: "degraded",
    reason: expect.stringContaining("the forecast of no move is served"),
  });
  // A champion whose session is gone, and whose evaluator is not.
  await service.models("promote", "ridge-v1/good");
  await service.served("onnx", "ridge-v1/good");
  await withDeadSession(worker.roster.champion, good, true);
  expect(await service.served("fallback", "ridge-v1/good")).toMatchObject({ role: "champion", warm: true });
  worker.roster.champion.swap(await loadBundle(join(running.data_dir, "models", "ridge-v1", "good")));
  await service.served("onnx", "ridge-v1/good");

  // The book is lost, and cannot be had again: v1 has nulls, the trades do not.
  await service.models("role", "net-trades/1", "shadow");
  await service.models("role", "net-indicators/1", "shadow");
  await met(
    "the models beside",
    () => worker.roster.beside.filter(({ role }) => role === "shadow").length === 2,
  );
  await met(
    "what the champion's forecasts are worth",
    async () => (await service.latest()).lower_price !== null,
  );
  const before = worker.predictor.counters.predictions;
  rest_faults.begin("error", { status: 500 });
  faults.spoilFrames("depth", "drop", 1);
  const filled = await service.served("fallback_last_value", "ridge-v1/good");
  expect(filled).toMatchObject({ role: "champion", warm: false });
  expect(filled.confidence! - 0.5).toBeCloseTo(0.8 * Math.abs(filled.p_up! - 0.5), 12);
  faults.pause("depth");
  const stopped = worker.predictor.counters.predictions;
  expect(await service.served("fallback_set", "net-trades/1")).toMatchObject({ role: "shadow", warm: true });
  rest_faults.end();
  await service.models("role", "net-trades/1", "none");
  const ticker = await service.served("fallback_ticker", "net-indicators/1");
  expect(ticker).toMatchObject({ role: "shadow", warm: false });
  await service.models("role", "net-indicators/1", "none");
  const trend = await service.served("fallback_trend", "trend/1");
  expect(trend).toMatchObject({ role: "fallback", warm: false, p_up: 0.5, confidence: 0.5 });
  // Nothing is left: the quotes are silent, and their last is too long ago.
  faults.pause("bestBidAsk");
  await met("none, with a reason", async () => {
    const answer = await fetch(`${pipeline.url}/latest`);
    return answer.status === 503 && (await answer.text()).includes("btcusdt@bestBidAsk");
  });
  expect(worker.predictor.counters.predictions).toBe(stopped);
  expect(stopped).toBeGreaterThanOrEqual(before);
  exchange.well();
  await service.served("onnx", "ridge-v1/good");

  // As it is stored, and as it counts.
  await met("outcomes of what was approximated", async () => {
    const [row] = await pipeline.database.sql<{ n: number }[]>`
      select count(*)::int as n from outcomes
      where source = 'fallback_last_value' and realized_log_return is not null`;
    return row!.n > 0;
  });
  const stored = await pipeline.database.sql<{ source: string; warm: boolean }[]>`
    select distinct source, warm from predictions where served order by source, warm`;
  const cold = stored.filter(({ warm }) => !warm).map(({ source: one }) => one);
  expect(cold).toEqual(
    expect.arrayContaining(["fallback_last_value", "fallback_ticker", "fallback_trend", "fallback_zero"]),
  );
  expect(stored.filter(({ warm }) => warm).map(({ source: one }) => one)).toEqual([
    ...["fallback", "fallback_model", "fallback_set", "onnx"],
  ]);
  const figures = async (of: string): Promise<QualityJson> =>
    (await (await fetch(`${pipeline.url}/quality?window=1h&source=${of}`)).json()) as QualityJson;
  await met(
    "figures",
    async () => (await figures("live")).n > 0 && (await figures("fallback_last_value")).n > 0,
  );

  await pipeline.close();
  const folder = join(running.data_dir, "capture");
  const [run] = tapeRuns(folder);
  const comparison = await replayRun(run!, { model_dirs: [join(folder, "models")], log });
  // Models that the test swapped by hand are not as their bundles are.
  expect(comparison.difference).toBeUndefined();
});
