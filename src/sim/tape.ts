/**
 * Reading a tape: a market kept on disk as the exchange sent it, frame by frame (tape_format.ts). Opening
 * checks the header and walks the chain of blocks, so that a tape cut short is refused before anything is
 * played from it; the bytes of a block are checked when it is read. One block is in memory at a time.
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { crc32, inflateRawSync } from "node:zlib";
import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { decodeFrame } from "../binance/sbe/decode.ts";
import type { MarketSource, SourceMessage } from "./source.ts";
import {
  BLOCK_HEAD_BYTES,
  type BlockHead,
  decodeBlockHead,
  decodePrelude,
  PRELUDE_BYTES,
  type Prelude,
  RECORD_HEAD_BYTES,
  type TapeHeader,
} from "./tape_format.ts";

export interface TapeFrame {
  /** When the exchange sent it (µs). */
  readonly at_us: number;
  /** One SBE message. A view into a block that nobody else writes to: it may be kept. */
  readonly frame: Uint8Array;
}

/** @throws ForetickError TAPE_INVALID, naming the byte, where the file is no tape, damaged or cut short. */
export async function readTape(path: string): Promise<MarketSource> {
  const header = await readTapeHeader(path);
  return {
    symbol: header.symbol,
    description: `tape of ${header.description}`,
    start_us: header.start_us,
    snapshot: header.snapshot,
    messages: () => messagesOf(path),
  };
}

/** What the tape says of itself, after the whole chain of blocks has been checked against it. */
export async function readTapeHeader(path: string): Promise<TapeHeader> {
  const file = openTape(path);
  try {
    const { header, first_block } = readHeader(path, file);
    const size = fstatSync(file).size;
    let records = 0;
    let offset = first_block;
    while (offset < size) {
      const head = readBlockHead(path, file, offset);
      offset += BLOCK_HEAD_BYTES + head.stored_bytes;
      if (offset > size) truncated(path, size, `a block that ends at byte ${offset}`);
      records += head.records;
    }
    const expected = header.counts.frames;
    if (records !== expected) truncated(path, size, `${expected} frames, found ${records}`);
    return header;
  } finally {
    closeSync(file);
  }
}

/**
 * The tape's frames in order, not decoded.
 *
 * @throws ForetickError TAPE_INVALID, naming the byte, at the first damaged block.
 */
export function* tapeFrames(path: string): Generator<TapeFrame, void> {
  const file = openTape(path);
  try {
    const { prelude, first_block } = readHeader(path, file);
    const size = fstatSync(file).size;
    for (let offset = first_block; offset < size; ) {
      const head = readBlockHead(path, file, offset);
      const block = readBlock(path, file, offset, head, prelude.deflated);
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
      let at = 0;
      for (let i = 0; i < head.records; i++) {
        if (at + RECORD_HEAD_BYTES > block.length) damaged(path, offset, `record ${i} of ${head.records}`);
        // Times stay below 2^53, so two halves make the number exactly and no bigint is needed.
        const at_us = view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
        const start = at + RECORD_HEAD_BYTES;
        at = start + view.getUint32(at + 8, true);
        if (at > block.length) damaged(path, offset, `${at - start} bytes of record ${i}`);
        yield { at_us, frame: block.subarray(start, at) };
      }
      if (at !== block.length) damaged(path, offset, `records of ${block.length} bytes in all, was ${at}`);
      offset += BLOCK_HEAD_BYTES + head.stored_bytes;
    }
  } finally {
    closeSync(file);
  }
}

function* messagesOf(path: string): Generator<SourceMessage, void> {
  let number = 0;
  for (const { at_us, frame } of tapeFrames(path)) {
    const result = decodeFrame(frame);
    if (!result.ok) {
      const was = result.reason === "malformed" ? result.error.message : `template ${result.template_id}`;
      return fail("TAPE_INVALID", `${path} frame ${number}: expected a stream message, was not: ${was}`);
    }
    yield { at_us, message: result.message, frame };
    number++;
  }
}

function openTape(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    return fail("TAPE_INVALID", `${path}: expected a readable tape; check the path`, { cause });
  }
}

function readHeader(
  path: string,
  file: number,
): { prelude: Prelude; header: TapeHeader; first_block: number } {
  const prelude = decodePrelude(path, readAt(file, 0, PRELUDE_BYTES));
  const bytes = readAt(file, PRELUDE_BYTES, prelude.header_bytes);
  if (bytes.length < prelude.header_bytes) truncated(path, PRELUDE_BYTES + bytes.length, "the whole header");
  if (crc32(bytes) !== prelude.header_crc) damaged(path, PRELUDE_BYTES, "a header with its checksum");
  // The checksum has vouched for the bytes, and only the writer makes such headers.
  const header = JSON.parse(new TextDecoder().decode(bytes)) as TapeHeader;
  return { prelude, header, first_block: PRELUDE_BYTES + prelude.header_bytes };
}

function readBlockHead(path: string, file: number, offset: number): BlockHead {
  return decodeBlockHead(path, offset, readAt(file, offset, BLOCK_HEAD_BYTES));
}

function readBlock(
  path: string,
  file: number,
  offset: number,
  head: BlockHead,
  deflated: boolean,
): Uint8Array {
  const stored = readAt(file, offset + BLOCK_HEAD_BYTES, head.stored_bytes);
  if (stored.length < head.stored_bytes) {
    truncated(path, offset + BLOCK_HEAD_BYTES + stored.length, `${head.stored_bytes} bytes of the block`);
  }
  if (crc32(stored) !== head.crc) damaged(path, offset, "a block with its checksum");
  const block = deflated ? inflateBlock(path, offset, stored) : stored;
  if (block.length !== head.inflated_bytes) {
    damaged(path, offset, `${head.inflated_bytes} bytes when inflated, was ${block.length}`);
  }
  return block;
}

function inflateBlock(path: string, offset: number, stored: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(stored, { maxOutputLength: LIMITS.tape_block_bytes_max });
  } catch {
    return damaged(path, offset, "a block that inflates");
  }
}

/** Up to `length` bytes from `offset`; fewer only at the end of the file. */
function readAt(file: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const size = readSync(file, bytes, done, length - done, offset + done);
    if (size === 0) break;
    done += size;
  }
  return bytes.subarray(0, done);
}

function truncated(path: string, offset: number, expected: string): never {
  return fail(
    "TAPE_INVALID",
    `${path} at byte ${offset}: expected ${expected}, but the tape was cut short; make it anew`,
  );
}

function damaged(path: string, offset: number, expected: string): never {
  return fail(
    "TAPE_INVALID",
    `${path} at byte ${offset}: expected ${expected}; the tape is damaged, make it anew`,
  );
}
