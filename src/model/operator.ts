/**
 * What an operator of the fallback is: how many inputs it takes, which attributes it knows, and how a node is
 * made ready to run at batch size 1. Shapes are all known then, so running neither checks nor allocates.
 */

import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { OnnxAttribute, OnnxNode } from "./onnx_read.ts";

/** A value of the graph at batch size 1: its shape and the buffer that holds it, row-major. */
export interface Value {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A node made ready: its output's buffer, and the code that fills it from its inputs'. */
export interface Step {
  readonly output: Value;
  run(): void;
}

export interface Operator {
  readonly inputs: readonly [min: number, max: number];
  readonly attributes: readonly string[];
  /** Position of an input that is a constant of integers: a shape or an index. */
  readonly integers_at?: number;
  /** Position of the one output that is computed; those before it are left unnamed. Default 0. */
  readonly output_at?: number;
  /** @param inputs without the integers. */
  prepare(node: OnnxNode, inputs: readonly Value[], integers: readonly number[]): Step;
}

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** @throws ForetickError ONNX_REFUSED where the shape is larger than any model here needs. */
export function allocate(dims: readonly number[]): Value {
  if (sizeOf(dims) > LIMITS.model_value_max) {
    fail(
      "ONNX_REFUSED",
      `value expected at most ${LIMITS.model_value_max} numbers, was [${dims.join(", ")}]`,
    );
  }
  return { dims, data: new Float32Array(sizeOf(dims)) };
}

/** The same numbers under another shape: nothing to run. */
export function reshaped(node: OnnxNode, input: Value, dims: readonly number[]): Step {
  if (sizeOf(dims) !== input.data.length) refuseShape(node, `${sizeOf(dims)} numbers`, [input]);
  return { output: { dims, data: input.data }, run: () => {} };
}

export function refuseShape(node: OnnxNode, expected: string, inputs: readonly Value[]): never {
  const found = inputs.map((input) => `[${input.dims.join(", ")}]`).join(", ");
  return fail("ONNX_REFUSED", `${node.op_type} expected ${expected}, was ${found}`);
}

export function numberAttribute(node: OnnxNode, name: string, otherwise: number): number {
  const value: OnnxAttribute | undefined = node.attributes.get(name);
  if (value === undefined) return otherwise;
  if (typeof value === "number") return value;
  return fail("ONNX_REFUSED", `${node.op_type} expected ${name} to be one number`);
}

/** An attribute that names a dimension, counted from the end where negative. */
export function axisAttribute(node: OnnxNode, rank: number, otherwise: number): number {
  const axis = numberAttribute(node, "axis", otherwise);
  if (Number.isInteger(axis) && axis >= -rank && axis <= rank) return axis < 0 ? axis + rank : axis;
  return fail("ONNX_REFUSED", `${node.op_type} expected an axis within ±${rank}, was ${axis}`);
}

// Shapes are aligned at their last dimension; a dimension of 1 (or none) stretches.
export function broadcast(node: OnnxNode, a: Value, b: Value): number[] {
  const rank = Math.max(a.dims.length, b.dims.length);
  return Array.from({ length: rank }, (_, index) => {
    const fromA = a.dims[index - rank + a.dims.length] ?? 1;
    const fromB = b.dims[index - rank + b.dims.length] ?? 1;
    if (fromA === fromB || fromB === 1) return fromA;
    return fromA === 1 ? fromB : refuseShape(node, "shapes that broadcast", [a, b]);
  });
}

// For each element of the output, where its operand lies: worked out once, so that running is one lookup.
export function broadcastIndex(dims: readonly number[], output: readonly number[]): Int32Array {
  const index = new Int32Array(sizeOf(output));
  for (let flat = 0; flat < index.length; flat++) {
    let rest = flat;
    let stride = 1;
    let at = 0;
    for (let axis = output.length - 1; axis >= 0; axis--) {
      const coordinate = rest % output[axis]!;
      rest = (rest - coordinate) / output[axis]!;
      const dim = dims[axis - output.length + dims.length] ?? 1;
      if (dim > 1) at += coordinate * stride;
      stride *= dim;
    }
    index[flat] = at;
  }
  return index;
}
