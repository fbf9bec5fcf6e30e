/** The operators of `ai.onnx.ml` a model may use: what scikit-learn's, LightGBM's and XGBoost's exporters write for regressors. */

import { fail } from "../../../base/errors.ts";
import {
  allocate,
  listAttribute,
  numberAttribute,
  type Operator,
  refuseShape,
  textAttribute,
  type Value,
} from "../operator.ts";
import type { OnnxNode } from "../read.ts";
import { ML_DOMAIN } from "../schema.ts";
import { treeEnsembleRegressor } from "./tree_ensemble.ts";

const scaler: Operator = {
  inputs: [1, 1],
  attributes: ["offset", "scale"],
  prepare: (node, inputs) => {
    const [x] = inputs as [Value];
    const [offset, scale] = [perColumn(node, "offset", x), perColumn(node, "scale", x)];
    const output = allocate(x.dims);
    const run = (): void => {
      for (let i = 0; i < x.data.length; i++)
        output.data[i] = Math.fround(x.data[i]! - offset[i]!) * scale[i]!;
    };
    return { output, run };
  },
};

/** One for all, or one each. */
function perColumn(node: OnnxNode, name: string, x: Value): Float32Array {
  const given = listAttribute(node, name) ?? [];
  if (given.length !== 1 && given.length !== x.dims.at(-1)) {
    return refuseShape(node, `${name} of one number or of the columns, ${given.length} are given`, [x]);
  }
  if (given.some((value) => !Number.isFinite(value))) {
    fail("ONNX_REFUSED", `${node.op_type} expected finite ${name}`);
  }
  return Float32Array.from(x.data, (_, i) => given[i % given.length]!);
}

const linearRegressor: Operator = {
  inputs: [1, 1],
  attributes: ["coefficients", "intercepts", "post_transform", "targets"],
  prepare: (node, inputs) => {
    const [x] = inputs as [Value];
    const coefficients = listAttribute(node, "coefficients") ?? [];
    const intercepts = listAttribute(node, "intercepts") ?? [0];
    textAttribute(node, "post_transform", ["NONE"], "NONE");
    const single = numberAttribute(node, "targets", 1) === 1 && intercepts.length === 1;
    if (x.dims.length !== 2 || x.data.length !== coefficients.length || !single) {
      refuseShape(node, "as many coefficients as columns, and one target", inputs);
    }
    if ([...coefficients, ...intercepts].some((value) => !Number.isFinite(value))) {
      fail("ONNX_REFUSED", `${node.op_type} expected finite coefficients`);
    }
    const output = allocate([1, 1]);
    const run = (): void => {
      let sum = 0;
      for (let i = 0; i < coefficients.length; i++) sum = Math.fround(sum + x.data[i]! * coefficients[i]!);
      output.data[0] = sum + intercepts[0]!;
    };
    return { output, work: coefficients.length, run };
  },
};

/** Each row divided by its largest number, the sum of its sizes, or its length; a row of zeros stays. */
const normalizer: Operator = {
  inputs: [1, 1],
  attributes: ["norm"],
  prepare: (node, inputs) => {
    const [x] = inputs as [Value];
    const norm = textAttribute(node, "norm", ["MAX", "L1", "L2"], "MAX");
    if (x.dims.length !== 2) refuseShape(node, "[batch, columns]", inputs);
    const output = allocate(x.dims);
    const run = (): void => {
      let size = norm === "MAX" ? Number.NEGATIVE_INFINITY : 0;
      for (const value of x.data) {
        if (norm === "MAX") size = Math.max(size, value);
        else size += norm === "L1" ? Math.abs(value) : value * value;
      }
      if (norm === "L2") size = Math.sqrt(size);
      for (let i = 0; i < x.data.length; i++) output.data[i] = size === 0 ? x.data[i]! : x.data[i]! / size;
    };
    return { output, run };
  },
};

/** What the native runtime alone computes: the evaluator knows the shape of the answer. */
const svmRegressor: Operator = {
  inputs: [1, 1],
  attributes: [
    ...["coefficients", "kernel_params", "kernel_type", "n_supports", "one_class", "post_transform", "rho"],
    "support_vectors",
  ],
  native_only: true,
  prepare: (node, inputs) => {
    const [x] = inputs as [Value];
    textAttribute(node, "kernel_type", ["LINEAR", "POLY", "RBF", "SIGMOID"], "LINEAR");
    textAttribute(node, "post_transform", ["NONE"], "NONE");
    const supports = numberAttribute(node, "n_supports", 0);
    const [vectors, coefficients] = ["support_vectors", "coefficients"].map(
      (name) => listAttribute(node, name)?.length ?? 0,
    ) as [number, number];
    const fits = vectors === supports * x.data.length && coefficients === supports && supports > 0;
    if (x.dims.length !== 2 || !fits || (listAttribute(node, "rho")?.length ?? 0) !== 1) {
      refuseShape(node, "support vectors of the columns, a coefficient each, and one rho", inputs);
    }
    return { output: allocate([1, 1]), work: vectors, run: () => {} };
  },
};

export const ML_OPERATORS: Readonly<Record<string, Operator>> = {
  [`${ML_DOMAIN}.TreeEnsembleRegressor`]: treeEnsembleRegressor,
  [`${ML_DOMAIN}.Scaler`]: scaler,
  [`${ML_DOMAIN}.LinearRegressor`]: linearRegressor,
  [`${ML_DOMAIN}.Normalizer`]: normalizer,
  [`${ML_DOMAIN}.SVMRegressor`]: svmRegressor,
};
