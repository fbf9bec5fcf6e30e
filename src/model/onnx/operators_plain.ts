/**
 * Operators that work on each number by itself, or on two that stand in the same place. Each result is stored once,
 * which rounds it once; + − × ÷ and √ of two float32 values computed in float64 and rounded once are the correctly
 * rounded float32 results. Exponentials and the like are the platform's `Math`.
 */

import { fail } from "../../base/errors.ts";
import {
  allocate,
  broadcast,
  broadcastIndex,
  type Integers,
  numberAttribute,
  type Operand,
  type Operator,
  refuseShape,
  type Step,
  textAttribute,
  type Value,
} from "./operator.ts";
import type { OnnxNode } from "./read.ts";
import { DATA_TYPE } from "./schema.ts";

type Apply = (x: number) => number;

function mapped(input: Value, apply: Apply): Step {
  const { data } = input;
  const output = allocate(input.dims, input);
  const run = (): void => {
    for (let i = 0; i < data.length; i++) output.data[i] = apply(data[i]!);
  };
  return { output, run };
}

export const unary = (apply: Apply): Operator => unaryOf(() => apply, []);

/** @param of makes the function from a node's attributes, of which there may be those named. */
function unaryOf(of: (node: OnnxNode) => Apply, attributes: readonly string[]): Operator {
  return { inputs: [1, 1], attributes, prepare: (node, [input]) => mapped(input!, of(node)) };
}

/** A function of one number and of attributes that are numbers, each with its default. */
export function shaped<Name extends string>(
  defaults: Readonly<Record<Name, number>>,
  apply: (x: number, attributes: Readonly<Record<Name, number>>) => number,
): Operator {
  const names = Object.keys(defaults) as Name[];
  return unaryOf((node) => {
    const given = Object.fromEntries(
      names.map((name) => [name, Math.fround(numberAttribute(node, name, defaults[name]))]),
    ) as Record<Name, number>;
    return (x) => apply(x, given);
  }, names);
}

/** Of two, or one after the other of several, stretched to one shape. */
export function elementwise(apply: (a: number, b: number) => number, inputs_max = 2): Operator {
  return {
    inputs: [inputs_max === 2 ? 2 : 1, inputs_max],
    attributes: [],
    prepare: (node, inputs) => {
      const [first, ...others] = inputs as [Value, ...Value[]];
      if (others.length === 0) return mapped(first, (x) => x);
      const steps: Step[] = [];
      let a = first;
      for (const b of others) {
        const step = pairwise(node, a, b, apply);
        steps.push(step);
        a = step.output;
      }
      if (steps.length === 1) return steps[0]!;
      const run = (): void => {
        for (const step of steps) step.run();
      };
      return { output: a, work: steps.length * a.data.length, run };
    },
  };
}

function pairwise(node: OnnxNode, a: Value, b: Value, apply: (a: number, b: number) => number): Step {
  const output = allocate(broadcast(node, a, b), a);
  const fromA = broadcastIndex(a.dims, output.dims);
  const fromB = broadcastIndex(b.dims, output.dims);
  const run = (): void => {
    for (let i = 0; i < output.data.length; i++) {
      output.data[i] = apply(a.data[fromA[i]!]!, b.data[fromB[i]!]!);
    }
  };
  return { output, run };
}

/** Least and largest are single numbers, either may be left out; before set 11 they are attributes. A NaN stays one. */
export function prepareClip(node: OnnxNode, inputs: readonly (Operand | undefined)[]): Step {
  const [x, low, high] = inputs;
  if (!x || "integers" in x) return fail("ONNX_REFUSED", "Clip expected a value of numbers");
  const limit = (operand: Operand | undefined, name: string, otherwise: number): (() => number) => {
    if (!operand) {
      const given = numberAttribute(node, name, otherwise);
      return () => given;
    }
    if ("integers" in operand || operand.data.length !== 1) {
      return refuseShape(node, "one least and one largest", [operand]);
    }
    return () => operand.data[0]!;
  };
  const least = limit(low, "min", Number.NEGATIVE_INFINITY);
  const largest = limit(high, "max", Number.POSITIVE_INFINITY);
  const output = allocate(x.dims, x);
  const run = (): void => {
    const [from, to] = [least(), largest()];
    for (let i = 0; i < output.data.length; i++) {
      const value = x.data[i]!;
      output.data[i] = value < from ? from : value > to ? to : value;
    }
  };
  return { output, run };
}

