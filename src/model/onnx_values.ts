/**
 * The values of an ONNX graph: its constants (initializers) and the types of its inputs and outputs. All are
 * float32 but for constants that say a shape or an index, and a constant's numbers lie in the file itself.
 */

import { fail } from "../base/errors.ts";
import {
  DATA_TYPE,
  DIMENSION,
  TENSOR_PROTO,
  TENSOR_SHAPE_PROTO,
  TYPE_PROTO,
  TYPE_PROTO_TENSOR,
  VALUE_INFO_PROTO,
} from "./onnx_schema.ts";
import { ignoreText, type ProtobufReader, readMessage } from "./protobuf_read.ts";

/** A float32 constant, row-major. */
export interface OnnxFloats {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** An int64 constant: a shape or an index. */
export interface OnnxIntegers {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values?: undefined;
  readonly integers: readonly number[];
}

export type OnnxTensor = OnnxFloats | OnnxIntegers;

/** A float32 input or output; a dimension given by name (the batch) is a string. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}

/** @throws ForetickError ONNX_REFUSED where it is not a tensor of finite float32 or int64 stored in the file. */
export function readTensor(bytes: Uint8Array): OnnxTensor {
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
    [TENSOR_PROTO.int64_data]: (reader) => reader.ints(integers),
    [TENSOR_PROTO.name]: (reader) => {
      name = reader.text();
    },
    [TENSOR_PROTO.raw_data]: (reader) => {
      raw = reader.bytes();
    },
    [TENSOR_PROTO.doc_string]: ignoreText,
    [TENSOR_PROTO.external_data]: () => fail("ONNX_REFUSED", "tensor expected its data inside, was external"),
    [TENSOR_PROTO.data_location]: (reader) => {
      if (reader.int() !== 0) fail("ONNX_REFUSED", "tensor expected its data inside, was external");
    },
  });
  if (data_type === DATA_TYPE.INT64) {
    checkSize(name, dims, integers.length);
    return { name, dims, integers };
  }
  if (data_type !== DATA_TYPE.FLOAT) {
    fail(
      "ONNX_REFUSED",
      `initializer "${name}" expected float32 (1) or int64 (7), was data type ${data_type}`,
    );
  }
  const values = raw ? float32LittleEndian(name, raw) : Float32Array.from(floats);
  checkSize(name, dims, values.length);
  if (values.some((value) => !Number.isFinite(value))) {
    fail("ONNX_REFUSED", `initializer "${name}" holds a value that is not finite`);
  }
  return { name, dims, values };
}

function float32LittleEndian(name: string, raw: Uint8Array): Float32Array {
  if (raw.length % 4 !== 0) {
    fail("ONNX_REFUSED", `initializer "${name}" expected a multiple of 4 bytes, was ${raw.length}`);
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  return Float32Array.from({ length: raw.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

function checkSize(name: string, dims: readonly number[], found: number): void {
  if (dims.some((dim) => dim < 1)) fail("ONNX_REFUSED", `initializer "${name}" has an empty dimension`);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size !== found) {
    fail("ONNX_REFUSED", `initializer "${name}" expected ${size} values by its shape, had ${found}`);
  }
}

/** @throws ForetickError ONNX_REFUSED where it is no float32 tensor. */
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
  });
  if (elem_type !== DATA_TYPE.FLOAT) {
    fail("ONNX_REFUSED", `value "${name}" expected float32 (1), was element type ${elem_type}`);
  }
  return { name, dims };
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
