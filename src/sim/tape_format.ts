/**
 * How a tape lies on disk. All integers little-endian.
 *
 * | at | size | what |
 * |---|---|---|
 * | 0 | 8 | magic `FTKTAPE` + 0 |
 * | 8 | 2 | version (1) |
 * | 10 | 2 | 1: blocks are deflated (raw deflate), 0: stored as they are |
 * | 12 | 4 | header bytes h |
 * | 16 | 4 | crc32 of the header |
 * | 20 | h | header: JSON (`TapeHeader`), padded with spaces |
 * | 20+h | | blocks, to the end of the file |
 *
 * A block is `stored bytes u32 | inflated bytes u32 | records u32 | crc32 of the stored bytes u32`, then the
 * stored bytes; inflated, they are records: `at_us i64 | frame bytes u32 | SBE frame`. Blocks are small and
 * stand alone, so a reader holds one at a time, and damage is found and named where it is.
 */

import { crc32 } from "node:zlib";
import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { SourceSnapshot } from "./source.ts";

export const TAPE_MAGIC = "FTKTAPE\0";
export const TAPE_VERSION = 1;
export const PRELUDE_BYTES = 20;
export const BLOCK_HEAD_BYTES = 16;
export const RECORD_HEAD_BYTES = 12;
/** A block is closed once it holds this much. */
export const BLOCK_TARGET_BYTES = 1 << 18;

export interface TapeCounts {
  readonly frames: number;
  /** Single trades, of which a trades frame may hold several. */
  readonly trades: number;
  readonly quotes: number;
  readonly depth_diffs: number;
  readonly depth_snapshots: number;
}

export interface TapeHeader {
  readonly symbol: string;
  readonly description: string;
  /** Times of the first and the last frame (µs). */
  readonly start_us: number;
  readonly end_us: number;
  readonly counts: TapeCounts;
  readonly snapshot: SourceSnapshot;
}

export interface Prelude {
  readonly deflated: boolean;
  readonly header_bytes: number;
  readonly header_crc: number;
}

export interface BlockHead {
  readonly stored_bytes: number;
  readonly inflated_bytes: number;
  readonly records: number;
  readonly crc: number;
}

export function encodePrelude(deflated: boolean, header: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PRELUDE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(TAPE_MAGIC));
  view.setUint16(8, TAPE_VERSION, true);
  view.setUint16(10, deflated ? 1 : 0, true);
  view.setUint32(12, header.length, true);
  view.setUint32(16, crc32(header), true);
  return bytes;
}

export function decodePrelude(path: string, bytes: Uint8Array): Prelude {
  const magic = new TextDecoder().decode(bytes.subarray(0, 8));
  if (bytes.length < PRELUDE_BYTES || magic !== TAPE_MAGIC) {
    fail("TAPE_INVALID", `${path} at byte 0: expected a foretick tape; make one with "bun run tape"`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint16(8, true);
  const flags = view.getUint16(10, true);
  const header_bytes = view.getUint32(12, true);
  if (version !== TAPE_VERSION || flags > 1) {
    fail(
      "TAPE_INVALID",
      `${path} at byte 8: expected tape version ${TAPE_VERSION} with flags 0 or 1, was ${version} with ${flags}; make the tape anew`,
    );
  }
  if (header_bytes > LIMITS.tape_header_bytes_max) {
    fail(
      "TAPE_INVALID",
      `${path} at byte 12: expected a header of at most ${LIMITS.tape_header_bytes_max} bytes, was ${header_bytes}`,
    );
  }
  return { deflated: flags === 1, header_bytes, header_crc: view.getUint32(16, true) };
}

export function encodeBlockHead(head: BlockHead): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, head.stored_bytes, true);
  view.setUint32(4, head.inflated_bytes, true);
  view.setUint32(8, head.records, true);
  view.setUint32(12, head.crc, true);
  return bytes;
}

export function decodeBlockHead(path: string, offset: number, bytes: Uint8Array): BlockHead {
  if (bytes.length < BLOCK_HEAD_BYTES) {
    fail("TAPE_INVALID", `${path} at byte ${offset}: expected a block, but the file ends; it was cut short`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head: BlockHead = {
    stored_bytes: view.getUint32(0, true),
    inflated_bytes: view.getUint32(4, true),
    records: view.getUint32(8, true),
    crc: view.getUint32(12, true),
  };
  const most = LIMITS.tape_block_bytes_max;
  const fits = head.stored_bytes <= most && head.inflated_bytes <= most;
  if (!fits || head.records * RECORD_HEAD_BYTES > head.inflated_bytes) {
    fail(
      "TAPE_INVALID",
      `${path} at byte ${offset}: expected a block of at most ${most} bytes, was ${head.stored_bytes} stored, ${head.inflated_bytes} inflated, ${head.records} records; the file is damaged`,
    );
  }
  return head;
}
