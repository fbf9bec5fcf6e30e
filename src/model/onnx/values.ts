/**
 * The values of an ONNX graph: its constants (initializers) and the types of its inputs and outputs. Numbers are
 * float32 or float64; a constant of integers says a shape, an index or a switch. All are in the file itself.
 */

import { fail } from "../../base/errors.ts";
import { ignoreText, type ProtobufReader, readMessage } from "./protobuf_read.ts";
import {
  DATA_TYPE,
  DIMENSION,
  TENSOR_PROTO,
  TENSOR_SHAPE_PROTO,
  TYPE_PROTO,
  TYPE_PROTO_TENSOR,
  VALUE_INFO_PROTO,
} from "./schema.ts";

/** Numbers of a graph: float32 unless the file computes in float64. */
export type Floats = Float32Array | Float64Array;

/** A constant of numbers, row-major. */
export interface OnnxFloats {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Floats;
}

/** A constant of integers: a shape, an index, or a switch (0 or 1). */
export interface OnnxIntegers {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values?: undefined;
  readonly integers: readonly number[];
}

export type OnnxTensor = OnnxFloats | OnnxIntegers;

/** An input or output of numbers; a dimension given by name (the batch), or not at all, is a string. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dims: readonly (number | string)[];
  /** float64; default float32. */
  readonly double?: true;
}

const EXTERNAL =
  "tensor expected its data inside, was external: save the model in one file (onnx.save with save_as_external_data=False)";

/** Bytes of one number, by data type. */
const WIDTHS: Readonly<Record<number, number>> = {
  [DATA_TYPE.FLOAT]: 4,
  [DATA_TYPE.DOUBLE]: 8,
  [DATA_TYPE.INT32]: 4,
  [DATA_TYPE.INT64]: 8,
  [DATA_TYPE.BOOL]: 1,
};

/**
 * @param infinite whether ±∞ may be among its numbers, as in thresholds of trees.
 * @throws ForetickError ONNX_REFUSED where it is not a tensor of finite numbers or of integers stored in the file.
 */
export function readTensor(bytes: Uint8Array, infinite = false): OnnxTensor {
  let name = "";
  let data_type = 0;
  const dims: number[] = [];
  const floats: number[] = [];
  const integers: number[] = [];
  let raw: Uint8Array | undefined;
  readMessage("TensorProto", bytes, {
    [TENSOR_PROTO.dims]: (reader) => reader.ints(dims),
    [TENSOR_PROTO.data_type]: (reader) => {
      data_type = reader.int();
    },
    [TENSOR_PROTO.float_data]: (reader) => reader.floats(floats),
    [TENSOR_PROTO.double_data]: (reader) => reader.doubles(floats),
    [TENSOR_PROTO.int32_data]: (reader) => reader.ints(integers),
    [TENSOR_PROTO.int64_data]: (reader) => reader.ints(integers),
    [TENSOR_PROTO.name]: (reader) => {
      name = reader.text();
    },
    [TENSOR_PROTO.raw_data]: (reader) => {
      raw = reader.bytes();
    },
    [TENSOR_PROTO.doc_string]: ignoreText,
    [TENSOR_PROTO.metadata_props]: ignoreText,
    [TENSOR_PROTO.external_data]: () => fail("ONNX_REFUSED", EXTERNAL),
    [TENSOR_PROTO.data_location]: (reader) => {
      if (reader.int() !== 0) fail("ONNX_REFUSED", EXTERNAL);
    },
  });
  const width = WIDTHS[data_type];
  if (width === undefined) {
    return fail(
      "ONNX_REFUSED",
      `initializer "${name}" expected float32 (1), float64 (11), int32 (6), int64 (7) or bool (9), was data type ${data_type}`,
    );
  }
  if (data_type === DATA_TYPE.FLOAT || data_type === DATA_TYPE.DOUBLE) {
    const double = data_type === DATA_TYPE.DOUBLE;
    const found = raw ? rawNumbers(name, raw, data_type, width) : floats;
    const values = double ? Float64Array.from(found) : Float32Array.from(found);
    checkSize(name, dims, values.length);
    if (values.some((value) => Number.isNaN(value) || (!infinite && !Number.isFinite(value)))) {
      fail("ONNX_REFUSED", `initializer "${name}" holds a value that is not finite`);
    }
    return { name, dims, values };
  }
  const found = raw ? rawNumbers(name, raw, data_type, width) : integers;
  checkSize(name, dims, found.length);
  return { name, dims, integers: found };
}

