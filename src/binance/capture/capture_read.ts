/**
 * Reading one part of a capture (tape_format.ts, version 2). It was appended to until its process ended, however that
 * ended: a block that is not whole at the end of the file is set aside and its bytes counted. Damage anywhere else is
 * an error that names the byte.
 */

import { closeSync, fstatSync } from "node:fs";
import { z } from "zod";
import { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { damaged, openTape, readAt, readBlock, readHeader } from "./tape_file.ts";
import {
  BLOCK_HEAD_BYTES,
  type BlockHead,
  CAPTURE_HEAD_BYTES,
  CAPTURE_TAPE,
  decodeBlockHead,
} from "./tape_format.ts";

/** What a part says of itself, written before anything else. */
export interface CaptureHeader {
  readonly symbol: string;
  /** The run of a service it is part of, e.g. "20261127T202814.123Z". */
  readonly run: string;
  /** From 1. */
  readonly part: number;
  /** When it was begun (µs, local clock). */
  readonly begun_us: number;
  /** What the lane and the predictor were made with, and on what machine. */
  readonly service: CapturedService;
}

export interface CapturedService {
  readonly sets: readonly { readonly name: string; readonly hash: string }[];
  readonly streams: readonly string[];
  readonly grace_ms: number;
  readonly deadline_ms: number;
  readonly interval_ms: number;
  /** Whether something stood in for what a forecast was missing. Default false, as before there was a choice. */
  readonly fallback?: boolean | undefined;
  /** Of foretick. */
  readonly version: string;
  /** What can change a forecast's last bits: processor, system, runtime, ONNX runtime. */
  readonly machine: string;
}

const captureHeaderSchema: z.ZodType<CaptureHeader> = z.object({
  symbol: z.string(),
  run: z.string(),
  part: z.int().positive(),
  begun_us: z.number(),
  service: z.object({
    sets: z.array(z.object({ name: z.string(), hash: z.string() })),
    streams: z.array(z.string()),
    grace_ms: z.number(),
    deadline_ms: z.number(),
    interval_ms: z.number(),
    fallback: z.boolean().optional(),
    version: z.string(),
    machine: z.string(),
  }),
});

export interface CaptureRecord {
  readonly kind: number;
  /** A view into a block that is never written to again: it may be kept. */
  readonly payload: Uint8Array;
}

/** @throws ForetickError TAPE_INVALID. */
export function readCaptureHeader(path: string): CaptureHeader {
  const file = openTape(path);
  try {
    return readHeader(path, file, captureHeaderSchema, CAPTURE_TAPE).header;
  } finally {
    closeSync(file);
  }
}

/**
 * The records in order, a block in memory at a time.
 * @returns bytes at the end that are no whole block.
 * @throws ForetickError TAPE_INVALID, naming the byte.
 */
export function* captureRecords(path: string): Generator<CaptureRecord, number> {
  const file = openTape(path);
  try {
    const { prelude, first_block } = readHeader(path, file, captureHeaderSchema, CAPTURE_TAPE);
    const { size } = fstatSync(file);
    for (let offset = first_block; offset < size; ) {
      const found = wholeBlock(path, file, offset, size, prelude.deflated);
      if (!found) return size - offset;
      yield* recordsOf(path, offset, found.head, found.block);
      offset += BLOCK_HEAD_BYTES + found.head.stored_bytes;
    }
    return 0;
  } finally {
    closeSync(file);
  }
}

/** Undefined where the file's end is what is not whole. */
function wholeBlock(
  path: string,
  file: number,
  offset: number,
  size: number,
  deflated: boolean,
): { readonly head: BlockHead; readonly block: Uint8Array } | undefined {
  const left = size - offset;
  if (left < BLOCK_HEAD_BYTES) return undefined;
  let end = size;
  try {
    const head = decodeBlockHead(path, offset, readAt(file, offset, BLOCK_HEAD_BYTES), CAPTURE_HEAD_BYTES);
    end = offset + BLOCK_HEAD_BYTES + head.stored_bytes;
    if (end <= size && head.records > 0)
      return { head, block: readBlock(path, file, offset, head, deflated) };
  } catch (error) {
    if (!(error instanceof ForetickError)) throw error;
    // The last block, or room that a file system gave and nothing was written to.
    if (end < size && !isEmpty(file, offset, size)) throw error;
    if (end === size && left > BLOCK_HEAD_BYTES + LIMITS.tape_block_bytes_max) throw error;
    return undefined;
  }
  if (left <= BLOCK_HEAD_BYTES + LIMITS.tape_block_bytes_max || isEmpty(file, offset, size)) return undefined;
  return damaged(path, offset, "a block that ends within the file");
}

function isEmpty(file: number, from: number, to: number): boolean {
  const chunk = 1 << 16;
  for (let at = from; at < to; at += chunk) {
    if (readAt(file, at, Math.min(chunk, to - at)).some((byte) => byte !== 0)) return false;
  }
  return true;
}

function* recordsOf(
  path: string,
  offset: number,
  { records }: BlockHead,
  block: Uint8Array,
): Generator<CaptureRecord, void> {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  let at = 0;
  for (let i = 0; i < records; i++) {
    if (at + CAPTURE_HEAD_BYTES > block.length) damaged(path, offset, `record ${i} of ${records}`);
    const kind = view.getUint8(at);
    const start = at + CAPTURE_HEAD_BYTES;
    at = start + view.getUint32(at + 1, true);
    if (at > block.length) damaged(path, offset, `${at - start} bytes of record ${i}`);
    yield { kind, payload: block.subarray(start, at) };
  }
  if (at !== block.length) damaged(path, offset, `records of ${block.length} bytes in all, was ${at}`);
}
