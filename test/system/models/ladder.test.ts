/**
 * The whole service comes down the ladder of its models, rung after rung, each for a real fault: sessions that are gone, a
 * model that answers no number. Every forecast says what it was made from.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
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
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";
import { sampleContents } from "../../model/sample.ts";
import { START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

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
    ...sampleContents({ name: "svm", version: "native", kind: "imported", label: "last", fallback }),
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

/** A slot's model in place of its own: the bundle, its native session released under it. */
async function withDeadSession(slot: ModelSlot, dir: string, evaluated: boolean): Promise<void> {
  const bytes = new Uint8Array(readFileSync(join(dir, "model.onnx")));
  const evaluator: Evaluator = prepareEvaluator(readOnnx(bytes));
  const session = await openSession(bytes, evaluator);
  await session.close();
  const whole = await loadBundle(dir);
  slot.swap(new BundleModel(whole.manifest, session, evaluated ? evaluator : undefined));
  await whole.close();
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

  async add(contents: BundleContents): Promise<string> {
    const dir = await writeBundle(join(this.running.data_dir, "models"), contents);
    await this.models("register", `${contents.manifest.name}/${contents.manifest.version}`);
    return dir;
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

describe("a symbol's forecast", () => {
  let running: Running;
  let service: Service;
  /** The folder of the champion's bundle. */
  let good: string;

  beforeAll(async () => {
    const source = simulatedSource({ seed: 17, start_us: START_US, levels: 20, trades_per_s: 3 });
    const market = { source, speed: 4, history_s: 700, start_on: "first_subscriber" } as const;
    running = await startRunning(market, {
      fallback: "on",
      model_poll_s: 3_600,
      deadline_ms: 60_000,
    });
    service = new Service(running);
  });
  afterAll(() => running?.close());

  it("is the champion's, of the live vector by its native session, while all is well", async () => {
    good = await service.add(sampleContents({ version: "good", label: "last" }));
    await service.models("promote", "ridge-v1/good");
    expect(await service.served("onnx", "ridge-v1/good")).toMatchObject({ role: "champion", warm: true });
  });

  it("goes from a model that only onnxruntime runs, and that answers no number, to the last good one, then to no move", async () => {
    const { worker, pipeline } = running;
    await service.add(nativeOnly());
    await service.models("promote", "svm/native", "--force", "--reason", "the test's own");
    const stood_in = await service.served("fallback_model", "ridge-v1/good");
    expect(stood_in).toMatchObject({ role: "fallback", warm: true });
    expect(worker.predictor.reason).toContain("svm/native has no evaluator beside its session");
    // The last good one's session is gone, too, and nothing stands behind it.
    await withDeadSession(worker.roster.beside.find(({ role }) => role === "fallback")!, good, false);
    const zero = await service.served("fallback_zero", "zero/1");
    expect(zero).toMatchObject({ role: "fallback", warm: false, yhat_log_return: 0 });
    const { dependencies } = pipeline.ports.health();
    expect(dependencies.find(({ name }) => name === "forecast BTCUSDT")).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("the forecast of no move is served"),
    });
  });

  it("goes from a session that is gone to the evaluator of the same bundle", async () => {
    const { worker } = running;
    await service.models("promote", "ridge-v1/good");
    await service.served("onnx", "ridge-v1/good");
    await withDeadSession(worker.roster.champion, good, true);
    const evaluated = await service.served("fallback", "ridge-v1/good");
    expect(evaluated).toMatchObject({ role: "champion", warm: true });
    worker.roster.champion.swap(await loadBundle(good));
    await service.served("onnx", "ridge-v1/good");
  });
});
