/**
 * A protobuf cursor that trusts nothing: every length is checked against what is left before it is used,
 * and a field the reader does not know is refused rather than skipped, because what is not understood in a
 * model file must not reach the runtime.
 */

import { fail } from "../../base/errors.ts";
import { WIRE } from "./schema.ts";

const TWO_32 = 0x1_0000_0000;

export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #wire = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Reads a field's tag and returns its number. */
  tag(): number {
    const key = this.#varint();
    this.#wire = key % 8;
    const field = Math.floor(key / 8);
    if (field < 1 || field > 0x1fffffff) {
      return fail("ONNX_MALFORMED", `expected a field number from 1 to 2^29 − 1, was ${field}`);
    }
    return field;
  }

  /** An int32 or int64 value. Refused beyond ±2^53. */
  int(): number {
    this.#expectWire(WIRE.VARINT);
    return this.#varint();
  }

  float(): number {
    this.#expectWire(WIRE.FIXED32);
    return this.#float();
  }

  /** A view into the file, not a copy. */
  bytes(): Uint8Array {
    this.#expectWire(WIRE.LENGTH_DELIMITED);
    const length = this.#varint();
    if (length < 0 || length > this.#bytes.length - this.#at) {
      return fail(
        "ONNX_MALFORMED",
        `expected a length of at most the ${this.#bytes.length - this.#at} bytes left, was ${length}`,
      );
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  /** A repeated integer, packed or one at a time, appended to `into`. */
  ints(into: number[]): void {
    if (this.#wire !== WIRE.LENGTH_DELIMITED) {
      into.push(this.int());
      return;
    }
    const packed = new ProtobufReader(this.bytes());
    while (!packed.done) into.push(packed.#varint());
  }

  /** A repeated float, packed or one at a time, appended to `into`. */
  floats(into: number[]): void {
    if (this.#wire !== WIRE.LENGTH_DELIMITED) {
      into.push(this.float());
      return;
    }
    const packed = new ProtobufReader(this.bytes());
    while (!packed.done) into.push(packed.#float());
  }

  /** A repeated double, packed or one at a time, appended to `into`. */
  doubles(into: number[]): void {
    if (this.#wire !== WIRE.LENGTH_DELIMITED) {
      this.#expectWire(WIRE.FIXED64);
      into.push(this.#double());
      return;
    }
    const packed = new ProtobufReader(this.bytes());
    while (!packed.done) into.push(packed.#double());
  }

  #expectWire(wire: number): void {
    if (this.#wire !== wire) fail("ONNX_MALFORMED", `expected wire type ${wire}, was ${this.#wire}`);
  }

  #float(): number {
    if (this.#bytes.length - this.#at < 4) {
      return fail("ONNX_MALFORMED", `expected 4 bytes of a float, ${this.#bytes.length - this.#at} left`);
    }
    this.#at += 4;
    return this.#view.getFloat32(this.#at - 4, true);
  }

  #double(): number {
    if (this.#bytes.length - this.#at < 8) {
      return fail("ONNX_MALFORMED", `expected 8 bytes of a double, ${this.#bytes.length - this.#at} left`);
    }
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  // Seven bits per byte, lowest first, at most ten bytes; the two halves are kept apart because JavaScript's
  // bitwise operators end at 32 bits. A negative int64 has its top half ≥ 2^31.
  #varint(): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return fail("ONNX_MALFORMED", "expected a varint, the data ended inside it");
      this.#at++;
      const bits = byte & 0x7f;
      if (index < 4) low += bits * 2 ** (7 * index);
      else if (index === 4) {
        low += (bits & 0x0f) * 2 ** 28;
        high += bits >> 4;
      } else high += bits * 2 ** (7 * index - 32);
      if (byte < 0x80) {
        // The tenth byte carries one bit; anything above is no int64.
        if (high >= TWO_32) break;
        const value = (high >= 0x8000_0000 ? high - TWO_32 : high) * TWO_32 + low;
        if (Number.isSafeInteger(value)) return value;
        return fail("ONNX_MALFORMED", `expected an integer within ±2^53, was about ${value}`);
      }
    }
    return fail("ONNX_MALFORMED", "expected a varint of at most 64 bits, it runs on");
  }
}

/** What to do with each field of a message, by its number. */
export type FieldReaders = Readonly<Record<number, (reader: ProtobufReader) => void>>;

/**
 * Reads one message, calling a reader for each field.
 * @throws ForetickError ONNX_MALFORMED for bytes that are no protobuf, ONNX_REFUSED for a field not listed.
 */
export function readMessage(message: string, bytes: Uint8Array, fields: FieldReaders): void {
  const reader = new ProtobufReader(bytes);
  while (!reader.done) {
    const field = reader.tag();
    const read = fields[field];
    if (!read)
      fail("ONNX_REFUSED", `${message} expected only fields that are known here, had field ${field}`);
    read(reader);
  }
}

/** Steps over a text that only a person reads. */
export const ignoreText = (reader: ProtobufReader): void => void reader.bytes();
