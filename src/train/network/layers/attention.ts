/**
 * The parts of a transformer over the last n vectors: multi-head self-attention and layer norm, with the
 * residual connection around them (Vaswani et al. 2017; normalised before, as in Xiong et al. 2020, which
 * trains without warm-up).
 */

import * as tf from "@tensorflow/tfjs-core";
import { bias, weight } from "./dense.ts";
import type { Layer } from "./layer.ts";
import { product, shifted } from "./linear.ts";
import { normalised } from "./normalise.ts";

const EPSILON = 1e-5;

const columnMeans = (x: tf.Tensor): tf.Tensor => tf.matMul(x, tf.fill([x.shape[1]!, 1], 1 / x.shape[1]!));

/** Mean 0 and deviation 1 over the last dimension, then gain and shift. */
export function layerNorm(inputs: readonly number[]): Layer {
  const width = inputs.at(-1)!;
  return {
    parameters: [bias("gain", [width], 1), bias("shift", [width])],
    dims: inputs,
    apply: (x, [gain, shift]) => {
      const rows = normalised(tf.reshape(x, [-1, width]), gain!, shift!, {
        meanOf: columnMeans,
        epsilon: EPSILON,
      });
      return tf.reshape(rows, x.shape);
    },
    write: (graph, x, [gain, shift], scope) =>
      graph.node(
        "LayerNormalization",
        [
          x,
          graph.constant(`${scope}.gain`, [width], gain!),
          graph.constant(`${scope}.shift`, [width], shift!),
        ],
        { axis: { int: -1 }, epsilon: { float: EPSILON } },
      ),
  };
}

/** x + inner(x). */
export function residual(inner: Layer): Layer {
  return {
    parameters: inner.parameters,
    dims: inner.dims,
    apply: (x, weights, pass) => tf.add(x, inner.apply(x, weights, pass)),
    write: (graph, x, weights, scope) => graph.add(x, inner.write(graph, x, weights, scope)),
  };
}

/** Adds a learned vector to each position, for attention by itself has no order. */
export function positions([steps, width]: readonly [number, number]): Layer {
  return {
    parameters: [weight("p", [steps, width], 0.02)],
    dims: [steps, width],
    apply: (x, [p]) => {
      const rows = shifted(tf.reshape(x, [-1, steps * width]), tf.reshape(p!, [steps * width]));
      return tf.reshape(rows, x.shape);
    },
    write: (graph, x, [p], scope) => graph.add(x, graph.constant(`${scope}.p`, [steps, width], p!)),
  };
}

/** The newest position: [n, width] → [width]. */
export function newest([steps, width]: readonly [number, number]): Layer {
  return {
    parameters: [],
    dims: [width],
    apply: (x) => tf.reshape(tf.slice(x, [0, steps - 1, 0], [-1, 1, width]), [-1, width]),
    write: (graph, x, _, scope) =>
      graph.node("Gather", [x, graph.integers(`${scope}.newest`, [], [steps - 1])], { axis: { int: 1 } }),
  };
}

/** softmax(Q·Kᵀ ÷ √d)·V for each of `heads` parts of the width, joined by one more product. */
export function selfAttention([steps, width]: readonly [number, number], heads: number): Layer {
  const depth = width / heads;
  const scale = 1 / Math.sqrt(depth);
  const square = (name: string) => weight(name, [width, width], Math.sqrt(1 / width));
  return {
    parameters: [square("q"), square("k"), square("v"), square("o"), bias("b", [width])],
    dims: [steps, width],
    apply: (x, [q, k, v, o, b]) => {
      const flat = tf.reshape(x, [-1, width]);
      const byHead = (w: tf.Tensor): tf.Tensor =>
        tf.transpose(tf.reshape(product(flat, w), [-1, steps, heads, depth]), [0, 2, 1, 3]);
      const scores = tf.matMul(tf.mul(byHead(q!), scale), byHead(k!), false, true);
      const mixed = tf.transpose(tf.matMul(tf.softmax(scores), byHead(v!)), [0, 2, 1, 3]);
      const joined = shifted(product(tf.reshape(mixed, [-1, width]), o!), b!);
      return tf.reshape(joined, [-1, steps, width]);
    },
    write: (graph, x, [q, k, v, o, b], scope) => {
      const multiplied = (name: string, from: string, values: Float32Array): string =>
        graph.matMul(from, graph.constant(`${scope}.${name}`, [width, width], values));
      const split = graph.integers(`${scope}.split`, [4], [0, steps, heads, depth]);
      const join = graph.integers(`${scope}.join`, [3], [0, steps, width]);
      const byHead = (value: string, perm: readonly number[]): string =>
        graph.node("Transpose", [graph.node("Reshape", [value, split])], { perm: { ints: perm } });
      const scaled = graph.mul(multiplied("q", x, q!), graph.constant(`${scope}.scale`, [1], [scale]));
      const queries = byHead(scaled, [0, 2, 1, 3]);
      const keys = byHead(multiplied("k", x, k!), [0, 2, 3, 1]);
      const values = byHead(multiplied("v", x, v!), [0, 2, 1, 3]);
      const shares = graph.node("Softmax", [graph.matMul(queries, keys)], { axis: { int: -1 } });
      const mixed = graph.node("Transpose", [graph.matMul(shares, values)], { perm: { ints: [0, 2, 1, 3] } });
      const joined = multiplied("o", graph.node("Reshape", [mixed, join]), o!);
      return graph.add(joined, graph.constant(`${scope}.b`, [width], b!));
    },
  };
}
