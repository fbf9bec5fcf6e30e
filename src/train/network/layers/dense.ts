/** Fully connected layers: plain, and with batch norm, ReLU and dropout as the networks use them. */

import * as tf from "@tensorflow/tfjs-core";
import type { Layer, ParameterSpec } from "./layer.ts";
import { product, rowMeans, shifted } from "./linear.ts";
import { normalised } from "./normalise.ts";

/** He's initialisation for ReLU: standard deviation √(2 ÷ inputs). */
const heSd = (inputs: number): number => Math.sqrt(2 / inputs);

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

export function weight(name: string, dims: readonly number[], sd: number): ParameterSpec {
  return { name, dims, value: 0, sd, role: "weight" };
}

export function bias(name: string, dims: readonly number[], value = 0): ParameterSpec {
  return { name, dims, value, sd: 0, role: "bias" };
}

/**
 * x·W + b over the last dimension.
 * @param inputs shape of one input without the batch.
 * @param sd of the first weights; 0 for the network's last layer, so that it begins by forecasting nothing.
 */
export function dense(inputs: readonly number[], width: number, sd?: number): Layer {
  const fan_in = inputs.at(-1)!;
  const dims = [...inputs.slice(0, -1), width];
  return {
    parameters: [weight("w", [fan_in, width], sd ?? heSd(fan_in)), bias("b", [width])],
    dims,
    apply: (x, [w, b]) => linearLast(x, w!, b!),
    write: (graph, x, [w, b], scope) => {
      const weights = graph.constant(`${scope}.w`, [fan_in, width], w!);
      const offset = graph.constant(`${scope}.b`, [width], b!);
      return inputs.length === 1
        ? graph.gemm(x, weights, offset)
        : graph.add(graph.matMul(x, weights), offset);
    },
  };
}

// [batch, n, c] as one matrix of all its rows.
function linearLast(x: tf.Tensor, w: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (x.rank === 2) return shifted(product(x, w), b);
  const [fan_in, width] = w.shape as [number, number];
  const rows = shifted(product(tf.reshape(x, [-1, fan_in]), w), b);
  return tf.reshape(rows, [...x.shape.slice(0, -1), width]);
}

export function relu(inputs: readonly number[]): Layer {
  return {
    parameters: [],
    dims: inputs,
    apply: (x) => tf.relu(x),
    write: (graph, x) => graph.relu(x),
  };
}

/** Inverted dropout: what is kept grows by 1 ÷ (1 − rate), so that serving has nothing to do. */
export function dropout(inputs: readonly number[], rate: number): Layer {
  return {
    parameters: [],
    dims: inputs,
    apply: (x, _, pass) => (pass.mask && rate > 0 ? tf.mul(x, pass.mask(x.shape, rate)) : x),
    write: (_, x) => x,
  };
}

const EPSILON = 1e-3;

/**
 * x·W, then batch norm: (h − mean) ÷ √(variance + ε) · gain + shift. The moments are the batch's own in
 * training; for serving they are measured once over training rows and folded into one Gemm.
 */
export function denseNormalised(inputs: number, width: number): Layer {
  const statistic = (name: string, value: number): ParameterSpec => ({
    name,
    dims: [width],
    value,
    sd: 0,
    role: "statistic",
  });
  return {
    parameters: [
      weight("w", [inputs, width], heSd(inputs)),
      bias("gain", [width], 1),
      bias("shift", [width]),
      statistic("mean", 0),
      statistic("variance", 1),
    ],
    dims: [width],
    apply: (x, [w, gain, shift, mean, variance], pass) => {
      const h = product(x, w!);
      if (pass.batch_moments) {
        return normalised(h, gain!, shift!, {
          meanOf: rowMeans,
          epsilon: EPSILON,
          observe: (batch_mean, batch_variance) => {
            pass.observe?.(mean!, batch_mean);
            pass.observe?.(variance!, batch_variance);
          },
        });
      }
      const slope = tf.mul(gain!, tf.rsqrt(tf.add(variance!, EPSILON)));
      return tf.add(tf.mul(tf.sub(h, mean!), slope), shift!);
    },
    write: (graph, x, [w, gain, shift, mean, variance], scope) => {
      const slope = Float64Array.from(gain!, (value, j) => value / Math.sqrt(variance![j]! + EPSILON));
      const weights = Float64Array.from(w!, (value, index) => value * slope[index % width]!);
      const offset = Float64Array.from(shift!, (value, j) => value - mean![j]! * slope[j]!);
      return graph.gemm(
        x,
        graph.constant(`${scope}.w`, [inputs, width], weights),
        graph.constant(`${scope}.b`, [width], offset),
      );
    },
  };
}
