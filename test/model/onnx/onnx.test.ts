import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ForetickError } from "../../../src/base/errors.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import { openSession } from "../../../src/model/onnx/session.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";
import { networkOnnx, sampleContents, sampleVector } from "../sample.ts";

/** Runs both evaluators on the same vectors and returns their largest difference. */
async function largestDifference(bytes: Uint8Array, vectors: readonly ArrayLike<number>[]): Promise<number> {
  const evaluator = prepareEvaluator(readOnnx(bytes));
  const session = await openSession(bytes, evaluator);
  let largest = 0;
  for (const vector of vectors) {
    session.input.set(vector);
    const native = await session.run();
    expect(native).not.toBe(0);
    largest = Math.max(largest, Math.abs(native - evaluator.evaluate(session.input)));
  }
  await session.close();
  await session.close();
  return largest;
}

describe("ONNX files", () => {
  it("written here are accepted by onnxruntime and mean the same to the fallback: ridge", async () => {
    const { model_onnx, manifest } = sampleContents();
    const vectors = Array.from({ length: 500 }, (_, row) => sampleVector(row));
    expect(await largestDifference(model_onnx, vectors)).toBeLessThan(2e-6 * manifest.target_scale);
  });

  it("and networks with batch norm, ReLU, Tanh and Sigmoid, of any size", async () => {
    for (const [seed, n, hidden] of [
      [1, 22, 64],
      [2, 1, 1],
      [3, 5, 33],
      [4, 130, 7],
    ] as const) {
      const rng = seededRng(seed);
      const vectors = Array.from({ length: 200 }, () =>
        Float32Array.from({ length: n }, () => 3 * rng.normal()),
      );
      expect(await largestDifference(networkOnnx(seed, n, hidden), vectors)).toBeLessThan(1e-6 * 3e-4 * 5);
    }
  });

  it("and Gemm with transposed weights, alpha, beta and a broadcast bias", async () => {
    const graph = new OnnxGraphBuilder("gemm", [3]);
    const weights = graph.constant("w", [2, 3], [0.5, -1, 2, 3, 0.25, -0.125]);
    const attributes = { transB: { int: 1 }, alpha: { float: 0.5 }, beta: { float: -2 } };
    const two = graph.node("Gemm", [graph.input, weights, graph.constant("b", [1], [0.75])], attributes);
    graph.matMul(two, graph.constant("sum", [2, 1], [1, 1]), "yhat");
    const bytes = graph.toBytes();
    expect(await largestDifference(bytes, [Float32Array.of(1, 2, 3)])).toBe(0);
    // ½·(0.5 − 2 + 6) − 1.5 + ½·(3 + 0.5 − 0.375) − 1.5
    expect(prepareEvaluator(readOnnx(bytes)).evaluate(Float32Array.of(1, 2, 3))).toBe(0.8125);
  });

  it("read back as they were written", () => {
    const model = readOnnx(networkOnnx(1, 22, 64));
    expect(model).toMatchObject({ ir_version: 8, opset: 17 });
    expect(model.metadata.get("seed")).toBe("1");
    expect(model.inputs).toEqual([{ name: "features", dims: ["batch", 22] }]);
    expect(model.outputs).toEqual([{ name: "yhat", dims: ["batch", 1] }]);
    expect(model.nodes.map((node) => node.op_type).join(" ")).toBe(
      "Sub Div Gemm BatchNormalization Relu Sigmoid Add Tanh MatMul Mul",
    );
    expect(model.nodes[3]!.attributes.get("epsilon")).toBe(Math.fround(1e-3));
    expect(model.initializers.get("w1")!.dims).toEqual([22, 64]);
  });

  it("keep negative and large integers in attributes", () => {
    const graph = new OnnxGraphBuilder("ints", [1]);
    const ints = [-1, 0, 127, 128, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53];
    graph.node("Anything", [graph.input], { ints: { ints }, one: { int: -3 }, text: { text: "é" } }, "yhat");
    const [node] = readOnnx(graph.toBytes()).nodes;
    expect(node!.attributes.get("ints")).toEqual(ints);
    expect(node!.attributes.get("one")).toBe(-3);
    expect(node!.attributes.get("text")).toBe("é");
  });

  it("cut short anywhere, or with any byte changed, are read or refused with a code, never worse", () => {
    const graph = new OnnxGraphBuilder("small", [2]);
    const bias = graph.constant("b", [1], [0.5]);
    graph.node(
      "Gemm",
      [graph.input, graph.constant("w", [2, 1], [1, 2]), bias],
      { alpha: { float: 2 } },
      "yhat",
    );
    const bytes = graph.toBytes();
    const attempt = (altered: Uint8Array): string => {
      try {
        prepareEvaluator(readOnnx(altered)).evaluate(Float32Array.of(1, 2));
        return "read";
      } catch (error) {
        expect(error).toBeInstanceOf(ForetickError);
        return (error as ForetickError).code;
      }
    };
    for (let length = 0; length < bytes.length; length++) {
      expect(["ONNX_MALFORMED", "ONNX_REFUSED"]).toContain(attempt(bytes.subarray(0, length)));
    }
    const seen = new Set<string>();
    const position = fc.integer({ min: 0, max: bytes.length - 1 });
    const mutate = (at: number, xor: number): void => {
      const altered = bytes.slice();
      altered[at]! ^= xor;
      seen.add(attempt(altered));
    };
    fc.assert(fc.property(position, fc.integer({ min: 1, max: 255 }), mutate), { numRuns: 5000 });
    expect([...seen].sort()).toEqual(["ONNX_MALFORMED", "ONNX_REFUSED", "read"]);
  });
});
