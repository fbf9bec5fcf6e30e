/**
 * Reading a tape: a market kept on disk as the exchange sent it, frame by frame (tape_format.ts). Opening
 * checks the header and walks the chain of blocks, so that a tape cut short is refused before anything is
 * played from it; the bytes of a block are checked when it is read. One block is in memory at a time.
 */

import { closeSync, fstatSync } from "node:fs";
import { fail } from "../../base/errors.ts";
import { decodeFrame } from "../sbe/decode.ts";
import type { MarketSource, SourceMessage } from "./market_source.ts";
import { damaged, openTape, readAt, readBlock, readHeader, truncated } from "./tape_file.ts";
import {
  BLOCK_HEAD_BYTES,
  type BlockHead,
  decodeBlockHead,
  RECORD_HEAD_BYTES,
  type TapeHeader,
  tapeHeaderSchema,
} from "./tape_format.ts";

export interface TapeFrame {
  /** When the exchange sent it (µs). */
  readonly at_us: number;
  /** One SBE message. A view into a block that is never written to again: it may be kept. */
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
    const { header, first_block } = readHeader(path, file, tapeHeaderSchema);
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
    const { prelude, first_block } = readHeader(path, file, tapeHeaderSchema);
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

function readBlockHead(path: string, file: number, offset: number): BlockHead {
  return decodeBlockHead(path, offset, readAt(file, offset, BLOCK_HEAD_BYTES));
}
