/**
 * Builds ONNX graphs. Each method adds one node and returns the name of what it computes, so a model reads
 * as the formula it is; `toBytes` writes the ModelProto (field numbers: src/model/onnx/schema.ts).
 */

import { assert } from "../../base/errors.ts";
import {
  ATTRIBUTE_PROTO,
  ATTRIBUTE_TYPE,
  DATA_TYPE,
  DIMENSION,
  GRAPH_PROTO,
  INPUT_NAME,
  IR_VERSION,
  MODEL_PROTO,
  NODE_PROTO,
  OPERATOR_SET_ID_PROTO,
  OPSET_VERSION,
  OUTPUT_NAME,
  STRING_STRING_ENTRY_PROTO,
  TENSOR_PROTO,
  TENSOR_SHAPE_PROTO,
  TYPE_PROTO,
  TYPE_PROTO_TENSOR,
  VALUE_INFO_PROTO,
} from "../../model/onnx/schema.ts";
import { floatBytes, ProtobufWriter } from "./protobuf.ts";

/** Name of a value in the graph, as returned by the builder. */
export type ValueName = string;

export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] };

export class OnnxGraphBuilder {
  readonly #name: string;
  readonly #input_dims: readonly number[];
  readonly #nodes: ProtobufWriter[] = [];
  readonly #initializers: ProtobufWriter[] = [];
  readonly #domains: Readonly<Record<string, number>>;
  readonly #taken = new Set<ValueName>([INPUT_NAME, OUTPUT_NAME]);

  /**
   * @param input_dims shape of one input without the batch, e.g. [22].
   * @param domains versions of operator sets beside ONNX's own.
   */
  constructor(name: string, input_dims: readonly number[], domains: Readonly<Record<string, number>> = {}) {
    this.#name = name;
    this.#input_dims = input_dims;
    this.#domains = domains;
  }

  /** The graph's input: float32 [batch, …input_dims]. */
  get input(): ValueName {
    return INPUT_NAME;
  }

