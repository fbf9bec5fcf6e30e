/**
 * (x − mean) ÷ √(variance + ε) · gain + shift, the mean taken over rows (batch norm, Ioffe and Szegedy 2015) or
 * over columns (layer norm, Ba et al. 2016), with one gradient for both: through the moments too.
 */

import * as tf from "@tensorflow/tfjs-core";
import { rowSums, withGradient } from "./linear.ts";

export interface Normalisation {
  /** Means of [rows, width] over one of its dimensions, which becomes 1. */
  readonly meanOf: (x: tf.Tensor) => tf.Tensor;
  readonly epsilon: number;
  readonly observe?: (mean: tf.Tensor, variance: tf.Tensor) => void;
}

/** @param x [rows, width]; @param gain and shift [width]. */
export function normalised(
  x: tf.Tensor,
  gain: tf.Tensor,
  shift: tf.Tensor,
  { meanOf, epsilon, observe }: Normalisation,
): tf.Tensor {
  return withGradient([x, gain, shift], () => {
    const mean = meanOf(x);
    const centred = tf.sub(x, mean);
    const variance = meanOf(tf.square(centred));
    observe?.(mean, variance);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const z = tf.mul(centred, inverse);
    return {
      value: tf.add(tf.mul(z, gain), shift),
      kept: [z, inverse],
      gradients: (dy, kept) => {
        const [unit, scale] = kept as [tf.Tensor, tf.Tensor];
        const dz = tf.mul(dy, gain);
        const along = tf.mul(unit, meanOf(tf.mul(dz, unit)));
        const dx = tf.mul(scale, tf.sub(tf.sub(dz, meanOf(dz)), along));
        const dgain = rowSums(tf.mul(dy, unit));
        return [dx, tf.reshape(dgain, gain.shape), tf.reshape(rowSums(dy), shift.shape)];
      },
    };
  });
}
