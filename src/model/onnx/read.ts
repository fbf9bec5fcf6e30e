/**
 * Reads an ONNX file into plain records, refusing whatever could make it more than arithmetic on its own
 * numbers: external data, subgraphs, functions, custom operator domains, sparse or quantised tensors. Runs
 * before an inference session is created, so the native runtime only ever sees files that passed here.
 */

import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { ignoreText, readMessage } from "./protobuf_read.ts";
import {
  ATTRIBUTE_PROTO,
  GRAPH_PROTO,
  IR_RANGE,
  ML_DOMAIN,
  ML_OPSET_RANGE,
  MODEL_PROTO,
  NODE_PROTO,
  OPERATOR_SET_ID_PROTO,
  OPSET_RANGE,
  STRING_STRING_ENTRY_PROTO,
  VALUE_INFO_PROTO,
} from "./schema.ts";
import { type OnnxTensor, type OnnxValueInfo, readTensor, readValueInfo } from "./values.ts";

/** A tensor, which a `Constant` holds and a tree ensemble may, is an object. */
export type OnnxAttribute = number | string | readonly number[] | readonly string[] | OnnxTensor;

export interface OnnxNode {
  /** With its domain in front where that is not ONNX's own: "Gemm", "ai.onnx.ml.Scaler". */
  readonly op_type: string;
  /** Version of the operator set it is of. */
  readonly opset: number;
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
  const opsets = new Map<string, number>();
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
    [MODEL_PROTO.opset_import]: (reader) => addOpset(opsets, reader.bytes()),
    [MODEL_PROTO.metadata_props]: (reader) => metadata.set(...readEntry(reader.bytes())),
    [MODEL_PROTO.training_info]: refuse("training information (field 20): export for inference"),
    [MODEL_PROTO.functions]: refuse("functions of its own (field 25): inline them with onnx.inliner"),
  });
  inRange("ir_version", ir_version, IR_RANGE);
  const opset = opsets.get("");
  const ml = opsets.get(ML_DOMAIN);
  if (opset === undefined && ml === undefined) {
    return fail("ONNX_REFUSED", `model expected an operator set of ONNX's, had ${[...opsets.keys()]}`);
  }
  if (opset !== undefined) inRange("opset version", opset, OPSET_RANGE);
  if (ml !== undefined) inRange(`opset version of ${ML_DOMAIN}`, ml, ML_OPSET_RANGE);
  if (graphs.length !== 1) fail("ONNX_REFUSED", `model expected one graph, had ${graphs.length}`);
  return { ir_version, opset: opset ?? 0, metadata, ...readGraph(graphs[0]!, opsets) };
}

/** A field that makes a file more than arithmetic on its own numbers. */
const refuse = (what: string) => (): never => fail("ONNX_REFUSED", `model brings ${what}`);

function inRange(what: string, value: number, range: { min: number; max: number }): void {
  if (value < range.min || value > range.max) {
    fail("ONNX_REFUSED", `${what} expected ${range.min} to ${range.max}, was ${value}`);
  }
}

// Sets of other domains may be named, as exporters do; a node of theirs is refused.
function addOpset(opsets: Map<string, number>, bytes: Uint8Array): void {
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
  const name = domainOf(domain);
  if (opsets.has(name)) fail("ONNX_REFUSED", `operator set "${name}" expected once, was there twice`);
  opsets.set(name, version);
}

/** ONNX's own has two names. */
const domainOf = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

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

function readGraph(bytes: Uint8Array, opsets: ReadonlyMap<string, number>): Graph {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: Uint8Array[] = [];
  const outputs: OnnxValueInfo[] = [];
  readMessage("GraphProto", bytes, {
    [GRAPH_PROTO.node]: (reader) => {
      nodes.push(readNode(reader.bytes(), opsets));
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
    [GRAPH_PROTO.input]: (reader) => inputs.push(reader.bytes()),
    [GRAPH_PROTO.output]: (reader) => outputs.push(readValueInfo(reader.bytes())),
    [GRAPH_PROTO.value_info]: ignoreText,
    [GRAPH_PROTO.metadata_props]: ignoreText,
    [GRAPH_PROTO.sparse_initializer]: refuse("sparse constants (field 15): write them dense"),
    [GRAPH_PROTO.quantization_annotation]: refuse("quantised values (field 14): export in float32"),
  });
  // Older files list their constants among the inputs.
  const fed = inputs.filter((input) => !initializers.has(nameOf(input)));
  return { nodes, initializers, inputs: fed.map(readValueInfo), outputs };
}

function nameOf(value_info: Uint8Array): string {
  let name = "";
  readMessage("ValueInfoProto", value_info, {
    [VALUE_INFO_PROTO.name]: (reader) => {
      name = reader.text();
    },
    [VALUE_INFO_PROTO.type]: ignoreText,
    [VALUE_INFO_PROTO.doc_string]: ignoreText,
    [VALUE_INFO_PROTO.metadata_props]: ignoreText,
  });
  return name;
}

function readNode(bytes: Uint8Array, opsets: ReadonlyMap<string, number>): OnnxNode {
  let op_type = "";
  let domain = "";
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
      domain = domainOf(reader.text());
    },
    [NODE_PROTO.overload]: (reader) => {
      if (reader.text() !== "") refuse("functions of its own: inline them with onnx.inliner")();
    },
    [NODE_PROTO.metadata_props]: ignoreText,
  });
  if (domain !== "" && domain !== ML_DOMAIN) {
    fail(
      "ONNX_REFUSED",
      `node "${op_type}" expected ONNX's own domain or ${ML_DOMAIN}, was "${domain}": export with ONNX's operators alone`,
    );
  }
  const opset = opsets.get(domain);
  if (opset === undefined) {
    return fail("ONNX_REFUSED", `node "${op_type}" expected its operator set "${domain}" named in the file`);
  }
  const full_name = domain === "" ? op_type : `${domain}.${op_type}`;
  return { op_type: full_name, opset, inputs, outputs, attributes };
}

function readAttribute(bytes: Uint8Array): [name: string, value: OnnxAttribute] {
  let name = "";
  let value: OnnxAttribute | undefined;
  const list: number[] = [];
  const texts: string[] = [];
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
    [ATTRIBUTE_PROTO.t]: (reader) => {
      value = readTensor(reader.bytes(), true);
    },
    [ATTRIBUTE_PROTO.g]: refuse("a graph inside a node (field 6), as loops and conditions have: unroll it"),
    [ATTRIBUTE_PROTO.graphs]: refuse("graphs inside a node (field 11): unroll them"),
    [ATTRIBUTE_PROTO.strings]: (reader) => texts.push(reader.text()),
    [ATTRIBUTE_PROTO.floats]: (reader) => reader.floats(list),
    [ATTRIBUTE_PROTO.ints]: (reader) => reader.ints(list),
    [ATTRIBUTE_PROTO.doc_string]: ignoreText,
    [ATTRIBUTE_PROTO.type]: (reader) => void reader.int(),
  });
  return [name, value ?? (texts.length > 0 ? texts : list)];
}
