import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import {
  DATA_TYPE,
  GRAPH_PROTO,
  MODEL_PROTO,
  NODE_PROTO,
  OPERATOR_SET_ID_PROTO,
  STRING_STRING_ENTRY_PROTO,
  TENSOR_PROTO,
} from "../../../src/model/onnx/schema.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";
import { floatBytes, ProtobufWriter } from "../../../src/train/export/protobuf.ts";

const load = (bytes: Uint8Array): unknown => prepareEvaluator(readOnnx(bytes));
const refused = (message: RegExp) =>
  expect.objectContaining({ code: "ONNX_REFUSED", message: expect.stringMatching(message) });

const opset = (version: number, domain = ""): ProtobufWriter =>
  new ProtobufWriter().text(OPERATOR_SET_ID_PROTO.domain, domain).int(OPERATOR_SET_ID_PROTO.version, version);
const modelOf = (graph: ProtobufWriter, version = 17, domain = ""): Uint8Array =>
  new ProtobufWriter()
    .int(MODEL_PROTO.ir_version, 8)
    .message(MODEL_PROTO.graph, graph)
    .message(MODEL_PROTO.opset_import, opset(version, domain))
    .finish();
const tensor = (): ProtobufWriter =>
  new ProtobufWriter()
    .int(TENSOR_PROTO.dims, 1)
    .int(TENSOR_PROTO.data_type, DATA_TYPE.FLOAT)
    .text(TENSOR_PROTO.name, "w");
const withTensor = (initializer: ProtobufWriter): Uint8Array =>
  modelOf(new ProtobufWriter().message(GRAPH_PROTO.initializer, initializer));

function graphOf(build: (graph: OnnxGraphBuilder) => void, n = 3): Uint8Array {
  const graph = new OnnxGraphBuilder("test", [n]);
  build(graph);
  return graph.toBytes();
}

