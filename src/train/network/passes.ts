/** The passes over a network that training is made of: a step's gradient, a forecast, measured moments. */

import * as tf from "@tensorflow/tfjs-core";
import type { DropoutMasks } from "./layers/dropout_masks.ts";
import type { Layer } from "./layers/layer.ts";
import { tensorsOf, viewsOf } from "./layers/parameters.ts";

/** Rows that are forecast at once. */
const FORECAST_ROWS = 4096;

/** Inputs of a number of rows, row-major, and how many there are. */
export interface Batch {
  readonly x: Float32Array;
  readonly rows: number;
}

/**
 * Mean Huber loss of a batch and its gradient in every parameter.
 * @param y scaled labels, one per row.
 * @param gradient written; 0 where a parameter is measured, not learned.
 */
export function lossAndGradient(
  network: Layer,
  weights: Float32Array,
  { x, rows }: Batch,
  y: Float32Array,
  options: {
    readonly input_dims: readonly number[];
    readonly delta: number;
    readonly masks: DropoutMasks;
    /** Multiply the rows' losses; undefined: 1 each. */
    readonly row_weights?: Float32Array | undefined;
  },
  gradient: Float32Array,
): number {
  const specs = network.parameters;
  return tf.tidy(() => {
    const inputs = tf.tensor(x, [rows, ...options.input_dims], "float32");
    const labels = tf.tensor(y, [rows, 1], "float32");
    const weighted = options.row_weights && tf.tensor(options.row_weights, [rows, 1], "float32");
    const all = tensorsOf(specs, weights);
    const learned = all.filter((_, index) => specs[index]!.role !== "statistic");
    const loss = (...values: tf.Tensor[]): tf.Scalar => {
      const rest = values.values();
      const used = all.map((tensor, index) =>
        specs[index]!.role === "statistic" ? tensor : rest.next().value!,
      );
      const pass = {
        batch_moments: true,
        mask: (dims: readonly number[], rate: number) => options.masks.next(dims, rate),
      };
      return huber(tf.sub(network.apply(inputs, used, pass), labels), options.delta, weighted);
    };
    const { value, grads } = tf.valueAndGrads(loss)(learned);
    const views = viewsOf(specs, gradient).filter((_, index) => specs[index]!.role !== "statistic");
    for (const [index, view] of views.entries()) view.set(grads[index]!.dataSync<"float32">());
    return value.dataSync<"float32">()[0]!;
  });
}

// e²/2 up to delta, then delta·(|e| − delta/2); its slope is e, cut off at ±delta. The mean over rows, each times its
// weight.
function huber(error: tf.Tensor, delta: number, weights: tf.Tensor | undefined): tf.Scalar {
  const loss = tf.customGrad((e, save) => {
    const cut = tf.clipByValue(e as tf.Tensor, -delta, delta);
    const slope = weights ? tf.mul(cut, weights) : cut;
    (save as tf.GradSaveFunc)([slope]);
    const rows = (e as tf.Tensor).size;
    const value = tf.div(tf.sum(tf.mul(slope, tf.sub(e as tf.Tensor, tf.mul(cut, 0.5)))), rows);
    return { value, gradFunc: (dy, saved) => tf.mul(dy, tf.div((saved as tf.Tensor[])[0]!, rows)) };
  });
  return loss(error) as tf.Scalar;
}

/** Outputs of the network for the rows of one batch after the other. */
export function outputsOf(
  network: Layer,
  weights: Float32Array,
  input_dims: readonly number[],
  rows: number,
  fill: (from: number, to: number, into: Float32Array) => void,
): Float32Array {
  const outputs = new Float32Array(rows);
  const width = input_dims.reduce((size, dim) => size * dim, 1);
  for (let from = 0; from < rows; from += FORECAST_ROWS) {
    const to = Math.min(rows, from + FORECAST_ROWS);
    const x = new Float32Array((to - from) * width);
    fill(from, to, x);
    tf.tidy(() => {
      const inputs = tf.tensor(x, [to - from, ...input_dims], "float32");
      const output = network.apply(inputs, tensorsOf(network.parameters, weights), { batch_moments: false });
      outputs.set(output.dataSync<"float32">(), from);
    });
  }
  return outputs;
}

/** Measures the statistics (batch norm's moments) over one large batch and writes them into the weights. */
export function measureStatistics(
  network: Layer,
  weights: Float32Array,
  { x, rows }: Batch,
  input_dims: readonly number[],
): void {
  const specs = network.parameters;
  if (specs.every(({ role }) => role !== "statistic")) return;
  const views = viewsOf(specs, weights);
  tf.tidy(() => {
    const all = tensorsOf(specs, weights);
    const inputs = tf.tensor(x, [rows, ...input_dims], "float32");
    network.apply(inputs, all, {
      batch_moments: true,
      observe: (statistic, value) => views[all.indexOf(statistic)]!.set(value.dataSync<"float32">()),
    });
  });
}
