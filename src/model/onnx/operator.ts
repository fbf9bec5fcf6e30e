/**
 * What an operator of the fallback is: how many inputs it takes, which attributes it knows, and how a node is
 * made ready to run at batch size 1. Shapes are all known then, so running neither checks nor allocates.
 */

import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { OnnxAttribute, OnnxNode } from "./read.ts";
import type { Floats } from "./values.ts";

/** A value of the graph at batch size 1: its shape and the buffer that holds it, row-major. */
export interface Value {
  readonly dims: readonly number[];
  readonly data: Floats;
}

/** A shape, an index or a switch: known when the graph is prepared. */
export interface Integers {
  readonly dims: readonly number[];
  readonly integers: readonly number[];
}

export type Operand = Value | Integers;

/** A node made ready: its output's buffer, and the code that fills it from its inputs'. */
export interface Step {
  readonly output: Value;
  /** Multiplications one run takes; default one for each number of the output. */
  readonly work?: number;
  run(): void;
}

interface OperatorFacts {
  readonly inputs: readonly [min: number, max: number];
  readonly attributes: readonly string[];
  /** Position of the output that is computed; those before it are left unnamed, those behind it are not read. Default 0. */
  readonly output_at?: number;
  /** onnxruntime runs it, the evaluator here does not. */
  readonly native_only?: true;
}

/** One that takes numbers, all of one kind, and perhaps one constant of integers. */
interface PlainOperator extends OperatorFacts {
  /** Position of the input that is a constant of integers: a shape or an index. */
  readonly integers_at?: number;
  /** @param inputs without the integers. */
  prepare(node: OnnxNode, inputs: readonly Value[], integers: readonly number[]): Step;
}

/** One whose inputs may be left out, or be numbers or integers. What it makes of integers alone is a constant. */
interface MixedOperator extends OperatorFacts {
  prepareMixed(node: OnnxNode, inputs: readonly (Operand | undefined)[]): Step | Integers;
}

export type Operator = PlainOperator | MixedOperator;

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

export const isDouble = ({ data }: Value): boolean => data instanceof Float64Array;

/**
 * @param like whose kind of numbers it is to hold.
 * @throws ForetickError ONNX_REFUSED where the shape is larger than any model here needs.
 */
export function allocate(dims: readonly number[], like?: Value): Value {
  const size = sizeOf(dims);
  if (!(size <= LIMITS.model_value_max)) {
    fail(
      "ONNX_REFUSED",
      `value expected at most ${LIMITS.model_value_max} numbers, was [${dims.join(", ")}]`,
    );
  }
  return { dims, data: like && isDouble(like) ? new Float64Array(size) : new Float32Array(size) };
}

/** How a sum is rounded after each addition. */
export const roundingOf = (value: Value): ((sum: number) => number) =>
  isDouble(value) ? (sum) => sum : Math.fround;

/** The same numbers under another shape: nothing to run. */
export function reshaped(node: OnnxNode, input: Value, dims: readonly number[]): Step {
  if (sizeOf(dims) !== input.data.length) refuseShape(node, `${sizeOf(dims)} numbers`, [input]);
  return { output: { dims, data: input.data }, run: () => {} };
}

export function refuseShape(
  node: OnnxNode,
  expected: string,
  inputs: readonly Pick<Operand, "dims">[],
): never {
  const found = inputs.map((input) => `[${input.dims.join(", ")}]`).join(", ");
  return fail("ONNX_REFUSED", `${node.op_type} expected ${expected}, was ${found}`);
}

export function numberAttribute(node: OnnxNode, name: string, otherwise: number): number {
  const value: OnnxAttribute | undefined = node.attributes.get(name);
  if (value === undefined) return otherwise;
  if (typeof value === "number") return value;
  return fail("ONNX_REFUSED", `${node.op_type} expected ${name} to be one number`);
}

/** A list of numbers; undefined where it is not given. */
export function listAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  const value = node.attributes.get(name);
  if (value === undefined) return undefined;
  if (Array.isArray(value) && !value.some((item) => typeof item !== "number")) return value as number[];
  return fail("ONNX_REFUSED", `${node.op_type} expected ${name} to be a list of numbers`);
}

/** A text, one of those known here. */
export function textAttribute<Text extends string>(
  node: OnnxNode,
  name: string,
  known: readonly Text[],
  otherwise: Text,
): Text {
  const value = node.attributes.get(name) ?? otherwise;
  const found = known.find((text) => text === value);
  return (
    found ??
    fail("ONNX_REFUSED", `${node.op_type} expected ${name} to be ${known.join(" or ")}, was "${value}"`)
  );
}

/** An attribute that names a dimension, counted from the end where negative. */
export function axisAttribute(node: OnnxNode, rank: number, otherwise: number): number {
  return axisOf(node, numberAttribute(node, "axis", otherwise), rank);
}

/** A dimension by its number, counted from the end where negative. */
export function axisOf(node: OnnxNode, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return fail("ONNX_REFUSED", `${node.op_type} expected an axis from ${-rank} to ${rank - 1}, was ${axis}`);
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

// For each element of the output, the index of its operand: worked out once, so that running is one lookup.
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
