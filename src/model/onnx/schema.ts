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
  training_info: 20,
  functions: 25,
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
  quantization_annotation: 14,
  sparse_initializer: 15,
  metadata_props: 16,
} as const;

export const NODE_PROTO = {
  input: 1,
  output: 2,
  name: 3,
  op_type: 4,
  attribute: 5,
  doc_string: 6,
  domain: 7,
  overload: 8,
  metadata_props: 9,
} as const;

export const ATTRIBUTE_PROTO = {
  name: 1,
  f: 2,
  i: 3,
  s: 4,
  t: 5,
  g: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  graphs: 11,
  doc_string: 13,
  type: 20,
} as const;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, STRING: 3, FLOATS: 6, INTS: 7, STRINGS: 8 } as const;

export const TENSOR_PROTO = {
  dims: 1,
  data_type: 2,
  float_data: 4,
  int32_data: 5,
  int64_data: 7,
  name: 8,
  raw_data: 9,
  double_data: 10,
  doc_string: 12,
  external_data: 13,
  data_location: 14,
  metadata_props: 16,
} as const;

/** TensorProto.DataType: numbers are float32 or float64; shapes, indices and switches the others. */
export const DATA_TYPE = { FLOAT: 1, INT32: 6, INT64: 7, STRING: 8, BOOL: 9, DOUBLE: 11 } as const;

export const VALUE_INFO_PROTO = { name: 1, type: 2, doc_string: 3, metadata_props: 4 } as const;
export const TYPE_PROTO = { tensor_type: 1, denotation: 6 } as const;
export const TYPE_PROTO_TENSOR = { elem_type: 1, shape: 2 } as const;
export const TENSOR_SHAPE_PROTO = { dim: 1 } as const;
export const DIMENSION = { dim_value: 1, dim_param: 2, denotation: 3 } as const;

/** Wire types of protobuf: https://protobuf.dev/programming-guides/encoding/ */
export const WIRE = { VARINT: 0, FIXED64: 1, LENGTH_DELIMITED: 2, FIXED32: 5 } as const;

/** What the writer writes. IR 8 and opset 17 are read by every onnxruntime since 1.12. */
export const IR_VERSION = 8;
export const OPSET_VERSION = 17;

/** What the reader accepts; where an operator means something else in an older set, its code says so. */
export const OPSET_RANGE = { min: 7, max: 25 } as const;
export const IR_RANGE = { min: 3, max: 13 } as const;

/** ONNX's operators for models of scikit-learn's kind, e.g. tree ensembles, and what is accepted of them. */
export const ML_DOMAIN = "ai.onnx.ml";
export const ML_OPSET_RANGE = { min: 1, max: 5 } as const;

/** The one input and the one output of every model that is trained here; an imported one keeps its own names. */
export const INPUT_NAME = "features";
export const OUTPUT_NAME = "yhat";
