/**
 * Operators that only move numbers: their shape and order, never their value. At batch size 1 every shape is known,
 * so that what exporters compute of shapes (`Shape`, `Gather`, `Concat` into a `Reshape`) is computed once.
 */

import { fail } from "../../base/errors.ts";
import {
  allocate,
  axisAttribute,
  axisOf,
  type Integers,
  listAttribute,
  numberAttribute,
  type Operand,
  refuseShape,
  reshaped,
  type Step,
  sizeOf,
  type Value,
} from "./operator.ts";
import type { OnnxNode } from "./read.ts";

type Inputs = readonly (Operand | undefined)[];

export function prepareTranspose(node: OnnxNode, inputs: readonly Value[]): Step {
  const [x] = inputs as [Value];
  const rank = x.dims.length;
  const perm = listAttribute(node, "perm") ?? [...x.dims.keys()].reverse();
  if (perm.toSorted((a, b) => a - b).join() !== [...x.dims.keys()].join()) {
    return fail("ONNX_REFUSED", `Transpose expected perm to order ${rank} dimensions, was ${String(perm)}`);
  }
  const strides = x.dims.map((_, axis) => sizeOf(x.dims.slice(axis + 1)));
  const dims = perm.map((axis) => x.dims[axis]!);
  return moved(
    x,
    dims,
    perm.map((axis) => strides[axis]!),
    0,
  );
}

/** Takes each number of the output from its place in `x`: first + Σ coordinate · stride. */
function moved(x: Value, dims: readonly number[], strides: readonly number[], first: number): Step {
  const output = allocate(dims, x);
  const from = Int32Array.from(output.data.keys(), (flat) => {
    let rest = flat;
    let at = first;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at += (rest % dims[axis]!) * strides[axis]!;
      rest = Math.floor(rest / dims[axis]!);
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
  if (numberAttribute(node, "allowzero", 0) !== 0) fail("ONNX_REFUSED", "Reshape expected allowzero 0");
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
  // The end is a place to cut, too: all dimensions before it.
  const rank = x.dims.length;
  const axis = numberAttribute(node, "axis", 1) === rank ? rank : axisAttribute(node, rank, 1);
  return reshaped(node, x, [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))]);
}

export function prepareShape(node: OnnxNode, [x]: Inputs): Integers {
  if (!x || "integers" in x) return fail("ONNX_REFUSED", `${node.op_type} expected a value of numbers`);
  return { dims: [x.dims.length], integers: x.dims };
}

/** Positions of a dimension, counted from the end where negative; where it is one number, the dimension falls away. */
export function prepareGather(node: OnnxNode, inputs: Inputs): Step | Integers {
  const [x, indices] = inputs;
  const misplaced = !x || !indices || !("integers" in indices) || indices.dims.length > 1;
  if (misplaced) return fail("ONNX_REFUSED", `Gather expected a value and a constant list of positions`);
  const axis = axisAttribute(node, x.dims.length, 0);
  const length = x.dims[axis] ?? 0;
  const positions = indices.integers.map((index) => (index < 0 ? index + length : index));
  if (positions.some((index) => !(index >= 0 && index < length))) {
    return fail(
      "ONNX_REFUSED",
      `Gather expected positions from 0 to ${length}, was [${indices.integers.join(", ")}]`,
    );
  }
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  if ("integers" in x) return { dims, integers: positions.map((at) => x.integers[at]!) };
  const inner = sizeOf(x.dims.slice(axis + 1));
  const output = allocate(dims, x);
  const run = (): void => {
    let to = 0;
    for (let outer = 0; to < output.data.length; outer++) {
      for (const position of positions) {
        const from = (outer * length + position) * inner;
        for (let i = 0; i < inner; i++) output.data[to++] = x.data[from + i]!;
      }
    }
  };
  return { output, run };
}

/** One after the other along a dimension. */
export function prepareConcat(node: OnnxNode, inputs: Inputs): Step | Integers {
  const parts = inputs.filter((input): input is Operand => input !== undefined);
  const [first] = parts;
  if (!first || parts.length !== inputs.length) return fail("ONNX_REFUSED", "Concat expected every input");
  const axis = axisAttribute(node, first.dims.length, node.opset < 4 ? 1 : 0);
  const rest = (dims: readonly number[]): string => dims.toSpliced(axis, 1).join();
  if (parts.some(({ dims }) => dims.length !== first.dims.length || rest(dims) !== rest(first.dims))) {
    refuseShape(node, `shapes that differ in dimension ${axis} alone`, parts);
  }
  const dims = first.dims.with(
    axis,
    parts.reduce((sum, part) => sum + part.dims[axis]!, 0),
  );
  if (parts.every((part) => "integers" in part)) {
    if (dims.length === 1) return { dims, integers: parts.flatMap(({ integers }) => integers) };
    return refuseShape(node, "shapes, which are lists", parts);
  }
  const values = parts.filter((part): part is Value => !("integers" in part));
  const [like] = values;
  const mixed = values.some(({ data }) => data.constructor !== like!.data.constructor);
  if (values.length !== parts.length || mixed)
    return fail("ONNX_REFUSED", "Concat expected one kind of numbers");
  const output = allocate(dims, like);
  const inner = sizeOf(dims.slice(axis + 1));
  const run = (): void => {
    let to = 0;
    for (let outer = 0; to < output.data.length; outer++) {
      for (const { data, dims: own } of values) {
        const length = own[axis]! * inner;
        output.data.set(data.subarray(outer * length, (outer + 1) * length) as never, to);
        to += length;
      }
    }
  };
  return { output, run };
}