describe("a model file is refused", () => {
  it("when a tensor's data is outside the file", () => {
    const entry = new ProtobufWriter()
      .text(STRING_STRING_ENTRY_PROTO.key, "location")
      .text(STRING_STRING_ENTRY_PROTO.value, "/etc/passwd");
    expect(() => load(withTensor(tensor().message(TENSOR_PROTO.external_data, entry)))).toThrow(
      refused(/external/),
    );
    expect(() => load(withTensor(tensor().int(TENSOR_PROTO.data_location, 1)))).toThrow(refused(/external/));
  });

  it("when a tensor's numbers do not fit its shape, are not finite, or are not float32", () => {
    const raw = (...values: number[]): ProtobufWriter =>
      tensor().bytes(TENSOR_PROTO.raw_data, floatBytes(values));
    expect(() => load(withTensor(raw(1, 2)))).toThrow(refused(/expected 1 values by its shape, had 2/));
    expect(() => load(withTensor(raw(Number.NaN)))).toThrow(refused(/not finite/));
    expect(() => load(withTensor(raw(Number.POSITIVE_INFINITY)))).toThrow(refused(/not finite/));
    expect(() => load(withTensor(raw(1).int(TENSOR_PROTO.dims, 0)))).toThrow(refused(/empty dimension/));
    expect(() => load(withTensor(raw(1).int(TENSOR_PROTO.data_type, 10)))).toThrow(
      refused(/was data type 10/),
    );
    expect(() => load(withTensor(tensor().bytes(TENSOR_PROTO.raw_data, new Uint8Array(3))))).toThrow(
      refused(/multiple of 4/),
    );
  });

  it("when it uses an operator that is not on the list, or a known one in an unknown way", () => {
    const loop = graphOf((graph) => graph.node("Loop", [graph.input], {}, "yhat"));
    expect(() => load(loop)).toThrow(refused(/expected one of Add, .* was "Loop"/));
    const inherited = graphOf((graph) => graph.node("constructor", [graph.input], {}, "yhat"));
    expect(() => load(inherited)).toThrow(refused(/was "constructor"/));
    const strange = graphOf((graph) => graph.node("Relu", [graph.input], { body: { int: 1 } }, "yhat"));
    expect(() => load(strange)).toThrow(refused(/attribute "body"/));
    const many = graphOf((graph) => graph.node("Relu", [graph.input, graph.input], {}, "yhat"));
    expect(() => load(many)).toThrow(refused(/1 to 1 inputs/));
  });

  it("when it brings another operator domain or version, a function or a subgraph", () => {
    const empty = new ProtobufWriter();
    expect(() => load(modelOf(empty, 17, "com.example"))).toThrow(refused(/operator set of ONNX's/));
    expect(() => load(modelOf(empty, 6))).toThrow(refused(/7 to 25, was 6/));
    expect(() => load(modelOf(empty, 99))).toThrow(refused(/7 to 25, was 99/));
    const foreign = new ProtobufWriter()
      .text(NODE_PROTO.op_type, "Add")
      .text(NODE_PROTO.domain, "com.example");
    expect(() => load(modelOf(new ProtobufWriter().message(GRAPH_PROTO.node, foreign)))).toThrow(
      refused(/domain/),
    );
    const withFunction = new ProtobufWriter().message(25, empty);
    expect(() => load(new Uint8Array([...modelOf(empty), ...withFunction.finish()]))).toThrow(
      refused(/field 25/),
    );
    const subgraph = new ProtobufWriter().message(
      NODE_PROTO.attribute,
      new ProtobufWriter().message(6, empty),
    );
    expect(() => load(modelOf(new ProtobufWriter().message(GRAPH_PROTO.node, subgraph)))).toThrow(
      refused(/field 6/),
    );
    const sparse = new ProtobufWriter().message(15, empty);
    expect(() => load(modelOf(sparse))).toThrow(refused(/field 15/));
  });

  it("when shapes do not fit, a value is missing, or defined twice", () => {
    const misfit = graphOf((graph) => graph.matMul(graph.input, graph.constant("w", [2, 1], [1, 2]), "yhat"));
    expect(() => load(misfit)).toThrow(refused(/MatMul expected .* or \[…, k, n\], was \[1, 3\], \[2, 1\]/));
    const wide = graphOf((graph) => graph.relu(graph.input, "yhat"));
    expect(() => load(wide)).toThrow(refused(/output expected \[batch, 1\] or \[batch\], was \[1, 3\]/));
    const dangling = graphOf((graph) => graph.add(graph.input, "nowhere", "yhat"));
    expect(() => load(dangling)).toThrow(refused(/"nowhere" before it is defined/));
    const twice = graphOf((graph) => {
      graph.relu(graph.input, "yhat");
      graph.relu(graph.input, "yhat");
    });
    expect(() => load(twice)).toThrow(refused(/"yhat" to be defined once/));
    expect(() => load(graphOf(() => {}))).toThrow(refused(/output expected .* was \[nothing\]/));
  });

  it("when integers are given where numbers belong, or numbers where a shape does", () => {
    const misplaced = graphOf((graph) => graph.add(graph.input, graph.integers("i", [3], [1, 2, 3]), "yhat"));
    expect(() => load(misplaced)).toThrow(refused(/in their places, was "i"/));
    const shapeless = graphOf((graph) => {
      graph.node("Reshape", [graph.input, graph.constant("shape", [2], [1, 3])], {}, "yhat");
    });
    expect(() => load(shapeless)).toThrow(refused(/in their places, was "shape"/));
    const computed = graphOf((graph) => graph.node("Reshape", [graph.input, graph.input], {}, "yhat"));
    expect(() => load(computed)).toThrow(refused(/in their places/));
    const raw = tensor()
      .int(TENSOR_PROTO.data_type, DATA_TYPE.INT64)
      .bytes(TENSOR_PROTO.raw_data, new Uint8Array(16));
    expect(() => load(withTensor(raw))).toThrow(refused(/expected 1 values by its shape, had 2/));
  });

  it("when a shape, an order of dimensions or an index does not fit", () => {
    const reshape = (dims: number[]) =>
      graphOf((graph) =>
        graph.node("Reshape", [graph.input, graph.integers("s", [dims.length], dims)], {}, "yhat"),
      );
    for (const dims of [
      [2, 2],
      [2, -1],
      [-1, -1],
      [-3, -1],
      [0, 3, 0],
    ]) {
      expect(() => load(reshape(dims))).toThrow(refused(/Reshape expected/));
    }
    for (const ints of [[0], [0, 0], [1, 2], [0, 1, 2]]) {
      const graph = graphOf((g) => g.node("Transpose", [g.input], { perm: { ints } }, "yhat"));
      expect(() => load(graph)).toThrow(refused(/perm to order 2 dimensions/));
    }
    for (const index of [-4, 3]) {
      const graph = graphOf((g) =>
        g.node("Gather", [g.input, g.integers("i", [], [index])], { axis: { int: 1 } }, "yhat"),
      );
      expect(() => load(graph)).toThrow(refused(/positions from 0 to 3/));
    }
    const lstm = graphOf((g) => {
      const part = (name: string, dims: number[]) =>
        g.constant(name, dims, new Float32Array(dims.reduce((a, b) => a * b)));
      const inputs = [g.input, part("w", [1, 8, 3]), part("r", [1, 8, 2]), part("b", [1, 16])];
      g.node("LSTM", inputs, { hidden_size: { int: 2 } }, "yhat", 1);
    });
    expect(() => load(lstm)).toThrow(refused(/LSTM expected X \[n, 1, c\]/));
  });

  it("when it is larger than the limit, has too many nodes, or would take too much memory", () => {
    expect(() => readOnnx(new Uint8Array(LIMITS.model_bytes_max + 1))).toThrow(
      refused(/at most 52428800 bytes/),
    );
    const deep = graphOf((graph) => {
      let value = graph.input;
      for (let node = 0; node <= LIMITS.model_nodes_max; node++) value = graph.relu(value);
    });
    expect(() => load(deep)).toThrow(refused(/at most 1000 nodes/));
    const size = 2100;
    const exploding = graphOf((graph) => {
      const column = graph.constant("column", [size, 1], new Float64Array(size));
      graph.add(column, graph.constant("row", [1, size], new Float64Array(size)));
    });
    expect(() => load(exploding)).toThrow(refused(/at most 4194304 numbers/));
  });

  it("when it is empty, or no protobuf at all", () => {
    expect(() => load(new Uint8Array(0))).toThrow(refused(/ir_version/));
    const text = new TextEncoder().encode("#!/bin/sh\nrm -rf /\n");
    expect(() => load(text)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ONNX_/) }));
    const endless = new Uint8Array(12).fill(0xff);
    expect(() => load(endless)).toThrow(expect.objectContaining({ code: "ONNX_MALFORMED" }));
  });
});