  /** A float32 constant, row-major; each value is rounded once. */
  constant(name: string, dims: readonly number[], values: ArrayLike<number>): ValueName {
    const size = dims.reduce((product, dim) => product * dim, 1);
    assert(size === values.length, `constant "${name}" expected ${size} values, was ${values.length}`);
    const tensor = new ProtobufWriter()
      .each(dims, (writer, dim) => writer.int(TENSOR_PROTO.dims, dim))
      .int(TENSOR_PROTO.data_type, DATA_TYPE.FLOAT)
      .text(TENSOR_PROTO.name, this.#claim(name))
      .bytes(TENSOR_PROTO.raw_data, floatBytes(values));
    this.#initializers.push(tensor);
    return name;
  }

  /** An int64 constant: a shape or an index. */
  integers(name: string, dims: readonly number[], values: readonly number[]): ValueName {
    const size = dims.reduce((product, dim) => product * dim, 1);
    assert(size === values.length, `integers "${name}" expected ${size} values, was ${values.length}`);
    const tensor = new ProtobufWriter()
      .each(dims, (writer, dim) => writer.int(TENSOR_PROTO.dims, dim))
      .int(TENSOR_PROTO.data_type, DATA_TYPE.INT64)
      .each(values, (writer, value) => writer.int(TENSOR_PROTO.int64_data, value))
      .text(TENSOR_PROTO.name, this.#claim(name));
    this.#initializers.push(tensor);
    return name;
  }

  add(a: ValueName, b: ValueName, output?: ValueName): ValueName {
    return this.node("Add", [a, b], {}, output);
  }

  sub(a: ValueName, b: ValueName, output?: ValueName): ValueName {
    return this.node("Sub", [a, b], {}, output);
  }

  mul(a: ValueName, b: ValueName, output?: ValueName): ValueName {
    return this.node("Mul", [a, b], {}, output);
  }

  div(a: ValueName, b: ValueName, output?: ValueName): ValueName {
    return this.node("Div", [a, b], {}, output);
  }

  relu(x: ValueName, output?: ValueName): ValueName {
    return this.node("Relu", [x], {}, output);
  }

  matMul(a: ValueName, b: ValueName, output?: ValueName): ValueName {
    return this.node("MatMul", [a, b], {}, output);
  }

  /** x · weights + bias, weights [in, out]. */
  gemm(x: ValueName, weights: ValueName, bias: ValueName, output?: ValueName): ValueName {
    return this.node("Gemm", [x, weights, bias], {}, output);
  }

  batchNormalization(
    x: ValueName,
    statistics: { scale: ValueName; bias: ValueName; mean: ValueName; variance: ValueName },
    epsilon: number,
    output?: ValueName,
  ): ValueName {
    const { scale, bias, mean, variance } = statistics;
    return this.node(
      "BatchNormalization",
      [x, scale, bias, mean, variance],
      { epsilon: { float: epsilon } },
      output,
    );
  }

  /**
   * Any operator, by its ONNX name. `output` is a fresh name unless given.
   * @param position of the wanted one among the operator's outputs; those before it are left unnamed.
   * @param domain one of those the graph was made with, for an operator that is not ONNX's own.
   */
  node(
    op_type: string,
    inputs: readonly ValueName[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output: ValueName = this.#fresh(op_type),
    position = 0,
    domain?: string,
  ): ValueName {
    if (output !== OUTPUT_NAME) this.#claim(output);
    const outputs = [...new Array<ValueName>(position).fill(""), output];
    const node = new ProtobufWriter()
      .each(inputs, (writer, input) => writer.text(NODE_PROTO.input, input))
      .each(outputs, (writer, name) => writer.text(NODE_PROTO.output, name))
      .text(NODE_PROTO.op_type, op_type)
      .each(Object.entries(attributes), (writer, [name, value]) =>
        writer.message(NODE_PROTO.attribute, attributeProto(name, value)),
      );
    if (domain !== undefined) node.text(NODE_PROTO.domain, domain);
    this.#nodes.push(node);
    return output;
  }

  /** The whole file. The last node must have written `yhat`, float32 [batch, 1]. */
  toBytes(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    const graph = new ProtobufWriter()
      .each(this.#nodes, (writer, node) => writer.message(GRAPH_PROTO.node, node))
      .text(GRAPH_PROTO.name, this.#name)
      .each(this.#initializers, (writer, tensor) => writer.message(GRAPH_PROTO.initializer, tensor))
      .message(GRAPH_PROTO.input, valueInfoProto(INPUT_NAME, ["batch", ...this.#input_dims]))
      .message(GRAPH_PROTO.output, valueInfoProto(OUTPUT_NAME, ["batch", 1]));
    return new ProtobufWriter()
      .int(MODEL_PROTO.ir_version, IR_VERSION)
      .text(MODEL_PROTO.producer_name, "foretick")
      .message(MODEL_PROTO.graph, graph)
      .message(MODEL_PROTO.opset_import, operatorSetProto("", OPSET_VERSION))
      .each(Object.entries(this.#domains), (writer, [domain, version]) =>
        writer.message(MODEL_PROTO.opset_import, operatorSetProto(domain, version)),
      )
      .each(Object.entries(metadata), (writer, entry) =>
        writer.message(MODEL_PROTO.metadata_props, entryProto(entry)),
      )
      .finish();
  }

  #claim(name: ValueName): ValueName {
    assert(!this.#taken.has(name), `graph "${this.#name}" already has a value named "${name}"`);
    this.#taken.add(name);
    return name;
  }

  #fresh(op_type: string): ValueName {
    return `${op_type.toLowerCase()}_${this.#nodes.length}`;
  }
}

function operatorSetProto(domain: string, version: number): ProtobufWriter {
  return new ProtobufWriter()
    .text(OPERATOR_SET_ID_PROTO.domain, domain)
    .int(OPERATOR_SET_ID_PROTO.version, version);
}

function entryProto([key, value]: readonly [string, string]): ProtobufWriter {
  return new ProtobufWriter()
    .text(STRING_STRING_ENTRY_PROTO.key, key)
    .text(STRING_STRING_ENTRY_PROTO.value, value);
}

function attributeProto(name: string, value: AttributeValue): ProtobufWriter {
  const attribute = new ProtobufWriter().text(ATTRIBUTE_PROTO.name, name);
  const type = (code: number): ProtobufWriter => attribute.int(ATTRIBUTE_PROTO.type, code);
  if ("float" in value) {
    attribute.float(ATTRIBUTE_PROTO.f, value.float);
    return type(ATTRIBUTE_TYPE.FLOAT);
  }
  if ("int" in value) {
    attribute.int(ATTRIBUTE_PROTO.i, value.int);
    return type(ATTRIBUTE_TYPE.INT);
  }
  if ("text" in value) {
    attribute.text(ATTRIBUTE_PROTO.s, value.text);
    return type(ATTRIBUTE_TYPE.STRING);
  }
  if ("texts" in value) {
    attribute.each(value.texts, (writer, item) => writer.text(ATTRIBUTE_PROTO.strings, item));
    return type(ATTRIBUTE_TYPE.STRINGS);
  }
  if ("ints" in value) {
    attribute.each(value.ints, (writer, item) => writer.int(ATTRIBUTE_PROTO.ints, item));
    return type(ATTRIBUTE_TYPE.INTS);
  }
  attribute.each(value.floats, (writer, item) => writer.float(ATTRIBUTE_PROTO.floats, item));
  return type(ATTRIBUTE_TYPE.FLOATS);
}

function valueInfoProto(name: string, dims: readonly (number | string)[]): ProtobufWriter {
  const shape = new ProtobufWriter().each(dims, (writer, dim) =>
    writer.message(TENSOR_SHAPE_PROTO.dim, dimensionProto(dim)),
  );
  const tensor = new ProtobufWriter()
    .int(TYPE_PROTO_TENSOR.elem_type, DATA_TYPE.FLOAT)
    .message(TYPE_PROTO_TENSOR.shape, shape);
  return new ProtobufWriter()
    .text(VALUE_INFO_PROTO.name, name)
    .message(VALUE_INFO_PROTO.type, new ProtobufWriter().message(TYPE_PROTO.tensor_type, tensor));
}

function dimensionProto(dim: number | string): ProtobufWriter {
  if (typeof dim === "number") return new ProtobufWriter().int(DIMENSION.dim_value, dim);
  return new ProtobufWriter().text(DIMENSION.dim_param, dim);
}
