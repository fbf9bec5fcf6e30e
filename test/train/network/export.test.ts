import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import { openSession } from "../../../src/model/onnx/session.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { openBackend } from "../../../src/train/network/backend.ts";
import { KINDS, randomNetwork, toyDataset } from "./networks.ts";

const ROWS = 1_000;
const dataset = toyDataset({ rows: ROWS + 20, seed: 3, truth: (z) => z(0), noise: 1 });
beforeAll(() => openBackend(["wasm"]));

/** The last `length` vectors up to a row, oldest first. */
const windowOf = ({ values, names }: HeldDataset, row: number, length: number): Float64Array =>
  values.subarray((row - length + 1) * names.length, (row + 1) * names.length);

describe("exported network", () => {
  for (const kind of KINDS) {
    it(`${kind} answers in onnxruntime and in the fallback what it answered in training, on ${ROWS} rows`, async () => {
      const fitted = randomNetwork(kind, dataset, 7);
      const bytes = fitted.toOnnx({});
      const evaluator = prepareEvaluator(readOnnx(bytes));
      const session = await openSession(bytes, evaluator);
      const range = { from: 20, to: 20 + ROWS };
      const trained = fitted.forecast(dataset, range);
      const largest = { value: 0, native: 0, fallback: 0 };
      for (let row = range.from; row < range.to; row++) {
        session.input.set(windowOf(dataset, row, fitted.sequence_length));
        const expected = trained[row - range.from]!;
        largest.value = Math.max(largest.value, Math.abs(expected));
        largest.native = Math.max(largest.native, Math.abs((await session.run()) - expected));
        largest.fallback = Math.max(largest.fallback, Math.abs(evaluator.evaluate(session.input) - expected));
      }
      await session.close();
      // Outputs are of the target scale's size, 3e-4; differences are taken relative to that.
      expect(largest.value / fitted.target_scale).toBeGreaterThan(0.5);
      expect(largest.native / fitted.target_scale).toBeLessThan(1e-5);
      expect(largest.fallback / fitted.target_scale).toBeLessThan(1e-5);
    });

    it(`${kind} leaves nothing behind in the backend's memory`, () => {
      const before = tf.memory().numTensors;
      randomNetwork(kind, dataset, 8).forecast(dataset, { from: 0, to: ROWS });
      expect(tf.memory().numTensors).toBe(before);
    });
  }

  it("is the same file for the same numbers", () => {
    const bytes = () => randomNetwork("transformer", dataset, 9).toOnnx({ set: "toy" });
    expect(bytes()).toEqual(bytes());
  });

  it("folds batch norm into one product a layer", () => {
    const model = readOnnx(randomNetwork("mlp-large", dataset, 9).toOnnx({}));
    expect(model.nodes.map((node) => node.op_type).join(" ")).toBe(
      "Sub Mul Clip Gemm Relu Gemm Relu Gemm Relu Gemm Relu Gemm Mul",
    );
  });
});
