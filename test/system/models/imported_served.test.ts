/** An imported tree ensemble behind the whole service: what is stored is what onnxruntime answers to the stored features. */

import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterEach, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { micros } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { readGates } from "../../../src/model/gates.ts";
import { ML_DOMAIN } from "../../../src/model/onnx/schema.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { usualOrder } from "../../../src/train/course/order.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";
import { importModel } from "../../../src/train/import/import_model.ts";
import { importedGraph } from "../../../src/train/import/imported_model.ts";
import { addForest, stump } from "../../model/onnx/forests.ts";
import { freshFolder, removeFolders } from "../../model/sample.ts";
import { START_US } from "../../sim/markets.ts";
import { syntheticDataset } from "../../train/data/synthetic.ts";
import { met, startRunning } from "../running.ts";

const cleanups: (() => unknown)[] = [removeFolders];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A split on a column that moves, and a line through another. */
function lineAndTree(): Uint8Array {
  const n = v1.names.length;
  const graph = new OnnxGraphBuilder("line_and_tree", [n], { [ML_DOMAIN]: 3 });
  const coefficients = v1.names.map((name) => (name.startsWith("ret_") ? 0.1 : 0));
  const attributes = { coefficients: { floats: coefficients }, intercepts: { floats: [1e-6] } };
  const line = graph.node("LinearRegressor", [graph.input], attributes, undefined, 0, ML_DOMAIN);
  const column = v1.names.findIndex((name) => name.startsWith("ret_"));
  const tree = { ...stump(), features: [column, 0, 0], thresholds: [0, 0, 0], weights: [-2e-5, 3e-5] };
  graph.add(line, addForest(graph, graph.input, tree), "yhat");
  return graph.toBytes();
}

it("an imported model is served, and each stored forecast is onnxruntime's for the stored features, to the bit", async () => {
  const bytes = lineAndTree();
  const usual = usualOrder(micros(1_700_000_000_000_000), await freshFolder());
  const order = { ...usual, name: "line-tree", version: "1" };
  const dataset = syntheticDataset({ seed: 4, seconds: 2_000, r2: 0.1 });
  const data = { dataset, set: v1, sources: ["synthetic"] };
  const gates = await readGates(order.gates);
  const { dir } = await importModel(await importedGraph(bytes, v1), data, order, gates);

  const source = simulatedSource({ seed: 24, start_us: START_US, depth: false, trades_per_s: 3 });
  const market = { source, speed: 8, history_s: 1_000, start_on: "first_subscriber" } as const;
  const running = await startRunning(market, { model_poll_s: 3_600, deadline_ms: 5_000 });
  cleanups.push(() => running.close());
  await met("a forecast", async () => (await fetch(`${running.pipeline.url}/latest`)).ok);
  const told = { ...running.environment, MODEL_DIR: join(running.data_dir, "models") };
  await modelsCommand(["register", dir], told);
  await modelsCommand(["promote", "line-tree/1", "--force", "--reason", "the test's own"], told);
  const { sql } = running.pipeline.database;
  let stored: { yhat: number; values: string }[] = [];
  await met("stored forecasts of it with their features", async () => {
    stored = await sql<{ yhat: number; values: string }[]>`
      select p.yhat_log_return as yhat, array_to_string(f.values, ' ') as values
      from predictions as p
      join features_live as f using (symbol, ts)
      where p.model_version = 'line-tree/1'
        and f.feature_set = 'v1'
      order by ts`;
    return stored.length >= 5;
  });
  const native = await InferenceSession.create(bytes);
  for (const { yhat, values } of stored) {
    const features = new Tensor("float32", Float32Array.from(values.split(" "), Number), [
      1,
      v1.names.length,
    ]);
    const answers = await native.run({ features });
    expect(yhat).toBe((answers.yhat!.data as Float32Array)[0]!);
  }
  expect(new Set(stored.map(({ yhat }) => yhat)).size).toBeGreaterThan(1);
  await native.release();
});
