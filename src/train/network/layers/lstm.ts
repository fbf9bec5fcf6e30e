/**
 * A long short-term memory over the last n vectors, giving its last hidden state (Hochreiter and Schmidhuber
 * 1997, forget gate after Gers 2000). Here the gates are in the order input, forget, cell, output; ONNX has
 * input, output, forget, cell (https://github.com/onnx/onnx/blob/main/docs/Operators.md#LSTM), so `write`
 * reorders them.
 */

import * as tf from "@tensorflow/tfjs-core";
import { bias, weight } from "./dense.ts";
import type { Layer } from "./layer.ts";
import { product, shifted } from "./linear.ts";

/** Our gate blocks in ONNX's order. */
const ONNX_GATES = [0, 3, 1, 2] as const;
const FORGET = 1;

/** [n, columns] → [width]. */
export function lstm([, columns]: readonly [number, number], width: number): Layer {
  return {
    parameters: [
      weight("w", [columns, 4 * width], Math.sqrt(1 / columns)),
      weight("r", [width, 4 * width], Math.sqrt(1 / width)),
      bias("b", [4 * width]),
    ],
    dims: [width],
    apply: (x, [w, r, b]) => {
      const batch = x.shape[0]!;
      let hidden: tf.Tensor = tf.zeros([batch, width]);
      let cell: tf.Tensor = tf.zeros([batch, width]);
      for (const vector of tf.unstack(x, 1)) {
        const gates = shifted(tf.add(product(vector, w!), product(hidden, r!)), b!);
        const [enter, forget, candidate, leave] = tf.split(gates, 4, 1);
        // +1: at first the state is kept.
        const kept = tf.mul(tf.sigmoid(tf.add(forget!, FORGET)), cell);
        cell = tf.add(kept, tf.mul(tf.sigmoid(enter!), tf.tanh(candidate!)));
        hidden = tf.mul(tf.sigmoid(leave!), tf.tanh(cell));
      }
      return hidden;
    },
    write: (graph, x, [w, r, b], scope) => {
      const shifted = Float64Array.from(
        b!,
        (value, gate) => value + (Math.floor(gate / width) === 1 ? FORGET : 0),
      );
      const time_first = graph.node("Transpose", [x], { perm: { ints: [1, 0, 2] } });
      const both = new Float64Array(8 * width);
      both.set(gateRows(shifted, 1, width));
      const last = graph.node(
        "LSTM",
        [
          time_first,
          graph.constant(`${scope}.w`, [1, 4 * width, columns], gateRows(w!, columns, width)),
          graph.constant(`${scope}.r`, [1, 4 * width, width], gateRows(r!, width, width)),
          graph.constant(`${scope}.b`, [1, 8 * width], both),
        ],
        { hidden_size: { int: width } },
        undefined,
        1,
      );
      // [1, batch, width] → [batch, width]
      return graph.node("Flatten", [last], { axis: { int: 2 } });
    },
  };
}

/** [inputs, 4·width] in our gate order → [4·width, inputs] in ONNX's. */
function gateRows(values: ArrayLike<number>, inputs: number, width: number): Float64Array {
  const rows = new Float64Array(values.length);
  for (const [to, from] of ONNX_GATES.entries()) {
    for (let unit = 0; unit < width; unit++) {
      for (let input = 0; input < inputs; input++) {
        rows[(to * width + unit) * inputs + input] = values[input * 4 * width + from * width + unit]!;
      }
    }
  }
  return rows;
}
