/** What recurrent networks and attention are made of. Their exponentials are the platform's `Math`. */

import { fail } from "../../base/errors.ts";
import {
  allocate,
  axisAttribute,
  numberAttribute,
  refuseShape,
  roundingOf,
  type Step,
  type Value,
} from "./operator.ts";
import type { OnnxNode } from "./read.ts";

/** e^x ÷ Σe^x over the last dimension, the largest subtracted first. Before set 13 the dimension was another by default. */
export function prepareSoftmax(node: OnnxNode, inputs: readonly Value[]): Step {
  const [x] = inputs as [Value];
  const width = lastDimension(node, inputs, node.opset < 13 ? 1 : -1);
  const output = allocate(x.dims, x);
  const round = roundingOf(output);
  const run = (): void => {
    const { data } = output;
    for (let from = 0; from < data.length; from += width) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = from; i < from + width; i++) largest = Math.max(largest, x.data[i]!);
      let sum = 0;
      for (let i = from; i < from + width; i++) {
        data[i] = Math.exp(x.data[i]! - largest);
        sum = round(sum + data[i]!);
      }
      for (let i = from; i < from + width; i++) data[i] = data[i]! / sum;
    }
  };
  return { output, run };
}

/** (x − mean) ÷ √(variance + epsilon) · gain + shift over the last dimension. */
export function prepareLayerNormalization(node: OnnxNode, inputs: readonly Value[]): Step {
  const [x, gain, shift] = inputs as [Value, Value, Value?];
  const width = lastDimension(node, [x]);
  if (gain.data.length !== width || (shift && shift.data.length !== width)) {
    refuseShape(node, "gain and shift of the last dimension", inputs);
  }
  const epsilon = Math.fround(numberAttribute(node, "epsilon", 1e-5));
  const output = allocate(x.dims, x);
  const round = roundingOf(output);
  const run = (): void => {
    for (let from = 0; from < output.data.length; from += width) {
      let mean = 0;
      for (let i = 0; i < width; i++) mean += x.data[from + i]! / width;
      let variance = 0;
      for (let i = 0; i < width; i++) variance += (x.data[from + i]! - mean) ** 2 / width;
      const slope = 1 / Math.sqrt(variance + epsilon);
      for (let i = 0; i < width; i++) {
        const z = round((x.data[from + i]! - mean) * slope);
        output.data[from + i] = round(z * gain.data[i]!) + (shift ? shift.data[i]! : 0);
      }
    }
  };
  return { output, run };
}

function lastDimension(node: OnnxNode, inputs: readonly Value[], otherwise = -1): number {
  const { dims } = inputs[0]!;
  if (dims.length === 0 || axisAttribute(node, dims.length, otherwise) !== dims.length - 1) {
    refuseShape(node, "the last dimension as its axis", inputs);
  }
  return dims.at(-1)!;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * One layer, one direction, gates in ONNX's order: input, output, forget, cell. Inputs X [n, 1, columns],
 * W [1, 4h, columns], R [1, 4h, h], B [1, 8h]; the output is the last hidden state, [1, 1, h].
 */
export function prepareLstm(node: OnnxNode, inputs: readonly Value[]): Step {
  const [x, w, r, b] = inputs as [Value, Value, Value, Value];
  const [steps, batch, columns] = x.dims;
  const width = numberAttribute(node, "hidden_size", 0);
  const wanted = [[1, 4 * width, columns].join(), [1, 4 * width, width].join(), [1, 8 * width].join()];
  const fits = [w, r, b].every(({ dims }, index) => dims.join() === wanted[index]);
  if (x.dims.length !== 3 || batch !== 1 || !fits || width < 1) {
    refuseShape(node, "X [n, 1, c], W [1, 4h, c], R [1, 4h, h] and B [1, 8h]", inputs);
  }
  if (x.data instanceof Float64Array) fail("ONNX_REFUSED", "LSTM expected float32, was float64");
  const output = allocate([1, 1, width]);
  const hidden = output.data;
  const cell = new Float32Array(width);
  const gates = new Float32Array(4 * width);
  const work = steps! * 4 * width * (columns! + width);
  const run = (): void => {
    hidden.fill(0);
    cell.fill(0);
    for (let step = 0; step < steps!; step++) {
      for (let gate = 0; gate < gates.length; gate++) {
        let sum = Math.fround(b.data[gate]! + b.data[4 * width + gate]!);
        for (let j = 0; j < columns!; j++) {
          sum = Math.fround(sum + x.data[step * columns! + j]! * w.data[gate * columns! + j]!);
        }
        for (let j = 0; j < width; j++) sum = Math.fround(sum + hidden[j]! * r.data[gate * width + j]!);
        gates[gate] = sum;
      }
      for (let unit = 0; unit < width; unit++) {
        const kept = sigmoid(gates[2 * width + unit]!) * cell[unit]!;
        cell[unit] = kept + sigmoid(gates[unit]!) * Math.tanh(gates[3 * width + unit]!);
        hidden[unit] = sigmoid(gates[width + unit]!) * Math.tanh(cell[unit]!);
      }
    }
  };
  return { output, work, run };
}