/** Little-endian. An int64 beyond ±2^53, as exporters write "to the end", becomes ±2^53. */
function rawNumbers(name: string, raw: Uint8Array, data_type: number, width: number): number[] {
  if (raw.length % width !== 0) {
    fail("ONNX_REFUSED", `initializer "${name}" expected a multiple of ${width} bytes, was ${raw.length}`);
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const read = (at: number): number => {
    switch (data_type) {
      case DATA_TYPE.FLOAT:
        return view.getFloat32(at, true);
      case DATA_TYPE.DOUBLE:
        return view.getFloat64(at, true);
      case DATA_TYPE.INT32:
        return view.getInt32(at, true);
      case DATA_TYPE.BOOL:
        return view.getUint8(at);
      default:
        return Math.max(-(2 ** 53), Math.min(2 ** 53, Number(view.getBigInt64(at, true))));
    }
  };
  return Array.from({ length: raw.length / width }, (_, index) => read(index * width));
}

function checkSize(name: string, dims: readonly number[], found: number): void {
  if (dims.some((dim) => dim < 1)) fail("ONNX_REFUSED", `initializer "${name}" has an empty dimension`);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size !== found) {
    fail("ONNX_REFUSED", `initializer "${name}" expected ${size} values by its shape, had ${found}`);
  }
}

const TYPES: Readonly<Record<number, string>> = {
  [DATA_TYPE.STRING]: "text",
  [DATA_TYPE.INT32]: "int32",
  [DATA_TYPE.INT64]: "int64",
  [DATA_TYPE.BOOL]: "bool",
  10: "float16",
  16: "bfloat16",
};

/** @throws ForetickError ONNX_REFUSED where it is no tensor of float32 or float64. */
export function readValueInfo(bytes: Uint8Array): OnnxValueInfo {
  let name = "";
  let elem_type = 0;
  const dims: (number | string)[] = [];
  const shape = (reader: ProtobufReader): void =>
    readMessage("TensorShapeProto", reader.bytes(), {
      [TENSOR_SHAPE_PROTO.dim]: (inner) => dims.push(readDimension(inner.bytes())),
    });
  const tensor = (reader: ProtobufReader): void =>
    readMessage("TypeProto.Tensor", reader.bytes(), {
      [TYPE_PROTO_TENSOR.elem_type]: (inner) => {
        elem_type = inner.int();
      },
      [TYPE_PROTO_TENSOR.shape]: shape,
    });
  readMessage("ValueInfoProto", bytes, {
    [VALUE_INFO_PROTO.name]: (reader) => {
      name = reader.text();
    },
    [VALUE_INFO_PROTO.type]: (reader) =>
      readMessage("TypeProto", reader.bytes(), {
        [TYPE_PROTO.tensor_type]: tensor,
        [TYPE_PROTO.denotation]: ignoreText,
      }),
    [VALUE_INFO_PROTO.doc_string]: ignoreText,
    [VALUE_INFO_PROTO.metadata_props]: ignoreText,
  });
  if (elem_type === DATA_TYPE.DOUBLE) return { name, dims, double: true };
  if (elem_type === DATA_TYPE.FLOAT) return { name, dims };
  return fail(
    "ONNX_REFUSED",
    `value "${name}" expected float32 (1) or float64 (11), was ${TYPES[elem_type] ?? "element type"} (${elem_type}): export with float inputs and a float output`,
  );
}

function readDimension(bytes: Uint8Array): number | string {
  let dim: number | string = "?";
  readMessage("TensorShapeProto.Dimension", bytes, {
    [DIMENSION.dim_value]: (reader) => {
      dim = reader.int();
    },
    [DIMENSION.dim_param]: (reader) => {
      dim = reader.text();
    },
    [DIMENSION.denotation]: ignoreText,
  });
  return dim;
}
