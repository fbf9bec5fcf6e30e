/**
 * The pure-TypeScript evaluator of a model file: what answers when the native session fails, and the second
 * opinion that golden vectors are checked against. Preparing it is also the check of the graph: one input,
 * one output, every operator on the allow-list, every shape known and fitting.
 */

import { fail } from "../base/errors.ts";
import type { OnnxModel, OnnxNode } from "./onnx_read.ts";
import { INPUT_NAME, OUTPUT_NAME } from "./onnx_schema.ts";
import type { OnnxIntegers as Integers, OnnxValueInfo } from "./onnx_values.ts";
import { allocate, type Operator, type Step, type Value } from "./operator.ts";
import { OPERATORS } from "./operators.ts";

export interface Evaluator {
  /** float32 values one forecast needs. */
  readonly n_inputs: number;
  /** Shape of one input with a batch of 1, e.g. [1, 22]. */
  readonly input_dims: readonly number[];
  /** float32 in, float32 out; allocates nothing. */
  evaluate(features: Float32Array): number;
}

/**
 * Makes a graph ready to run at batch size 1.
 * @throws ForetickError ONNX_REFUSED naming what in the graph is not allowed or does not fit.
 */
export function prepareEvaluator(model: OnnxModel): Evaluator {
  const input = allocate(inputDims(model));
  const values = new Map<string, Value | Integers>([[INPUT_NAME, input]]);
  for (const [name, tensor] of model.initializers) {
    define(values, name, tensor.values ? { dims: tensor.dims, data: tensor.values } : tensor);
  }

  const steps = model.nodes.map((node) => {
    const step = prepareNode(node, values);
    define(values, node.outputs.at(-1)!, step.output);
    return step;
  });
  const output = outputValue(model, values);

  return {
    n_inputs: input.data.length,
    input_dims: input.dims,
    evaluate: (features) => {
      input.data.set(features);
      for (let index = 0; index < steps.length; index++) steps[index]!.run();
      return output.data[0]!;
    },
  };
}

function define(values: Map<string, Value | Integers>, name: string, value: Value | Integers): void {
  if (name === "" || values.has(name)) fail("ONNX_REFUSED", `graph expected "${name}" to be defined once`);
  values.set(name, value);
}

function prepareNode(node: OnnxNode, values: ReadonlyMap<string, Value | Integers>): Step {
  const operator = Object.hasOwn(OPERATORS, node.op_type) ? OPERATORS[node.op_type] : undefined;
  if (!operator) {
    return fail(
      "ONNX_REFUSED",
      `node expected one of ${Object.keys(OPERATORS).join(", ")}, was "${node.op_type}"`,
    );
  }
  checkCounts(node, operator);
  for (const name of node.attributes.keys()) {
    if (!operator.attributes.includes(name)) {
      fail("ONNX_REFUSED", `${node.op_type} has an attribute "${name}", which is not known here`);
    }
  }
  const inputs: Value[] = [];
  let integers: readonly number[] = [];
  for (const [position, name] of node.inputs.entries()) {
    const value =
      values.get(name) ?? fail("ONNX_REFUSED", `${node.op_type} reads "${name}" before it is defined`);
    if ("integers" in value !== (position === operator.integers_at)) {
      fail(
        "ONNX_REFUSED",
        `${node.op_type} expected numbers and constant shapes in their places, was "${name}"`,
      );
    }
    if ("integers" in value) integers = value.integers;
    else inputs.push(value);
  }
  return operator.prepare(node, inputs, integers);
}

function checkCounts(node: OnnxNode, operator: Operator): void {
  const [min, max] = operator.inputs;
  const { length } = node.inputs;
  const unnamed = node.outputs.slice(0, -1);
  const counts = length >= min && length <= max && unnamed.length === (operator.output_at ?? 0);
  if (counts && unnamed.every((name) => name === "")) return;
  fail(
    "ONNX_REFUSED",
    `${node.op_type} expected ${min} to ${max} inputs and its output at position ${operator.output_at ?? 0}, had ${length} and ${JSON.stringify(node.outputs)}`,
  );
}

function inputDims(model: OnnxModel): number[] {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0 || input.name !== INPUT_NAME) {
    return fail("ONNX_REFUSED", `graph expected one input "${INPUT_NAME}", had ${namesOf(model.inputs)}`);
  }
  const [batch, ...rest] = input.dims;
  const known = rest.filter((dim): dim is number => typeof dim === "number" && dim >= 1);
  if (batch === undefined || known.length === 0 || known.length !== rest.length) {
    fail("ONNX_REFUSED", `input expected [batch, n], was [${input.dims.join(", ")}]`);
  }
  return [1, ...known];
}

function outputValue(model: OnnxModel, values: ReadonlyMap<string, Value | Integers>): Value {
  const [output, ...others] = model.outputs;
  if (!output || others.length > 0 || output.name !== OUTPUT_NAME) {
    return fail("ONNX_REFUSED", `graph expected one output "${OUTPUT_NAME}", had ${namesOf(model.outputs)}`);
  }
  const value = values.get(OUTPUT_NAME);
  if (!value || "integers" in value || value.dims.length !== 2 || value.data.length !== 1) {
    return fail("ONNX_REFUSED", `output expected [batch, 1], was [${value?.dims.join(", ") ?? "nothing"}]`);
  }
  return value;
}

const namesOf = (infos: readonly OnnxValueInfo[]): string =>
  infos.map((info) => `"${info.name}"`).join(", ") || "none";
