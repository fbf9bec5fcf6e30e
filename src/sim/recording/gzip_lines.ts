/**
 * The lines of a gzip text file, one at a time and in bounded memory. It inflates synchronously, because a
 * market source is a plain iterator; Node's zlib can only stream asynchronously, so fflate does it here.
 */

import { closeSync, openSync, readSync } from "node:fs";
import { Gunzip } from "fflate";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";

const CHUNK_BYTES = 1 << 16;

/**
 * @throws ForetickError TAPE_INVALID where the file cannot be read, is no gzip, ends early, or has a line
 *   longer than `LIMITS.recording_line_chars_max`.
 */
export function* gzipLines(path: string): Generator<string, void> {
  const file = openForReading(path);
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const decoder = new TextDecoder();
    let text = "";
    const gunzip = new Gunzip((bytes) => {
      text += decoder.decode(bytes, { stream: true });
    });
    for (let size = -1; size !== 0; ) {
      size = readSync(file, chunk, 0, CHUNK_BYTES, null);
      inflate(path, gunzip, chunk.slice(0, size), size === 0);
      let start = 0;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
        yield text.slice(start, end);
        start = end + 1;
      }
      text = text.slice(start);
      if (text.length > LIMITS.recording_line_chars_max) {
        fail(
          "TAPE_INVALID",
          `${path}: expected lines of at most ${LIMITS.recording_line_chars_max} characters, was longer`,
        );
      }
    }
    if (text !== "") yield text;
  } finally {
    closeSync(file);
  }
}

function openForReading(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    return fail("TAPE_INVALID", `${path}: expected a readable file; check the path`, { cause });
  }
}

function inflate(path: string, gunzip: Gunzip, bytes: Uint8Array, last: boolean): void {
  try {
    gunzip.push(bytes, last);
  } catch (cause) {
    fail("TAPE_INVALID", `${path}: expected a whole gzip file, was damaged or cut short; fetch it again`, {
      cause,
    });
  }
}
