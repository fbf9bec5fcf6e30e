/**
 * Reads an ONNX file into plain records, refusing whatever could make it more than arithmetic on its own
 * numbers: external data, subgraphs, functions, custom operator domains, sparse or quantised tensors. Runs
 * before an inference session is created, so the native runtime only ever sees files that passed here.
 */

import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import {
  ATTRIBUTE_PROTO,
  GRAPH_PROTO,
  IR_RANGE,
  MODEL_PROTO,
  NODE_PROTO,
  OPERATOR_SET_ID_PROTO,
  OPSET_RANGE,
  STRING_STRING_ENTRY_PROTO,
} from "./onnx_schema.ts";
import { type OnnxTensor, type OnnxValueInfo, readTensor, readValueInfo } from "./onnx_values.ts";
import { ignoreText, readMessage } from "./protobuf_read.ts";

export type OnnxAttribute = number | string | readonly number[];

export interface OnnxNode {
  readonly op_type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxModel {
  readonly ir_version: number;
  readonly opset: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

/**
 * @param bytes a whole `.onnx` file.
 * @throws ForetickError ONNX_MALFORMED (no protobuf), ONNX_REFUSED (valid perhaps, but not what is run here).
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  if (bytes.length > LIMITS.model_bytes_max) {
    fail("ONNX_REFUSED", `model expected at most ${LIMITS.model_bytes_max} bytes, was ${bytes.length}`);
  }
  let ir_version = 0;
  const opsets: number[] = [];
  const graphs: Uint8Array[] = [];
  const metadata = new Map<string, string>();
  readMessage("ModelProto", bytes, {
    [MODEL_PROTO.ir_version]: (reader) => {
      ir_version = reader.int();
    },
    [MODEL_PROTO.producer_name]: ignoreText,
    [MODEL_PROTO.producer_version]: ignoreText,
    [MODEL_PROTO.domain]: ignoreText,
    [MODEL_PROTO.model_version]: (reader) => void reader.int(),
    [MODEL_PROTO.doc_string]: ignoreText,
    [MODEL_PROTO.graph]: (reader) => graphs.push(reader.bytes()),
    [MODEL_PROTO.opset_import]: (reader) => opsets.push(readOpset(reader.bytes())),
    [MODEL_PROTO.metadata_props]: (reader) => metadata.set(...readEntry(reader.bytes())),
  });
  inRange("ir_version", ir_version, IR_RANGE);
  if (opsets.length !== 1) fail("ONNX_REFUSED", `model expected one operator set, had ${opsets.length}`);
  inRange("opset version", opsets[0]!, OPSET_RANGE);
  if (graphs.length !== 1) fail("ONNX_REFUSED", `model expected one graph, had ${graphs.length}`);
  return { ir_version, opset: opsets[0]!, metadata, ...readGraph(graphs[0]!) };
}

function inRange(what: string, value: number, range: { min: number; max: number }): void {
  if (value < range.min || value > range.max) {
    fail("ONNX_REFUSED", `${what} expected ${range.min} to ${range.max}, was ${value}`);
  }
}

function readOpset(bytes: Uint8Array): number {
  let domain = "";
  let version = 0;
  readMessage("OperatorSetIdProto", bytes, {
    [OPERATOR_SET_ID_PROTO.domain]: (reader) => {
      domain = reader.text();
    },
    [OPERATOR_SET_ID_PROTO.version]: (reader) => {
      version = reader.int();
    },
  });
  if (domain !== "") fail("ONNX_REFUSED", `operator set expected ONNX's own domain, was "${domain}"`);
  return version;
}

function readEntry(bytes: Uint8Array): [key: string, value: string] {
  const entry: [string, string] = ["", ""];
  readMessage("StringStringEntryProto", bytes, {
    [STRING_STRING_ENTRY_PROTO.key]: (reader) => {
      entry[0] = reader.text();
    },
    [STRING_STRING_ENTRY_PROTO.value]: (reader) => {
      entry[1] = reader.text();
    },
  });
  return entry;
}

type Graph = Pick<OnnxModel, "nodes" | "initializers" | "inputs" | "outputs">;

function readGraph(bytes: Uint8Array): Graph {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  readMessage("GraphProto", bytes, {
    [GRAPH_PROTO.node]: (reader) => {
      nodes.push(readNode(reader.bytes()));
      if (nodes.length > LIMITS.model_nodes_max) {
        fail("ONNX_REFUSED", `graph expected at most ${LIMITS.model_nodes_max} nodes, has more`);
      }
    },
    [GRAPH_PROTO.name]: ignoreText,
    [GRAPH_PROTO.doc_string]: ignoreText,
    [GRAPH_PROTO.initializer]: (reader) => {
      const tensor = readTensor(reader.bytes());
      if (initializers.has(tensor.name)) fail("ONNX_REFUSED", `initializer "${tensor.name}" comes twice`);
      initializers.set(tensor.name, tensor);
    },
    [GRAPH_PROTO.input]: (reader) => inputs.push(readValueInfo(reader.bytes())),
    [GRAPH_PROTO.output]: (reader) => outputs.push(readValueInfo(reader.bytes())),
    [GRAPH_PROTO.value_info]: (reader) => void readValueInfo(reader.bytes()),
  });
  return { nodes, initializers, inputs, outputs };
}

function readNode(bytes: Uint8Array): OnnxNode {
  let op_type = "";
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  readMessage("NodeProto", bytes, {
    [NODE_PROTO.input]: (reader) => inputs.push(reader.text()),
    [NODE_PROTO.output]: (reader) => outputs.push(reader.text()),
    [NODE_PROTO.name]: ignoreText,
    [NODE_PROTO.op_type]: (reader) => {
      op_type = reader.text();
    },
    [NODE_PROTO.attribute]: (reader) => attributes.set(...readAttribute(reader.bytes())),
    [NODE_PROTO.doc_string]: ignoreText,
    [NODE_PROTO.domain]: (reader) => {
      const domain = reader.text();
      if (domain !== "") fail("ONNX_REFUSED", `node expected ONNX's own domain, was "${domain}"`);
    },
  });
  return { op_type, inputs, outputs, attributes };
}

function readAttribute(bytes: Uint8Array): [name: string, value: OnnxAttribute] {
  let name = "";
  let value: OnnxAttribute | undefined;
  const list: number[] = [];
  readMessage("AttributeProto", bytes, {
    [ATTRIBUTE_PROTO.name]: (reader) => {
      name = reader.text();
    },
    [ATTRIBUTE_PROTO.f]: (reader) => {
      value = reader.float();
    },
    [ATTRIBUTE_PROTO.i]: (reader) => {
      value = reader.int();
    },
    [ATTRIBUTE_PROTO.s]: (reader) => {
      value = reader.text();
    },
    [ATTRIBUTE_PROTO.floats]: (reader) => reader.floats(list),
    [ATTRIBUTE_PROTO.ints]: (reader) => reader.ints(list),
    [ATTRIBUTE_PROTO.doc_string]: ignoreText,
    [ATTRIBUTE_PROTO.type]: (reader) => void reader.int(),
  });
  return [name, value ?? list];
}
