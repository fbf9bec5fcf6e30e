/**
 * A tape's file, whichever it is of: its header, and one block at a time. Everything is checked as it is read.
 */

import { openSync, readSync } from "node:fs";
import { crc32, inflateRawSync } from "node:zlib";
import type { z } from "zod";
import { fail } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import { LIMITS } from "../../base/limits.ts";
import {
  BLOCK_HEAD_BYTES,
  type BlockHead,
  decodePrelude,
  PRELUDE_BYTES,
  type Prelude,
  type TapeVersion,
} from "./tape_format.ts";

export function openTape(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    return fail("TAPE_INVALID", `${path}: expected a readable tape; check the path`, { cause });
  }
}

/** @throws ForetickError TAPE_INVALID where it is no such tape, or its header not as `schema` says. */
export function readHeader<Header>(
  path: string,
  file: number,
  schema: z.ZodType<Header>,
  version?: TapeVersion,
): { prelude: Prelude; header: Header; first_block: number } {
  const prelude = decodePrelude(path, readAt(file, 0, PRELUDE_BYTES), version);
  const bytes = readAt(file, PRELUDE_BYTES, prelude.header_bytes);
  if (bytes.length < prelude.header_bytes) truncated(path, PRELUDE_BYTES + bytes.length, "the whole header");
  if (crc32(bytes) !== prelude.header_crc) damaged(path, PRELUDE_BYTES, "a header with its checksum");
  const header = headerOf(path, bytes, schema);
  return { prelude, header, first_block: PRELUDE_BYTES + prelude.header_bytes };
}

/** The checksum says that the bytes are those that were written, not who wrote them. */
function headerOf<Header>(path: string, bytes: Uint8Array, schema: z.ZodType<Header>): Header {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return damaged(path, PRELUDE_BYTES, "a header of JSON");
  }
  const parsed = parsedBy(schema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") || "the whole of it";
  return damaged(path, PRELUDE_BYTES, `a header with its fields (${field}: ${issue?.message})`);
}

export function readBlock(
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
export function readAt(file: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const size = readSync(file, bytes, done, length - done, offset + done);
    if (size === 0) break;
    done += size;
  }
  return bytes.subarray(0, done);
}

export function truncated(path: string, offset: number, expected: string): never {
  return fail(
    "TAPE_INVALID",
    `${path} at byte ${offset}: expected ${expected}, but the tape was cut short; make it again`,
  );
}

export function damaged(path: string, offset: number, expected: string): never {
  return fail(
    "TAPE_INVALID",
    `${path} at byte ${offset}: expected ${expected}; the tape is damaged, make it again`,
  );
}
