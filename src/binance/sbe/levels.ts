/** A group of price levels, bids or asks, as flat pairs of mantissas. */

import type { Int64 } from "../../base/units.ts";
import type { WireLevels } from "./messages.ts";
import { GROUP16_HEADER_BYTES, readInt64, readUint16 } from "./wire.ts";

export const NO_LEVELS = new Float64Array(0);

/** @param at the start of a group that has been claimed. */
export function readLevels(frame: Uint8Array, at: number): WireLevels {
  const count = readUint16(frame, at + 2);
  if (count === 0) return NO_LEVELS;
  const entry_bytes = readUint16(frame, at);
  const levels = new Float64Array(2 * count);
  let from = at + GROUP16_HEADER_BYTES;
  for (let i = 0; i < levels.length; i += 2) {
    const price = readInt64(frame, from);
    const qty = readInt64(frame, from + 8);
    if (typeof price !== "number" || typeof qty !== "number") return readWideLevels(frame, at);
    levels[i] = price;
    levels[i + 1] = qty;
    from += entry_bytes;
  }
  return levels;
}

/** The rare group with a mantissa beyond 2^53 − 1, which a Float64Array could not hold exactly. */
function readWideLevels(frame: Uint8Array, at: number): Int64[] {
  const entry_bytes = readUint16(frame, at);
  const count = readUint16(frame, at + 2);
  const levels: Int64[] = [];
  for (let i = 0; i < count; i++) {
    const from = at + GROUP16_HEADER_BYTES + i * entry_bytes;
    levels.push(readInt64(frame, from), readInt64(frame, from + 8));
  }
  return levels;
}
