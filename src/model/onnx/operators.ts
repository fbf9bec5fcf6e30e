/**
 * The operators a model may use. The table is the allow-list: an operator that is not here is refused. Each is
 * arithmetic on the graph's own numbers whose shapes are known beforehand: nothing loops, reads a file, draws a random
 * number or makes a value larger than its inputs say. They are those of the models trained here, and what PyTorch's,
 * scikit-learn's and LightGBM's exporters write for regressors.
 *
 * Where the evaluator here lacks one (`native_only`), the bundle says so, and the last good model is its fallback.
 * Definitions: https://github.com/onnx/onnx/blob/main/docs/Operators.md
 */

import { fail } from "../../base/errors.ts";
import { ML_OPERATORS } from "./ml/ml_operators.ts";
import type { Operator } from "./operator.ts";
import { prepareBatchNormalization, prepareGemm, prepareMatMul } from "./operators_matrix.ts";
import {
  elementwise,
  erf,
  gelu,
  prepareCast,
  prepareClip,
  prepareDropout,
  reduction,
  shaped,
  unary,
} from "./operators_plain.ts";
import { prepareLayerNormalization, prepareLstm, prepareSoftmax } from "./operators_sequence.ts";
import {
  prepareConcat,
  prepareFlatten,
  prepareGather,
  prepareReshape,
  prepareShape,
  prepareSlice,
  prepareSqueeze,
  prepareTranspose,
  prepareUnsqueeze,
} from "./operators_shape.ts";

const MANY = 64;
const expm1 = (x: number): number => Math.expm1(x);

const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Pow: elementwise((a, b) => a ** b),
  Min: elementwise((a, b) => Math.min(a, b), MANY),
  Max: elementwise((a, b) => Math.max(a, b), MANY),
  Sum: elementwise((a, b) => a + b, MANY),
  // Written so that a NaN stays one.
  Relu: unary((x) => (x < 0 ? 0 : x)),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Identity: unary((x) => x),
  Erf: unary(erf),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Abs: unary(Math.abs),
  Neg: unary((x) => -x),
  Reciprocal: unary((x) => 1 / x),
  Softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  LeakyRelu: shaped({ alpha: 0.01 }, (x, { alpha }) => (x < 0 ? alpha * x : x)),
  Elu: shaped({ alpha: 1 }, (x, { alpha }) => (x < 0 ? alpha * expm1(x) : x)),
  Celu: shaped({ alpha: 1 }, (x, { alpha }) => (x < 0 ? alpha * expm1(x / alpha) : x)),
  Selu: shaped({ alpha: 1.6732631921768188, gamma: 1.0507010221481323 }, (x, { alpha, gamma }) =>
    x < 0 ? gamma * alpha * expm1(x) : gamma * x,
  ),
  HardSigmoid: shaped({ alpha: 0.2, beta: 0.5 }, (x, { alpha, beta }) =>
    Math.max(0, Math.min(1, alpha * x + beta)),
  ),
  HardSwish: unary((x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  Gelu: gelu,
  Clip: { inputs: [1, 3], attributes: ["min", "max"], prepareMixed: prepareClip },
  Cast: { inputs: [1, 1], attributes: ["to", "saturate"], prepareMixed: prepareCast },
  Dropout: { inputs: [1, 3], attributes: ["ratio", "seed"], prepareMixed: prepareDropout },
  MatMul: { inputs: [2, 2], attributes: [], prepare: prepareMatMul },
  Gemm: { inputs: [2, 3], attributes: ["alpha", "beta", "transA", "transB"], prepare: prepareGemm },
  BatchNormalization: {
    inputs: [5, 5],
    attributes: ["epsilon", "momentum", "training_mode"],
    prepare: prepareBatchNormalization,
  },
  ReduceMean: reduction(true),
  ReduceSum: reduction(false),
  Transpose: { inputs: [1, 1], attributes: ["perm"], prepare: prepareTranspose },
  Reshape: { inputs: [2, 2], attributes: ["allowzero"], integers_at: 1, prepare: prepareReshape },
  Flatten: { inputs: [1, 1], attributes: ["axis"], prepare: prepareFlatten },
  Shape: { inputs: [1, 1], attributes: [], prepareMixed: prepareShape },
  Gather: { inputs: [2, 2], attributes: ["axis"], prepareMixed: prepareGather },
  Concat: { inputs: [1, MANY], attributes: ["axis"], prepareMixed: prepareConcat },
  Slice: { inputs: [1, 5], attributes: ["starts", "ends", "axes"], prepareMixed: prepareSlice },
  Squeeze: { inputs: [1, 2], attributes: ["axes"], prepareMixed: prepareSqueeze },
  Unsqueeze: { inputs: [1, 2], attributes: ["axes"], prepareMixed: prepareUnsqueeze },
  Softmax: { inputs: [1, 1], attributes: ["axis"], prepare: prepareSoftmax },
  LayerNormalization: {
    inputs: [2, 3],
    attributes: ["axis", "epsilon", "stash_type"],
    prepare: prepareLayerNormalization,
  },
  LSTM: { inputs: [4, 4], attributes: ["hidden_size"], output_at: 1, prepare: prepareLstm },
  ...ML_OPERATORS,
};

/** Why an operator that is not on the list is not, where there is more to say. */
const REASONS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^(If|Loop|Scan|SequenceMap)$/, "loops and conditions are not run: export the graph unrolled"],
  [/Classifier$|^ai\.onnx\.ml\.ZipMap$/, "it is a classifier: export a regressor of the label"],
  [/^Random|^Bernoulli$|^Multinomial$/, "a forecast is not drawn at random: export for inference"],
  [/Quantize|^QLinear|Integer$/, "quantised models are not run: export in float32"],
  [/./, "export with those alone, or compute the rest before the model"],
];

/** @throws ForetickError ONNX_REFUSED with the list and the remedy. */
export function operatorNamed(op_type: string): Operator {
  const operator = Object.hasOwn(OPERATORS, op_type) ? OPERATORS[op_type] : undefined;
  if (operator) return operator;
  const why = REASONS.find(([pattern]) => pattern.test(op_type))?.[1] ?? "it has no name";
  return fail(
    "ONNX_REFUSED",
    `node expected one of ${Object.keys(OPERATORS).join(", ")}, was "${op_type}": ${why}`,
  );
}
