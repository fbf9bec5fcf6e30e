/**
 * The part of ONNX's protobuf schema this project reads and writes: field numbers and enum values, by the
 * names they have at the source, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Reader and writer
 * share this page, so neither can drift from the other.
 */

export const MODEL_PROTO = {
  ir_version: 1,
  producer_name: 2,
  producer_version: 3,
  domain: 4,
  model_version: 5,
  doc_string: 6,
  graph: 7,
  opset_import: 8,
  metadata_props: 14,
} as const;

export const OPERATOR_SET_ID_PROTO = { domain: 1, version: 2 } as const;

export const STRING_STRING_ENTRY_PROTO = { key: 1, value: 2 } as const;

export const GRAPH_PROTO = {
  node: 1,
  name: 2,
  initializer: 5,
  doc_string: 10,
  input: 11,
  output: 12,
  value_info: 13,
} as const;

export const NODE_PROTO = {
  input: 1,
  output: 2,
  name: 3,
  op_type: 4,
  attribute: 5,
  doc_string: 6,
  domain: 7,
} as const;

export const ATTRIBUTE_PROTO = {
  name: 1,
  f: 2,
  i: 3,
  s: 4,
  floats: 7,
  ints: 8,
  doc_string: 13,
  type: 20,
} as const;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, STRING: 3, FLOATS: 6, INTS: 7 } as const;

export const TENSOR_PROTO = {
  dims: 1,
  data_type: 2,
  float_data: 4,
  int64_data: 7,
  name: 8,
  raw_data: 9,
  doc_string: 12,
  external_data: 13,
  data_location: 14,
} as const;

/** TensorProto.DataType: numbers are float32, shapes and indices int64. */
export const DATA_TYPE = { FLOAT: 1, INT64: 7 } as const;

export const VALUE_INFO_PROTO = { name: 1, type: 2, doc_string: 3 } as const;
export const TYPE_PROTO = { tensor_type: 1, denotation: 6 } as const;
export const TYPE_PROTO_TENSOR = { elem_type: 1, shape: 2 } as const;
export const TENSOR_SHAPE_PROTO = { dim: 1 } as const;
export const DIMENSION = { dim_value: 1, dim_param: 2, denotation: 3 } as const;

/** Wire types of protobuf: https://protobuf.dev/programming-guides/encoding/ */
export const WIRE = { VARINT: 0, FIXED64: 1, LENGTH_DELIMITED: 2, FIXED32: 5 } as const;

/** What the writer writes. IR 8 and opset 17 are read by every onnxruntime since 1.12. */
export const IR_VERSION = 8;
export const OPSET_VERSION = 17;

/** What the reader accepts: operators below mean the same in all of these. */
export const OPSET_RANGE = { min: 15, max: 21 } as const;
export const IR_RANGE = { min: 7, max: 10 } as const;

/** The one input and the one output of every model of this project. */
export const INPUT_NAME = "features";
export const OUTPUT_NAME = "yhat";
