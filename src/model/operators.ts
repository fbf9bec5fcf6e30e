/**
 * The operators a model may use, each with its float32 arithmetic. The table is the allow-list: an operator
 * that is not here is refused, because a model the fallback cannot evaluate must not be served at all.
 *
 * Every result is stored in a Float32Array, which rounds it once; a + − × ÷ of two float32 values computed in
 * float64 and rounded once is the correctly rounded float32 result, so only the order of a long sum can make
 * the native runtime differ. Definitions: https://github.com/onnx/onnx/blob/main/docs/Operators.md
 */

import { allocate, broadcast, broadcastIndex, type Operator, refuseShape, type Value } from "./operator.ts";
import { prepareBatchNormalization, prepareGemm, prepareMatMul } from "./operators_matrix.ts";
import { prepareLayerNormalization, prepareLstm, prepareSoftmax } from "./operators_sequence.ts";
import { prepareFlatten, prepareGather, prepareReshape, prepareTranspose } from "./operators_shape.ts";

export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  // Written so that a NaN stays one.
  Relu: unary((x) => (x < 0 ? 0 : x)),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Identity: unary((x) => x),
  Clip: { inputs: [3, 3], attributes: [], prepare: prepareClip },
  MatMul: { inputs: [2, 2], attributes: [], prepare: prepareMatMul },
  Gemm: { inputs: [2, 3], attributes: ["alpha", "beta", "transA", "transB"], prepare: prepareGemm },
  BatchNormalization: {
    inputs: [5, 5],
    attributes: ["epsilon", "momentum", "training_mode"],
    prepare: prepareBatchNormalization,
  },
  Transpose: { inputs: [1, 1], attributes: ["perm"], prepare: prepareTranspose },
  Reshape: { inputs: [2, 2], attributes: [], integers_at: 1, prepare: prepareReshape },
  Flatten: { inputs: [1, 1], attributes: ["axis"], prepare: prepareFlatten },
  Gather: { inputs: [2, 2], attributes: ["axis"], integers_at: 1, prepare: prepareGather },
  Softmax: { inputs: [1, 1], attributes: ["axis"], prepare: prepareSoftmax },
  LayerNormalization: {
    inputs: [3, 3],
    attributes: ["axis", "epsilon"],
    prepare: prepareLayerNormalization,
  },
  LSTM: { inputs: [4, 4], attributes: ["hidden_size"], output_at: 1, prepare: prepareLstm },
};

function unary(apply: (x: number) => number): Operator {
  return {
    inputs: [1, 1],
    attributes: [],
    prepare: (_node, [input]) => {
      const { data } = input!;
      const output = allocate(input!.dims);
      const run = (): void => {
        for (let i = 0; i < data.length; i++) output.data[i] = apply(data[i]!);
      };
      return { output, run };
    },
  };
}

function elementwise(apply: (a: number, b: number) => number): Operator {
  return {
    inputs: [2, 2],
    attributes: [],
    prepare: (node, inputs) => {
      const [a, b] = inputs as [Value, Value];
      const output = allocate(broadcast(node, a, b));
      const fromA = broadcastIndex(a.dims, output.dims);
      const fromB = broadcastIndex(b.dims, output.dims);
      const run = (): void => {
        for (let i = 0; i < output.data.length; i++) {
          output.data[i] = apply(a.data[fromA[i]!]!, b.data[fromB[i]!]!);
        }
      };
      return { output, run };
    },
  };
}

// min and max are single numbers; a NaN stays one.
function prepareClip(...[node, inputs]: Parameters<Operator["prepare"]>): ReturnType<Operator["prepare"]> {
  const [x, low, high] = inputs as [Value, Value, Value];
  if (low.data.length !== 1 || high.data.length !== 1) refuseShape(node, "one least and one largest", inputs);
  const output = allocate(x.dims);
  const run = (): void => {
    const [least, largest] = [low.data[0]!, high.data[0]!];
    for (let i = 0; i < output.data.length; i++) {
      const value = x.data[i]!;
      output.data[i] = value < least ? least : value > largest ? largest : value;
    }
  };
  return { output, run };
}
