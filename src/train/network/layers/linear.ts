/**
 * Products, shifts and means over rows, with gradients of their own. Those the library derives multiply by
 * transposed matrices and reduce over rows, which WebAssembly does many times slower than a plain product;
 * written as plain products they give the same numbers, several times faster (bench/training/training.ts).
 */

import * as tf from "@tensorflow/tfjs-core";

/** Means over rows: [rows, width] → [1, width]. */
export const rowMeans = (x: tf.Tensor): tf.Tensor =>
  tf.matMul(tf.fill([1, x.shape[0]!], 1 / x.shape[0]!), ownBuffer(x));

/** Sums over rows: [rows, width] → [1, width]. */
export const rowSums = (x: tf.Tensor): tf.Tensor => tf.matMul(tf.ones([1, x.shape[0]!]), ownBuffer(x));

// WebAssembly's product keeps a prepared form of the right-hand matrix by its buffer, whatever its shape: a buffer
// that is used there once as [a, b] and once, reshaped, as [c, d] ends in an abort. What may be a reshaped
// view is copied first.
const ownBuffer = (x: tf.Tensor): tf.Tensor => tf.mul(x, 1);

/** x·W, [rows, in]·[in, out]. */
export function product(x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  return withGradient([x, w], ([a, b]) => ({
    value: tf.matMul(a!, b!),
    kept: [a!, b!],
    gradients: (dy, [left, right]) => [
      tf.matMul(dy, tf.transpose(right!)),
      tf.matMul(tf.transpose(left!), ownBuffer(dy)),
    ],
  }));
}

/** x + b, [rows, width] + [width]. */
export function shifted(x: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return withGradient([x, b], ([value, shift]) => ({
    value: tf.add(value!, shift!),
    kept: [],
    gradients: (dy) => [dy, tf.reshape(rowSums(dy), b.shape)],
  }));
}

interface Differentiable {
  readonly value: tf.Tensor;
  /** What `gradients` needs; other tensors made on the way are gone by then. */
  readonly kept: tf.Tensor[];
  /** One per input, from the gradient of the value. */
  gradients(dy: tf.Tensor, kept: readonly tf.Tensor[]): tf.Tensor[];
}

/** A function of tensors whose gradient is written by hand. */
export function withGradient(
  inputs: tf.Tensor[],
  compute: (inputs: readonly tf.Tensor[]) => Differentiable,
): tf.Tensor {
  const custom = tf.customGrad((...given) => {
    const save = given.at(-1) as tf.GradSaveFunc;
    const { value, kept, gradients } = compute(given.slice(0, -1) as tf.Tensor[]);
    save(kept);
    return { value, gradFunc: (dy, saved) => gradients(dy as tf.Tensor, saved as tf.Tensor[]) };
  });
  return custom(...inputs);
}
