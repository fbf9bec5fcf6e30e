/**
 * The layout of a tape on disk. All integers little-endian.
 *
 * | at | size | what |
 * |---|---|---|
 * | 0 | 8 | magic `FTKTAPE` + 0 |
 * | 8 | 2 | version: 1 a market, 2 a capture of a service |
 * | 10 | 2 | 1: blocks are deflated (raw deflate), 0: stored as they are |
 * | 12 | 4 | header bytes h |
 * | 16 | 4 | crc32 of the header |
 * | 20 | h | header: JSON (`TapeHeader`), padded with spaces |
 * | 20+h | | blocks, to the end of the file |
 *
 * A block is `stored bytes u32 | inflated bytes u32 | records u32 | crc32 of the stored bytes u32`, then the
 * stored bytes; inflated, they are records. Of a market: `at_us i64 | frame bytes u32 | SBE frame`; the header is
 * written when all is known. Of a capture: `kind u8 | payload bytes u32 | payload`; its header is written first, and
 * blocks are appended for as long as the service runs. Blocks are small and independent, so a reader holds one at a
 * time, and damage is found and named where it is.
 */

import { crc32 } from "node:zlib";
import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { SourceSnapshot } from "./market_source.ts";

const TAPE_MAGIC = "FTKTAPE\0";
/** Version of a market kept on a tape, and of a capture of a service. */
export const MARKET_TAPE = 1;
export const CAPTURE_TAPE = 2;
export type TapeVersion = typeof MARKET_TAPE | typeof CAPTURE_TAPE;
export const PRELUDE_BYTES = 20;
export const BLOCK_HEAD_BYTES = 16;
/** Of a market's record, and of a capture's. */
export const RECORD_HEAD_BYTES = 12;
export const CAPTURE_HEAD_BYTES = 5;
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

const whole = z.int().nonnegative();
const levels = z.array(z.number());

export const tapeHeaderSchema: z.ZodType<TapeHeader> = z.object({
  symbol: z.string(),
  description: z.string(),
  start_us: whole,
  end_us: whole,
  counts: z.object({
    frames: whole,
    trades: whole,
    quotes: whole,
    depth_diffs: whole,
    depth_snapshots: whole,
  }),
  snapshot: z.object({ last_update_id: whole, bids: levels, asks: levels }),
});

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

export function encodePrelude(
  deflated: boolean,
  header: Uint8Array,
  version: TapeVersion = MARKET_TAPE,
): Uint8Array {
  const bytes = new Uint8Array(PRELUDE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(TAPE_MAGIC));
  view.setUint16(8, version, true);
  view.setUint16(10, deflated ? 1 : 0, true);
  view.setUint32(12, header.length, true);
  view.setUint32(16, crc32(header), true);
  return bytes;
}

/** What to do with a tape of the other version. */
const OTHERWISE: Readonly<Record<TapeVersion, string>> = {
  [MARKET_TAPE]: 'a market (version 1): play it with "bun run exchange"',
  [CAPTURE_TAPE]: 'a capture of a service (version 2): replay it with "bun run replay"',
};

export function decodePrelude(path: string, bytes: Uint8Array, wanted: TapeVersion = MARKET_TAPE): Prelude {
  const magic = new TextDecoder().decode(bytes.subarray(0, 8));
  if (bytes.length < PRELUDE_BYTES || magic !== TAPE_MAGIC) {
    fail("TAPE_INVALID", `${path} at byte 0: expected a foretick tape; make one with "bun run tape"`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint16(8, true);
  const flags = view.getUint16(10, true);
  const header_bytes = view.getUint32(12, true);
  if ((version === MARKET_TAPE || version === CAPTURE_TAPE) && version !== wanted) {
    fail("TAPE_INVALID", `${path} at byte 8: expected version ${wanted}, was ${OTHERWISE[version]}`);
  }
  if (version !== wanted || flags > 1) {
    fail(
      "TAPE_INVALID",
      `${path} at byte 8: expected tape version ${wanted} with flags 0 or 1, was ${version} with ${flags}; make the tape again`,
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

export function decodeBlockHead(
  path: string,
  offset: number,
  bytes: Uint8Array,
  record_head_bytes: number = RECORD_HEAD_BYTES,
): BlockHead {
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
  if (!fits || head.records * record_head_bytes > head.inflated_bytes) {
    fail(
      "TAPE_INVALID",
      `${path} at byte ${offset}: expected a block of at most ${most} bytes, was ${head.stored_bytes} stored, ${head.inflated_bytes} inflated, ${head.records} records; the file is damaged`,
    );
  }
  return head;
}
