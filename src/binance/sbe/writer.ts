/** Writes one frame front to back; every value is checked against the range of its field. */

import { fail } from "../../base/errors.ts";
import type { Int64 } from "../../base/units.ts";
import { SCHEMA_ID, SCHEMA_VERSION, type WireLevels } from "./messages.ts";
import { HEADER_BYTES, LEVEL_BYTES } from "./wire.ts";

const utf8 = new TextEncoder();
const WORD = 0x1_0000_0000;
/** Largest counts the schema allows; the value above each means null. */
const COUNT16_MAX = 65_534;
const COUNT32_MAX = 2_147_483_647;

export class FrameWriter {
  readonly #symbol: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** @param body_bytes everything between the message header and the symbol. */
  constructor(template_id: number, block_bytes: number, body_bytes: number, symbol: string) {
    this.#symbol = utf8.encode(symbol);
    if (this.#symbol.length > 255 || !symbol.isWellFormed()) {
      fail("SBE_ENCODE", `symbol expected well-formed, at most 255 bytes, was ${JSON.stringify(symbol)}`);
    }
    this.#bytes = new Uint8Array(HEADER_BYTES + body_bytes + 1 + this.#symbol.length);
    this.#view = new DataView(this.#bytes.buffer);
    this.#uint16(block_bytes);
    this.#uint16(template_id);
    this.#uint16(SCHEMA_ID);
    this.#uint16(SCHEMA_VERSION);
  }

  int64(field: string, value: Int64): void {
    if (typeof value === "bigint") {
      if (BigInt.asIntN(64, value) !== value) fail("SBE_ENCODE", `${field} expected an int64, was ${value}`);
      this.#view.setBigInt64(this.#at, value, true);
    } else {
      if (!Number.isSafeInteger(value)) {
        fail("SBE_ENCODE", `${field} expected an integer (a bigint beyond 2^53 − 1), was ${value}`);
      }
      this.#view.setUint32(this.#at, value >>> 0, true);
      this.#view.setInt32(this.#at + 4, Math.floor(value / WORD), true);
    }
    this.#at += 8;
  }

  /** A power of ten: int8, whose −128 means null. */
  exponent(field: string, value: number): void {
    if (!Number.isInteger(value) || value < -127 || value > 127) {
      fail("SBE_ENCODE", `${field} expected an integer from −127 to 127, was ${value}`);
    }
    this.#view.setInt8(this.#at, value);
    this.#at += 1;
  }

  boolean(value: boolean): void {
    this.#bytes[this.#at] = value ? 1 : 0;
    this.#at += 1;
  }

  /** The 6-byte group header of trades. */
  group32(entry_bytes: number, count: number): void {
    if (count > COUNT32_MAX) fail("SBE_ENCODE", `group expected at most ${COUNT32_MAX}, was ${count}`);
    this.#uint16(entry_bytes);
    this.#view.setUint32(this.#at, count, true);
    this.#at += 4;
  }

  /** Bids or asks: the 4-byte group header and the levels. */
  levels(field: string, levels: WireLevels): void {
    const count = levels.length / 2;
    if (!Number.isInteger(count) || count > COUNT16_MAX) {
      fail("SBE_ENCODE", `${field} expected at most ${COUNT16_MAX} price, quantity pairs, was ${count}`);
    }
    this.#uint16(LEVEL_BYTES);
    this.#uint16(count);
    for (let i = 0; i < levels.length; i++) this.int64(field, levels[i]!);
  }

  /** Appends the symbol and gives the frame away. */
  finish(): Uint8Array {
    this.#bytes[this.#at] = this.#symbol.length;
    this.#bytes.set(this.#symbol, this.#at + 1);
    return this.#bytes;
  }

  #uint16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }
}
