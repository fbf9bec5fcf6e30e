import { describe, expect, it } from "vitest";
import { type Rng, seededRng } from "../../../src/base/rng.ts";
import { prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import { openSession } from "../../../src/model/onnx/session.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";

const TRIALS = 25;
const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** Numbers for constants, drawn as the graph is built. */
class Draw {
  readonly rng: Rng;
  #names = 0;
  constructor(seed: number) {
    this.rng = seededRng(seed);
  }
  size(): number {
    return 1 + this.rng.below(7);
  }
  constant(graph: OnnxGraphBuilder, dims: readonly number[], scale = 1): string {
    const values = Float64Array.from({ length: sizeOf(dims) }, () => scale * this.rng.normal());
    return graph.constant(`c${this.#names++}`, dims, values);
  }
  integers(graph: OnnxGraphBuilder, values: readonly number[]): string {
    return graph.integers(`i${this.#names++}`, [values.length], values);
  }
}

/** Sums a value of `size` numbers with random weights to the one number a graph gives. */
function finish(graph: OnnxGraphBuilder, draw: Draw, value: string, size: number): Uint8Array {
  const row = graph.node("Reshape", [value, draw.integers(graph, [-1, size])]);
  graph.matMul(row, draw.constant(graph, [size, 1]), "yhat");
  return graph.toBytes();
}

type Build = (draw: Draw) => { bytes: Uint8Array; inputs: number };

/** [n, columns] in; the rest of the graph is the operator under test. */
const onMatrix =
  (
    apply: (
      graph: OnnxGraphBuilder,
      draw: Draw,
      n: number,
      columns: number,
    ) => { value: string; size: number },
  ): Build =>
  (draw) => {
    const [n, columns] = [draw.size(), draw.size()];
    const graph = new OnnxGraphBuilder("test", [n, columns]);
    const { value, size } = apply(graph, draw, n, columns);
    return { bytes: finish(graph, draw, value, size), inputs: n * columns };
  };

const BUILDS: Readonly<Record<string, Build>> = {
  Clip: onMatrix((graph, draw, n, columns) => {
    const limits = [
      graph.constant("low", [], [-0.5 * draw.rng.uniform()]),
      graph.constant("high", [], [0.7]),
    ];
    return { value: graph.node("Clip", [graph.input, ...limits]), size: n * columns };
  }),
  Transpose: onMatrix((graph, _draw, n, columns) => ({
    value: graph.node("Transpose", [graph.input], { perm: { ints: [0, 2, 1] } }),
    size: n * columns,
  })),
  "Reshape and Transpose in four dimensions": onMatrix((graph, draw, n, columns) => {
    const wide = graph.matMul(graph.input, draw.constant(graph, [columns, 6]));
    const split = graph.node("Reshape", [wide, draw.integers(graph, [0, n, 2, 3])]);
    const perm = [
      [0, 2, 1, 3],
      [0, 2, 3, 1],
      [0, 3, 2, 1],
    ][draw.rng.below(3)]!;
    return { value: graph.node("Transpose", [split], { perm: { ints: perm } }), size: n * 6 };
  }),
  Flatten: onMatrix((graph, draw, n, columns) => {
    const flat = graph.node("Flatten", [graph.input], { axis: { int: 1 } });
    return { value: graph.matMul(flat, draw.constant(graph, [n * columns, 3])), size: 3 };
  }),
  Gather: onMatrix((graph, draw, n, columns) => {
    const index = graph.integers("index", [], [draw.rng.below(n)]);
    return { value: graph.node("Gather", [graph.input, index], { axis: { int: 1 } }), size: columns };
  }),
  Softmax: onMatrix((graph, _draw, n, columns) => ({
    value: graph.node("Softmax", [graph.input], { axis: { int: -1 } }),
    size: n * columns,
  })),
  LayerNormalization: onMatrix((graph, draw, n, columns) => {
    // A single column has no deviation to divide by; noise would decide.
    const wide = graph.matMul(graph.input, draw.constant(graph, [columns, columns + 3]));
    const inputs = [wide, draw.constant(graph, [columns + 3]), draw.constant(graph, [columns + 3])];
    const attributes = { axis: { int: -1 }, epsilon: { float: 1e-5 } };
    return { value: graph.node("LayerNormalization", inputs, attributes), size: n * (columns + 3) };
  }),
  "MatMul of runs of matrices": onMatrix((graph, _draw, n) => {
    const turned = graph.node("Transpose", [graph.input], { perm: { ints: [0, 2, 1] } });
    return { value: graph.matMul(graph.input, turned), size: n * n };
  }),
  LSTM: onMatrix((graph, draw, _n, columns) => {
    const width = draw.size();
    const time_first = graph.node("Transpose", [graph.input], { perm: { ints: [1, 0, 2] } });
    const weights = [
      draw.constant(graph, [1, 4 * width, columns], 0.7),
      draw.constant(graph, [1, 4 * width, width], 0.7),
      draw.constant(graph, [1, 8 * width], 0.7),
    ];
    const attributes = { hidden_size: { int: width } };
    return { value: graph.node("LSTM", [time_first, ...weights], attributes, undefined, 1), size: width };
  }),
};

describe("fallback evaluator", () => {
  for (const [name, build] of Object.entries(BUILDS)) {
    it(`computes ${name} as onnxruntime does, on random shapes and numbers`, async () => {
      let moved = 0;
      for (let seed = 1; seed <= TRIALS; seed++) {
        const draw = new Draw(seed);
        const { bytes, inputs } = build(draw);
        const evaluator = prepareEvaluator(readOnnx(bytes));
        const session = await openSession(bytes, evaluator);
        const answers: number[] = [];
        for (let call = 0; call < 3; call++) {
          session.input.set(Float32Array.from({ length: inputs }, () => 2 * draw.rng.normal()));
          const native = await session.run();
          answers.push(native);
          expect(Math.abs(evaluator.evaluate(session.input) - native)).toBeLessThan(
            2e-5 * (1 + Math.abs(native)),
          );
        }
        if (new Set(answers).size === 3) moved++;
        await session.close();
      }
      // The answer depends on the input, or equality would say nothing.
      expect(moved).toBeGreaterThan(TRIALS / 2);
    });
  }
});
