/** Operators that only move numbers: their shape and order, never their value. */

import { fail } from "../base/errors.ts";
import type { OnnxNode } from "./onnx_read.ts";
import { allocate, axisAttribute, refuseShape, reshaped, type Step, sizeOf, type Value } from "./operator.ts";

export function prepareTranspose(node: OnnxNode, inputs: readonly Value[]): Step {
  const [x] = inputs as [Value];
  const rank = x.dims.length;
  const perm = node.attributes.get("perm");
  if (!Array.isArray(perm) || perm.toSorted((a, b) => a - b).join() !== [...x.dims.keys()].join()) {
    return fail("ONNX_REFUSED", `Transpose expected perm to order ${rank} dimensions, was ${String(perm)}`);
  }
  const output = allocate(perm.map((axis: number) => x.dims[axis]!));
  const strides = x.dims.map((_, axis) => sizeOf(x.dims.slice(axis + 1)));
  const from = Int32Array.from(output.data.keys(), (flat) => {
    let rest = flat;
    let at = 0;
    for (let axis = rank - 1; axis >= 0; axis--) {
      at += (rest % output.dims[axis]!) * strides[perm[axis]!]!;
      rest = Math.floor(rest / output.dims[axis]!);
    }
    return at;
  });
  const run = (): void => {
    for (let i = 0; i < from.length; i++) output.data[i] = x.data[from[i]!]!;
  };
  return { output, run };
}

/** 0 keeps a dimension, one −1 takes what is left. */
export function prepareReshape(node: OnnxNode, inputs: readonly Value[], shape: readonly number[]): Step {
  const [x] = inputs as [Value];
  const dims = shape.map((dim, axis) => (dim === 0 ? (x.dims[axis] ?? 0) : dim));
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = x.data.length / -sizeOf(dims);
  const whole = dims.every((dim) => Number.isInteger(dim) && dim >= 1);
  if (!whole) refuseShape(node, `a shape that [${shape.join(", ")}] fits`, inputs);
  return reshaped(node, x, dims);
}

/** Two dimensions: those before the axis, and the rest. */
export function prepareFlatten(node: OnnxNode, inputs: readonly Value[]): Step {
  const [x] = inputs as [Value];
  const axis = axisAttribute(node, x.dims.length, 1);
  return reshaped(node, x, [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))]);
}

/** One position of a dimension, which falls away. */
export function prepareGather(node: OnnxNode, inputs: readonly Value[], indices: readonly number[]): Step {
  const [x] = inputs as [Value];
  const axis = axisAttribute(node, x.dims.length, 0);
  const length = x.dims[axis];
  const [index, ...others] = indices;
  if (length === undefined || index === undefined || others.length > 0 || index < 0 || index >= length) {
    return fail("ONNX_REFUSED", `Gather expected one index from 0 to ${length}, was [${indices.join(", ")}]`);
  }
  const inner = sizeOf(x.dims.slice(axis + 1));
  const output = allocate([...x.dims.slice(0, axis), ...x.dims.slice(axis + 1)]);
  const run = (): void => {
    for (let outer = 0; outer * inner < output.data.length; outer++) {
      const from = (outer * length + index) * inner;
      for (let i = 0; i < inner; i++) output.data[outer * inner + i] = x.data[from + i]!;
    }
  };
  return { output, run };
}
