/**
 * The writing half of protobuf, as much of it as ONNX needs: varints, fixed32 floats and length-delimited
 * fields, little-endian (https://protobuf.dev/programming-guides/encoding/). A message is written by chaining;
 * an embedded message is another writer. Fields come out in the order they are written, so equal calls give
 * equal bytes and a model's sha256 depends on its numbers alone.
 */

import { assert } from "../../base/errors.ts";
import { WIRE } from "../../model/onnx/schema.ts";

const encoder = new TextEncoder();

export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** int32, int64 or an enum; negative values take ten bytes, as protobuf has it. */
  int(field: number, value: number): this {
    assert(Number.isSafeInteger(value), `field ${field} expected an integer within ±2^53, was ${value}`);
    return this.#tag(field, WIRE.VARINT).#push(varint(value));
  }

  float(field: number, value: number): this {
    return this.#tag(field, WIRE.FIXED32).#push(floatBytes([value]));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#tag(field, WIRE.LENGTH_DELIMITED).#push(varint(value.length)).#push(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.finish());
  }

  /** One field per element: the unpacked form, valid for every repeated type. */
  each<T>(values: Iterable<T>, write: (writer: this, value: T) => void): this {
    for (const value of values) write(this, value);
    return this;
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  #tag(field: number, wire: number): this {
    return this.#push(varint(field * 8 + wire));
  }

  #push(chunk: Uint8Array): this {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this;
  }
}

function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** IEEE 754 float32, little-endian whatever the machine. */
export function floatBytes(values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (let index = 0; index < values.length; index++) view.setFloat32(index * 4, values[index]!, true);
  return new Uint8Array(view.buffer);
}
