/**
 * The lines of the one CSV in an archive's zip, streamed: a month of trades inflates to gigabytes, of which
 * some hundred kilobytes are in memory at a time.
 */

import { createReadStream } from "node:fs";
import { Unzip, UnzipInflate, UnzipPassThrough } from "fflate";
import { describeError, ForetickError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";

const CHUNK_BYTES = 64 << 10;

/**
 * Batches of lines, without their line ends; empty lines are left out.
 *
 * @throws ForetickError ARCHIVE_CONTENT where the file is no zip with one whole entry, or a line has no end.
 */
export async function* linesOfZip(path: string): AsyncGenerator<string[], void, void> {
  const entry = new Entry();
  let rest = "";
  // Digits, letters and commas: bytes are characters.
  const decoder = new TextDecoder("latin1");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      for (const bytes of entry.push(chunk as Uint8Array)) {
        const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
        rest = lines.pop()!;
        if (rest.length > LIMITS.archive_line_chars_max) fail("ARCHIVE_CONTENT", "a line has no end");
        const full = lines.map(withoutReturn).filter((line) => line !== "");
        if (full.length > 0) yield full;
      }
    }
    entry.finish();
    if (withoutReturn(rest) !== "") yield [withoutReturn(rest)];
  } catch (cause) {
    if (cause instanceof ForetickError && cause.code !== "ARCHIVE_CONTENT") throw cause;
    fail("ARCHIVE_CONTENT", `${path} expected a zip of one CSV: ${describeError(cause)}`, { cause });
  }
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line);

/** The zip's only entry, as its bytes come. */
class Entry {
  readonly #unzip = new Unzip();
  #inflated: Uint8Array[] = [];
  #entries = 0;
  #ended = false;
  #error: Error | undefined;

  constructor() {
    this.#unzip.register(UnzipInflate);
    this.#unzip.register(UnzipPassThrough);
    this.#unzip.onfile = (file) => {
      if (this.#entries++ > 0) return;
      file.ondata = (error, bytes, final) => {
        if (error) this.#error = error;
        else this.#inflated.push(bytes);
        this.#ended ||= final;
      };
      file.start();
    };
  }

  push(chunk: Uint8Array): Uint8Array[] {
    this.#unzip.push(chunk);
    if (this.#error) throw this.#error;
    const inflated = this.#inflated;
    this.#inflated = [];
    return inflated;
  }

  finish(): void {
    if (this.#entries !== 1 || !this.#ended) {
      const was = this.#entries === 1 ? "one that breaks off" : `${this.#entries} entries`;
      fail("ARCHIVE_CONTENT", `expected one whole entry, was ${was}`);
    }
  }
}
