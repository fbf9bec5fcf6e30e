/** Bundles and graphs for the tests of the model stage, made by the trainer itself from synthetic rows. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRng } from "../../src/base/rng.ts";
import { micros } from "../../src/base/units.ts";
import type { FeatureSet } from "../../src/features/sets/feature_set.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { type BundleContents, writeBundle } from "../../src/model/bundle/bundle.ts";
import { prepareEvaluator } from "../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../src/model/onnx/read.ts";
import { OnnxGraphBuilder } from "../../src/train/export/onnx.ts";
import { syntheticDataset } from "../train/data/synthetic.ts";
import { trainRidge } from "../train/train_ridge.ts";

const dataset = syntheticDataset({ seed: 1, seconds: 3000, r2: 0.1 });

const trained = await trainRidge(dataset, v1, {
  name: "ridge-v1",
  version: "1",
  created_at_us: micros(1_700_000_000_000_000),
  seed: 1,
  train_share: 0.7,
  sources: ["synthetic"],
});

/** A copy each time: changes stay with the caller. */
export function sampleContents(changes: Partial<BundleContents["manifest"]> = {}): BundleContents {
  const contents = structuredClone(trained);
  return { ...contents, manifest: { ...contents.manifest, servable: true, ...changes } };
}

/** A network of random weights on any set, whose bundle is whole. */
export function networkContents(
  set: FeatureSet,
  changes: Partial<BundleContents["manifest"]> = {},
): BundleContents {
  const names = set.names;
  const model_onnx = networkOnnx(7, names.length, 8);
  const evaluator = prepareEvaluator(readOnnx(model_onnx));
  const vectors = [0, 1].map((at) => {
    const values = [...uniform(at, names.length, -1, 1)].map(Math.fround);
    return { values, expected: evaluator.evaluate(Float32Array.from(values)) };
  });
  const ones = names.map(() => 1);
  const sample = sampleContents(changes);
  return {
    ...sample,
    manifest: {
      ...sample.manifest,
      ...{ name: `net-${set.name}`, feature_set: set.name, set_hash: set.hash, n_inputs: names.length },
      ...{ kind: "network", cadence_s: set.cadence_s },
      ...changes,
    },
    model_onnx,
    scaler: { ...sample.scaler, columns: [...names], mean: ones, scale: ones, inverse: ones },
    columns: {
      feature_set: set.name,
      set_hash: set.hash,
      columns: names.map((name) => ({ name, unit: "1" })),
    },
    golden: { tolerance: 1e-9, vectors },
  };
}

const folders: string[] = [];

/** An empty folder, removed by `removeFolders`. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "foretick-model-"));
  folders.push(folder);
  return folder;
}

export async function removeFolders(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

export const freshBundle = async (): Promise<string> => writeBundle(await freshFolder(), sampleContents());

/** A vector of the synthetic rows. */
export const sampleVector = (row: number): Float64Array => dataset.values.slice(row * 22, (row + 1) * 22);

const uniform = (seed: number, size: number, low: number, high: number): Float64Array => {
  const rng = seededRng(seed);
  return Float64Array.from({ length: size }, () => low + (high - low) * rng.uniform());
};

/** n → hidden → 1 with standardisation, batch norm and ReLU: the shape a trained network will have. */
export function networkOnnx(seed: number, n: number, hidden: number): Uint8Array {
  const graph = new OnnxGraphBuilder("network", [n]);
  const centred = graph.sub(graph.input, graph.constant("mean", [n], uniform(seed, n, -1, 1)));
  const z = graph.div(centred, graph.constant("scale", [1, n], uniform(seed + 1, n, 0.5, 2)));
  const h = graph.gemm(
    z,
    graph.constant("w1", [n, hidden], uniform(seed + 2, n * hidden, -0.3, 0.3)),
    graph.constant("b1", [hidden], uniform(seed + 3, hidden, -0.1, 0.1)),
  );
  const statistics = {
    scale: graph.constant("gamma", [hidden], uniform(seed + 4, hidden, 0.5, 1.5)),
    bias: graph.constant("beta", [hidden], uniform(seed + 5, hidden, -0.2, 0.2)),
    mean: graph.constant("running_mean", [hidden], uniform(seed + 6, hidden, -0.2, 0.2)),
    variance: graph.constant("running_variance", [hidden], uniform(seed + 7, hidden, 0.5, 1.5)),
  };
  const activated = graph.relu(graph.batchNormalization(h, statistics, 1e-3));
  const squashed = graph.node("Tanh", [graph.add(activated, graph.node("Sigmoid", [h]))]);
  const last = graph.matMul(
    squashed,
    graph.constant("w2", [hidden, 1], uniform(seed + 8, hidden, -0.3, 0.3)),
  );
  graph.mul(last, graph.constant("target_scale", [1], [3e-4]), "yhat");
  return graph.toBytes({ seed: String(seed) });
}
