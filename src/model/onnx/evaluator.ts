/**
 * The pure-TypeScript evaluator of a model file: used when the native session fails, and for a second
 * check of the golden vectors. Preparing it is also the check of the graph: one input,
 * one output, every operator on the allow-list, every shape known and fitting.
 */

import { assert, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import {
  allocate,
  type Integers,
  isDouble,
  type Operand,
  type Operator,
  type Step,
  type Value,
} from "./operator.ts";
import { operatorNamed } from "./operators.ts";
import type { OnnxModel, OnnxNode } from "./read.ts";
import type { OnnxTensor, OnnxValueInfo } from "./values.ts";

/** The one value that goes in, and the one that comes out. */
export interface GraphEnd {
  readonly name: string;
  readonly dims: readonly number[];
  /** It is float64. */
  readonly double: boolean;
}

export interface Evaluator {
  /** Numbers one forecast needs. */
  readonly n_inputs: number;
  /** Shape of one input with a batch of 1, e.g. [1, 22]. */
  readonly input_dims: readonly number[];
  readonly input: GraphEnd;
  /** [1, 1] or [1]. */
  readonly output: GraphEnd;
  /** Operators of the graph that onnxruntime runs and this does not; with any, `evaluate` must not be called. */
  readonly lacks: readonly string[];
  /** float32 in, one number out; allocates nothing. */
  evaluate(features: Float32Array): number;
}

type Values = Map<string, Operand>;

/**
 * Makes a graph ready to run at batch size 1.
 * @param width what a dimension of the input beside the batch is taken for where the file leaves it open.
 * @throws ForetickError ONNX_REFUSED naming what in the graph is not allowed or does not fit.
 */
export function prepareEvaluator(model: OnnxModel, width?: number): Evaluator {
  const { info, dims } = inputOf(model, width);
  const input = allocate(dims, info.double ? { dims: [], data: new Float64Array(0) } : undefined);
  const values: Values = new Map([[info.name, input]]);
  for (const [name, tensor] of model.initializers) define(values, name, operandOf(tensor));

  const fixed = new Set(model.initializers.keys());
  const lacks = new Set<string>();
  const steps: Step[] = [];
  let [numbers, work] = [0, 0];
  for (const node of model.nodes) {
    const operator = node.op_type === "Constant" ? undefined : operatorNamed(node.op_type);
    const made = operator ? prepareNode(node, operator, values) : constantOf(node);
    const name = node.outputs[operator?.output_at ?? 0]!;
    define(values, name, "output" in made ? made.output : made);
    if (operator?.native_only) lacks.add(node.op_type);
    if (!("output" in made)) {
      fixed.add(name);
      continue;
    }
    // What is made of constants alone is made once; other operators may read it as they are prepared.
    if (node.inputs.every((read) => read === "" || fixed.has(read))) {
      made.run();
      fixed.add(name);
    } else steps.push(made);
    numbers += made.output.data.length;
    work += made.work ?? made.output.data.length;
    if (numbers > LIMITS.model_values_max || work > LIMITS.model_work_max) {
      fail(
        "ONNX_REFUSED",
        `graph expected at most ${LIMITS.model_values_max} numbers between and ${LIMITS.model_work_max} multiplications a forecast, takes more: make the model smaller`,
      );
    }
  }
  const output = outputOf(model, values);
  return {
    ...{ n_inputs: input.data.length, input_dims: dims, lacks: [...lacks] },
    input: { name: info.name, dims, double: isDouble(input) },
    output: { name: model.outputs[0]!.name, dims: output.dims, double: isDouble(output) },
    evaluate: (features) => {
      assert(lacks.size === 0, `a graph with ${[...lacks]} is not evaluated here`);
      input.data.set(features);
      for (let index = 0; index < steps.length; index++) steps[index]!.run();
      return output.data[0]!;
    },
  };
}

const operandOf = (tensor: OnnxTensor): Operand =>
  tensor.values ? { dims: tensor.dims, data: tensor.values } : tensor;

function define(values: Values, name: string, value: Operand): void {
  if (name === "" || values.has(name)) fail("ONNX_REFUSED", `graph expected "${name}" to be defined once`);
  values.set(name, value);
}

/** The one attribute says the value. */
function constantOf({ attributes, inputs, outputs }: OnnxNode): Operand {
  const [[name, value] = ["", undefined], ...others] = attributes;
  if (inputs.length > 0 || outputs.length !== 1 || others.length > 0) {
    return fail("ONNX_REFUSED", "Constant expected one value and one output");
  }
  if (typeof value === "object" && "dims" in value) {
    const operand = operandOf(value);
    if ("data" in operand && !operand.data.every(Number.isFinite)) {
      fail("ONNX_REFUSED", `constant "${outputs[0]}" holds a value that is not finite`);
    }
    return operand;
  }
  const list = typeof value === "number" ? [value] : value;
  const numbers = Array.isArray(list) && list.every((item) => typeof item === "number") ? list : undefined;
  if (numbers && name.startsWith("value_")) {
    const dims = typeof value === "number" ? [] : [numbers.length];
    if (name.startsWith("value_int")) return { dims, integers: numbers };
    return { dims, data: Float32Array.from(numbers) };
  }
  return fail("ONNX_REFUSED", `Constant expected numbers or integers, was "${name}"`);
}

function prepareNode(node: OnnxNode, operator: Operator, values: Values): Step | Integers {
  checkCounts(node, operator);
  for (const name of node.attributes.keys()) {
    if (!operator.attributes.includes(name)) {
      fail("ONNX_REFUSED", `${node.op_type} has an attribute "${name}", which is not known here`);
    }
  }
  const read = (name: string): Operand =>
    values.get(name) ?? fail("ONNX_REFUSED", `${node.op_type} reads "${name}" before it is defined`);
  if ("prepareMixed" in operator) {
    return operator.prepareMixed(
      node,
      node.inputs.map((name) => (name === "" ? undefined : read(name))),
    );
  }
  const inputs: Value[] = [];
  let integers: readonly number[] = [];
  for (const [position, name] of node.inputs.entries()) {
    const value = read(name);
    if ("integers" in value !== (position === operator.integers_at)) {
      fail(
        "ONNX_REFUSED",
        `${node.op_type} expected numbers and constant shapes in their places, was "${name}"`,
      );
    }
    if ("integers" in value) integers = value.integers;
    else inputs.push(value);
  }
  if (inputs.some((input) => isDouble(input) !== isDouble(inputs[0]!))) {
    fail("ONNX_REFUSED", `${node.op_type} expected numbers of one kind, was float32 beside float64`);
  }
  return operator.prepare(node, inputs, integers);
}

function checkCounts(node: OnnxNode, operator: Operator): void {
  const [min, max] = operator.inputs;
  const { length } = node.inputs;
  const at = operator.output_at ?? 0;
  const unnamed = node.outputs.slice(0, at);
  const counts = length >= min && length <= max && node.outputs.length > at;
  if (counts && unnamed.every((name) => name === "")) return;
  fail(
    "ONNX_REFUSED",
    `${node.op_type} expected ${min} to ${max} inputs and its output at position ${at}, had ${length} and ${JSON.stringify(node.outputs)}`,
  );
}

function inputOf(model: OnnxModel, width: number | undefined): { info: OnnxValueInfo; dims: number[] } {
  const [info, ...others] = model.inputs;
  if (!info || others.length > 0) {
    return fail(
      "ONNX_REFUSED",
      `graph expected one input, had ${namesOf(model.inputs)}: join the columns into one [batch, n]`,
    );
  }
  const [batch, ...rest] = info.dims;
  const known = rest.map((dim) => (typeof dim === "number" ? dim : width));
  if (batch === undefined || rest.length === 0 || !known.every((dim) => dim !== undefined && dim >= 1)) {
    fail("ONNX_REFUSED", `input expected [batch, n], was [${info.dims.join(", ")}]`);
  }
  if (typeof batch === "number" && batch > 1) {
    fail(
      "ONNX_REFUSED",
      `input expected a batch of any size or of 1, was ${batch}: export it with an open batch`,
    );
  }
  return { info, dims: [1, ...(known as number[])] };
}

function outputOf(model: OnnxModel, values: Values): Value {
  const [output, ...others] = model.outputs;
  if (!output || others.length > 0) {
    return fail(
      "ONNX_REFUSED",
      `graph expected one output, had ${namesOf(model.outputs)}: export the forecast alone`,
    );
  }
  const value = values.get(output.name);
  const fits =
    value && !("integers" in value) && value.data.length === 1 && [1, 2].includes(value.dims.length);
  if (!fits) {
    return fail(
      "ONNX_REFUSED",
      `output expected [batch, 1] or [batch], was [${value?.dims.join(", ") ?? "nothing"}]`,
    );
  }
  if (isDouble(value) !== (output.double ?? false)) {
    fail("ONNX_REFUSED", `output "${output.name}" expected the kind of numbers it is declared to have`);
  }
  return value;
}

const namesOf = (infos: readonly OnnxValueInfo[]): string =>
  infos.map((info) => `"${info.name}"`).join(", ") || "none";