/** To the other kind of numbers or to the same; of integers to integers. */
export function prepareCast(node: OnnxNode, [x]: readonly (Operand | undefined)[]): Step | Integers {
  const to = numberAttribute(node, "to", 0);
  const integral = to === DATA_TYPE.INT64 || to === DATA_TYPE.INT32;
  if (x && "integers" in x && integral) return x;
  if (!x || "integers" in x || (to !== DATA_TYPE.FLOAT && to !== DATA_TYPE.DOUBLE)) {
    return fail("ONNX_REFUSED", `Cast expected float32 (1) or float64 (11) from numbers, was type ${to}`);
  }
  const output = allocate(x.dims, {
    dims: [],
    data: new (to === DATA_TYPE.FLOAT ? Float32Array : Float64Array)(0),
  });
  return { output, run: () => output.data.set(x.data as never) };
}

/** Of inference: nothing is dropped. */
export function prepareDropout(node: OnnxNode, [x, , training]: readonly (Operand | undefined)[]): Step {
  if (!x || "integers" in x) return fail("ONNX_REFUSED", "Dropout expected a value of numbers");
  if (training && !("integers" in training && training.integers[0] === 0)) {
    fail("ONNX_REFUSED", `${node.op_type} expected training_mode false: export for inference (model.eval())`);
  }
  return mapped(x, (value) => value);
}

/** x ÷ 2 · (1 + erf(x ÷ √2)), or its approximation by tanh. */
export const gelu: Operator = unaryOf(
  (node) =>
    textAttribute(node, "approximate", ["none", "tanh"], "none") === "tanh"
      ? (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  ["approximate"],
);

/**
 * The error function to some 1e-16 of its value: its power series up to 2.5, then a continued fraction of the rest
 * (Abramowitz and Stegun, 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (!(size < 2.5)) return Number.isNaN(x) ? x : Math.sign(x) * (1 - erfcOfLarge(size));
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function erfcOfLarge(x: number): number {
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

/** Σ or mean over some dimensions, or all. Axes are an attribute in older sets, then an input. */
export const reduction = (mean: boolean): Operator => ({
  inputs: [1, 2],
  attributes: ["axes", "keepdims", "noop_with_empty_axes"],
  prepareMixed: (node, [x, given]) => prepareReduction(node, x, given, mean),
});

function prepareReduction(
  node: OnnxNode,
  x: Operand | undefined,
  given: Operand | undefined,
  mean: boolean,
): Step {
  if (!x || "integers" in x || (given && !("integers" in given))) {
    return fail("ONNX_REFUSED", `${node.op_type} expected a value of numbers and constant axes`);
  }
  const rank = x.dims.length;
  const listed = given?.integers ?? (node.attributes.get("axes") as readonly number[] | undefined) ?? [];
  const over =
    listed.length === 0 ? [...x.dims.keys()] : listed.map((axis) => (axis < 0 ? axis + rank : axis));
  const wrong = !Array.isArray(listed) || over.some((axis) => !(axis >= 0 && axis < rank));
  if (wrong || (listed.length === 0 && numberAttribute(node, "noop_with_empty_axes", 0) !== 0)) {
    refuseShape(node, `axes within ±${rank}`, [x]);
  }
  const kept = x.dims.map((dim, axis) => (over.includes(axis) ? 1 : dim));
  const keep = numberAttribute(node, "keepdims", 1) !== 0;
  const dims = keep ? kept : x.dims.filter((_, axis) => !over.includes(axis));
  const output = allocate(dims, x);
  const to = broadcastIndex(kept, x.dims);
  const sums = new Float64Array(output.data.length);
  const count = mean ? x.data.length / output.data.length : 1;
  const run = (): void => {
    sums.fill(0);
    for (let i = 0; i < to.length; i++) sums[to[i]!]! += x.data[i]!;
    for (let i = 0; i < sums.length; i++) output.data[i] = sums[i]! / count;
  };
  return { output, work: x.data.length, run };
}
