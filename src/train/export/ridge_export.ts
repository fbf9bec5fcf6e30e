/**
 * A fitted ridge as an ONNX graph with everything inside, features in their own units to log-return:
 * yhat = ((features − mean) · inverse · weights + 0) · target_scale; and the golden vectors that hold the
 * exported file to the model that was trained.
 */

import type { Golden } from "../../model/bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { held } from "../data/numbers.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import type { RidgeModel } from "../fit/ridge.ts";
import { OnnxGraphBuilder, type ValueName } from "./onnx.ts";

const GOLDEN_VECTORS = 48;

/** @param metadata written into the file, e.g. the set's hash. */
export function ridgeOnnx(model: RidgeModel, metadata: Readonly<Record<string, string>>): Uint8Array {
  const graph = new OnnxGraphBuilder("ridge", [model.weights.length]);
  writeRidge(graph, graph.input, model, "", "yhat");
  return graph.toBytes(metadata);
}

/** Adds the model to a graph. @param x [batch, columns]. @param scope begins each constant's name. */
export function writeRidge(
  graph: OnnxGraphBuilder,
  x: ValueName,
  model: RidgeModel,
  scope: string,
  output?: ValueName,
): ValueName {
  const columns = model.weights.length;
  const mean = graph.constant(`${scope}mean`, [columns], model.scaler.mean);
  const inverse = graph.constant(`${scope}inverse_scale`, [columns], model.scaler.inverse);
  const weights = graph.constant(`${scope}weights`, [columns, 1], model.weights);
  const bias = graph.constant(`${scope}bias`, [1], [0]);
  const target_scale = graph.constant(`${scope}target_scale`, [1], [model.target_scale]);
  const standardised = graph.mul(graph.sub(x, mean), inverse);
  return graph.mul(graph.gemm(standardised, weights, bias), target_scale, output);
}

/**
 * Real vectors spread evenly over the range, each with the trained model's own answer: float64, on the vector
 * as the model will see it (rounded to float32).
 */
export function goldenVectors(dataset: Dataset, range: RowRange, model: RidgeModel): Golden {
  const count = Math.min(GOLDEN_VECTORS, rowsOf(range));
  const columns = dataset.names.length;
  let tolerance = 0;
  const vectors = Array.from({ length: count }, (_, index) => {
    const row = range.from + Math.floor(((index + 0.5) * rowsOf(range)) / count);
    const values = held(dataset.values, row * columns, (row + 1) * columns);
    const seen = Float32Array.from(values);
    tolerance = Math.max(tolerance, roundingBound(model, seen));
    return { values: [...values], expected: Math.fround(answer(model, seen)) };
  });
  return { tolerance, vectors };
}

function answer(model: RidgeModel, seen: Float32Array): number {
  const { mean, inverse } = model.scaler;
  let sum = 0;
  for (const [j, weight] of model.weights.entries()) sum += (seen[j]! - mean[j]!) * inverse[j]! * weight;
  return sum * model.target_scale;
}

// Forward error of the float32 graph: every constant and every step adds at most half a unit in the last
// place of what it handles, and a sum of n terms, in whatever order, n more (Higham, "Accuracy and Stability
// of Numerical Algorithms", chapter 3).
function roundingBound(model: RidgeModel, seen: Float32Array): number {
  const { mean, inverse } = model.scaler;
  let handled = 0;
  for (const [j, weight] of model.weights.entries()) {
    handled += (Math.abs(seen[j]!) + Math.abs(mean[j]!)) * inverse[j]! * Math.abs(weight);
  }
  const steps = model.weights.length + 8;
  return steps * 2 ** -24 * handled * model.target_scale + 2 ** -126;
}
