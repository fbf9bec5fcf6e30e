/**
 * Bounds. A part of a frame is claimed before it is read: one check that all of it is inside the frame, and
 * then its fields need none of their own. Each claim gives the offset where the part ends, or the error for
 * which the frame is refused; the error is returned, not thrown, because a malformed frame is an expected
 * case. A group's entries are counted against the bytes that remain before anything is allocated for them.
 */

import { type ErrorCode, ForetickError } from "../../base/errors.ts";
import { SCHEMA_ID, SCHEMA_VERSION } from "./messages.ts";
import { internSymbol } from "./symbols.ts";
import {
  GROUP16_HEADER_BYTES,
  GROUP32_HEADER_BYTES,
  HEADER_BYTES,
  LEVEL_BYTES,
  readInt32,
  readUint16,
} from "./wire.ts";

/** The header's second word: schema and version. */
const USUAL_HEADER_HIGH = SCHEMA_ID | (SCHEMA_VERSION << 16);

/** @param known_bytes what this schema version reads of the block; the wire may say more, never less. */
export function claimRoot(frame: Uint8Array, known_bytes: number): number | ForetickError {
  const block_bytes = readUint16(frame, 0);
  if (block_bytes < known_bytes) return shortBlock(frame, "root block", known_bytes, block_bytes);
  const end = HEADER_BYTES + block_bytes;
  if (end > frame.length) return truncated(frame, "root block", HEADER_BYTES, block_bytes);
  return end;
}

/** The trades of a frame, header and entries. */
export function claimEntries(frame: Uint8Array, at: number, known_bytes: number): number | ForetickError {
  if (at + GROUP32_HEADER_BYTES > frame.length) {
    return truncated(frame, "group header", at, GROUP32_HEADER_BYTES);
  }
  // The largest count allowed is the largest int32: read as one, a larger count is negative.
  const count = readInt32(frame, at + 2);
  if (count < 0) {
    return refusal(frame, "SBE_GROUP_COUNT", `group expected at most 2147483647 entries, was ${count >>> 0}`);
  }
  return claimGroup(frame, at, GROUP32_HEADER_BYTES, known_bytes, count);
}

/** The bids or the asks of a frame, header and levels. */
export function claimLevels(frame: Uint8Array, at: number): number | ForetickError {
  if (at + GROUP16_HEADER_BYTES > frame.length) {
    return truncated(frame, "group header", at, GROUP16_HEADER_BYTES);
  }
  return claimGroup(frame, at, GROUP16_HEADER_BYTES, LEVEL_BYTES, readUint16(frame, at + 2));
}

function claimGroup(
  frame: Uint8Array,
  at: number,
  header_bytes: number,
  known_bytes: number,
  count: number,
): number | ForetickError {
  const entry_bytes = readUint16(frame, at);
  if (entry_bytes < known_bytes) return shortBlock(frame, "group entry", known_bytes, entry_bytes);
  const start = at + header_bytes;
  const end = start + count * entry_bytes;
  if (end > frame.length) return truncated(frame, `group of ${count}`, start, count * entry_bytes);
  return end;
}

/** Reads the symbol, which ends a frame of version 0; a later version may append what is not known here. */
export function claimSymbol(frame: Uint8Array, at: number, version: number): string | ForetickError {
  const start = at + 1;
  if (start > frame.length) return truncated(frame, "symbol length", at, 1);
  const length = frame[at]!;
  const end = start + length;
  if (end > frame.length) return truncated(frame, "symbol", start, length);
  if (end !== frame.length && version === 0) {
    return refusal(frame, "SBE_TRAILING_BYTES", `frame expected ${end} bytes, was ${frame.length}`);
  }
  return (
    internSymbol(frame, start, length) ??
    refusal(frame, "SBE_VALUE", `symbol at byte ${start} expected ${length} bytes of UTF-8, was not`)
  );
}

/**
 * The short way to the symbol of a frame as it nearly always comes: of the schema's own version and block
 * length, so that everything before the symbol is where the layout says.
 *
 * @param header_low the header's first word: block length and template.
 * @returns undefined where the frame is any other, or is to be refused: then its parts must be claimed.
 */
export function usualSymbol(frame: Uint8Array, header_low: number, at: number): string | undefined {
  if (frame.length <= at) return undefined;
  if (readInt32(frame, 0) !== header_low || readInt32(frame, 4) !== USUAL_HEADER_HIGH) return undefined;
  const length = frame[at]!;
  return frame.length === at + 1 + length ? internSymbol(frame, at + 1, length) : undefined;
}

/** Why a frame is refused, with what its header said. */
export function refusal(frame: Uint8Array, code: ErrorCode, message: string): ForetickError {
  const header = frame.subarray(0, HEADER_BYTES).toHex();
  return new ForetickError(code, message, { details: { header, frame_bytes: frame.length } });
}

export function truncated(frame: Uint8Array, what: string, at: number, bytes: number): ForetickError {
  const left = Math.max(0, frame.length - at);
  return refusal(frame, "SBE_TRUNCATED", `${what} at byte ${at} expected ${bytes} bytes, was ${left}`);
}

function shortBlock(frame: Uint8Array, what: string, known: number, acting: number): ForetickError {
  return refusal(frame, "SBE_BLOCK_LENGTH", `${what} expected at least ${known} bytes, was ${acting}`);
}
