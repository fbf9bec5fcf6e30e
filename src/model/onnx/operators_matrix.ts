/** Products of matrices, and batch norm with fixed statistics. */

import { fail } from "../../base/errors.ts";
import {
  allocate,
  broadcast,
  broadcastIndex,
  numberAttribute,
  refuseShape,
  roundingOf,
  type Step,
  sizeOf,
  type Value,
} from "./operator.ts";
import type { OnnxNode } from "./read.ts";
import type { Floats } from "./values.ts";

/** A run of matrices: how many, and how far apart in their buffer. */
interface Matrices {
  readonly data: Floats;
  /** Numbers from one matrix to the next; 0 where one serves for all. */
  readonly apart: number;
}

// out[m, r, c] = Σ a[m, r, k]·b[m, k, c], each addition rounded to the kind of the numbers, k ascending.
function multiply(a: Matrices, b: Matrices, inner: number, transB: boolean, output: Value): void {
  const rows = output.dims.at(-2)!;
  const columns = output.dims.at(-1)!;
  const step = transB ? 1 : columns;
  const count = output.data.length / (rows * columns);
  const round = roundingOf(output);
  let to = 0;
  for (let matrix = 0; matrix < count; matrix++) {
    for (let r = 0; r < rows; r++) {
      const from = matrix * a.apart + r * inner;
      for (let c = 0; c < columns; c++, to++) {
        let sum = 0;
        let at = matrix * b.apart + (transB ? c * inner : c);
        for (let k = 0; k < inner; k++, at += step) sum = round(sum + a.data[from + k]! * b.data[at]!);
        output.data[to] = sum;
      }
    }
  }
}

const matrices = ({ dims, data }: Value): Matrices => ({
  data,
  apart: dims.length === 2 ? 0 : dims.at(-1)! * dims.at(-2)!,
});

/** [m, k]·[k, n]; or a run of such, the second being one for all, or one each; or [m, k]·[k]. */
export function prepareMatMul(node: OnnxNode, inputs: readonly Value[]): Step {
  const [a, given] = inputs as [Value, Value];
  const vector = given.dims.length === 1;
  const b = vector ? { dims: [given.dims[0]!, 1], data: given.data } : given;
  const lead = a.dims.slice(0, -2);
  const fits =
    a.dims.length >= 2 &&
    a.dims.at(-1) === b.dims.at(-2) &&
    (b.dims.length === 2 || b.dims.slice(0, -2).join() === lead.join());
  if (!fits) refuseShape(node, "[…, m, k] and [k, n] or […, k, n]", inputs);
  const output = allocate([...lead, a.dims.at(-2)!, b.dims.at(-1)!], a);
  const [left, right, inner] = [matrices(a), matrices(b), a.dims.at(-1)!];
  const work = output.data.length * inner;
  const run = (): void => multiply(left, right, inner, false, output);
  return { output: vector ? { dims: output.dims.slice(0, -1), data: output.data } : output, work, run };
}

export function prepareGemm(node: OnnxNode, inputs: readonly Value[]): Step {
  const [a, b, c] = inputs as [Value, Value, Value?];
  const transB = numberAttribute(node, "transB", 0) !== 0;
  const alpha = numberAttribute(node, "alpha", 1);
  const beta = numberAttribute(node, "beta", 1);
  if (numberAttribute(node, "transA", 0) !== 0) fail("ONNX_REFUSED", "Gemm expected transA 0");
  const [inner, columns] = transB ? [b.dims[1], b.dims[0]] : [b.dims[0], b.dims[1]];
  if (a.dims.length !== 2 || b.dims.length !== 2 || a.dims[1] !== inner) {
    refuseShape(node, `[m, k] and ${transB ? "[n, k]" : "[k, n]"}`, inputs);
  }
  const output = allocate([a.dims[0]!, columns!], a);
  const round = roundingOf(output);
  if (c && sizeOf(broadcast(node, c, output)) !== output.data.length) refuseShape(node, "a bias [n]", inputs);
  const [left, right] = [matrices(a), matrices(b)];
  const fromC = c && broadcastIndex(c.dims, output.dims);
  const run = (): void => {
    multiply(left, right, a.dims[1]!, transB, output);
    const { data } = output;
    for (let i = 0; i < data.length; i++) {
      const scaled = round(alpha * data[i]!);
      data[i] = c && fromC ? scaled + round(beta * c.data[fromC[i]!]!) : scaled;
    }
  };
  return { output, work: output.data.length * a.dims[1]!, run };
}

// out = (x − mean) ÷ sqrt(var + epsilon) · scale + bias, channels in dimension 1, statistics fixed.
export function prepareBatchNormalization(node: OnnxNode, inputs: readonly Value[]): Step {
  const [x, scale, bias, mean, variance] = inputs as [Value, Value, Value, Value, Value];
  const channels = x.dims[1];
  const perChannel = [scale, bias, mean, variance].every(
    ({ dims }) => dims.length === 1 && dims[0] === channels,
  );
  if (x.dims.length !== 2 || !perChannel) refuseShape(node, "[m, c] and four of [c]", inputs);
  if (numberAttribute(node, "training_mode", 0) !== 0) {
    fail("ONNX_REFUSED", "BatchNormalization expected training_mode 0");
  }
  const epsilon = Math.fround(numberAttribute(node, "epsilon", 1e-5));
  const gain = scale.data.map((value, channel) => value / Math.sqrt(variance.data[channel]! + epsilon));
  const output = allocate(x.dims, x);
  const round = roundingOf(output);
  const run = (): void => {
    for (let i = 0; i < output.data.length; i++) {
      const channel = i % channels!;
      const centred = round(x.data[i]! - mean.data[channel]!);
      output.data[i] = round(centred * gain[channel]!) + bias.data[channel]!;
    }
  };
  return { output, run };
}
