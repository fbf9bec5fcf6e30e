/**
 * What the four messages share on the wire: little-endian words at unaligned offsets, the message header and
 * the two group headers.
 *
 *   message header, 8 bytes    blockLength u16 @0 | templateId u16 @2 | schemaId u16 @4 | version u16 @6
 *   group header, 4 bytes      blockLength u16 @0 | numInGroup u16 @2     bids and asks
 *   group header, 6 bytes      blockLength u16 @0 | numInGroup u32 @2     trades
 *   varString8                 length u8 @0 | that many bytes of UTF-8
 *
 * The readers rely on the bytes having been claimed (claim.ts).
 */

import type { Int64 } from "../../base/units.ts";

export const HEADER_BYTES = 8;
export const GROUP16_HEADER_BYTES = 4;
export const GROUP32_HEADER_BYTES = 6;
/** One bid or ask: price and quantity. */
export const LEVEL_BYTES = 16;

const WORD = 0x1_0000_0000;
/** An int64 whose high word is in (−2^21, 2^21) is a safe integer. */
const SAFE_HIGH = 0x20_0000;

// Bun compiles each of these to one load, on any Uint8Array. A DataView would too, but making one for every
// frame costs more than reading all of a quote.
const { readInt8: int8, readUInt16LE: uint16, readInt32LE: int32, readUInt32LE: uint32 } = Buffer.prototype;

export function readInt8(bytes: Uint8Array, at: number): number {
  return int8.call(bytes, at);
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return uint16.call(bytes, at);
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return int32.call(bytes, at);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return uint32.call(bytes, at);
}

/** Exact: a number where |value| ≤ 2^53 − 1, a bigint beyond. */
export function readInt64(bytes: Uint8Array, at: number): Int64 {
  const low = readUint32(bytes, at);
  const high = readInt32(bytes, at + 4);
  if (high < SAFE_HIGH && high > -SAFE_HIGH) return high * WORD + low;
  const exact = (BigInt(high) << 32n) | BigInt(low);
  const rounded = Number(exact);
  return Number.isSafeInteger(rounded) ? rounded : exact;
}