/** Starts, ends, axes and steps are constants; steps are above 0. Before set 10 they are attributes. */
export function prepareSlice(node: OnnxNode, inputs: Inputs): Step | Integers {
  const [x] = inputs;
  const names = ["", "starts", "ends", "axes", "steps"];
  const list = (at: number): readonly number[] | undefined => {
    const given = inputs[at];
    if (given && "integers" in given) return given.integers;
    return given
      ? fail("ONNX_REFUSED", `Slice expected constant ${names[at]}`)
      : listAttribute(node, names[at]!);
  };
  const [starts, ends] = [list(1), list(2)];
  if (!x || !starts || !ends) return fail("ONNX_REFUSED", "Slice expected a value, starts and ends");
  const axes = list(3) ?? [...starts.keys()];
  const steps = list(4) ?? starts.map(() => 1);
  const dims = [...x.dims];
  const strides = x.dims.map((_, axis) => sizeOf(x.dims.slice(axis + 1)));
  let first = 0;
  for (const [at, given] of axes.entries()) {
    const axis = axisOf(node, given, x.dims.length);
    const length = x.dims[axis] ?? 0;
    const within = (place = 0): number => Math.max(0, Math.min(length, place < 0 ? place + length : place));
    const [start, end, step] = [within(starts[at]), within(ends[at]), steps[at] ?? 0];
    if (step < 1 || start >= end) refuseShape(node, "a part that is not empty, in steps above 0", [x]);
    first += start * strides[axis]!;
    dims[axis] = Math.ceil((end - start) / step);
    strides[axis] = strides[axis]! * step;
  }
  if (!("integers" in x)) return moved(x, dims, strides, first);
  if (dims.length !== 1) refuseShape(node, "a shape, which is a list", [x]);
  return {
    dims,
    integers: Array.from({ length: dims[0]! }, (_, at) => x.integers[first + at * strides[0]!]!),
  };
}

/** Axes are an attribute before set 13, then an input. */
function axesOf(node: OnnxNode, axes: Operand | undefined, rank: number): number[] | undefined {
  const given = axes && "integers" in axes ? axes.integers : listAttribute(node, "axes");
  if (axes && !("integers" in axes)) fail("ONNX_REFUSED", `${node.op_type} expected constant axes`);
  return given?.map((axis) => axisOf(node, axis, rank)).sort((a, b) => a - b);
}

const withDims = (node: OnnxNode, x: Operand, dims: readonly number[]): Step | Integers =>
  "integers" in x ? { dims, integers: x.integers } : reshaped(node, x, dims);

export function prepareSqueeze(node: OnnxNode, [x, axes]: Inputs): Step | Integers {
  if (!x) return fail("ONNX_REFUSED", "Squeeze expected a value");
  const away = axesOf(node, axes, x.dims.length) ?? [...x.dims.keys()].filter((axis) => x.dims[axis] === 1);
  if (away.some((axis) => x.dims[axis] !== 1)) refuseShape(node, `1 in dimensions ${away.join(", ")}`, [x]);
  return withDims(
    node,
    x,
    x.dims.filter((_, axis) => !away.includes(axis)),
  );
}

export function prepareUnsqueeze(node: OnnxNode, [x, axes]: Inputs): Step | Integers {
  if (!x) return fail("ONNX_REFUSED", "Unsqueeze expected a value");
  const count =
    axes && "integers" in axes ? axes.integers.length : (listAttribute(node, "axes")?.length ?? 0);
  const rank = x.dims.length + count;
  const added = axesOf(node, axes, rank);
  if (!added || new Set(added).size !== count || added.some((axis) => axis >= rank)) {
    return refuseShape(node, "axes, each once", [x]);
  }
  const dims = [...x.dims];
  for (const axis of added) dims.splice(axis, 0, 1);
  return withDims(node, x, dims);
}
