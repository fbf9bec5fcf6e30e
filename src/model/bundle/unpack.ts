/**
 * A bundle that came as a zip, from a caller: looked at before anything of it is inflated or written. Only plain files
 * whose names a bundle has, each once, none too large; no folders, links, encryption, or sizes that do not hold.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { describeError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Seal } from "../../base/seal/seal.ts";
import { fileBytesMax, SUMS_FILE } from "./files.ts";

const END = 0x06054b50;
const END_BYTES = 22;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const COMMENT_MAX = 0xffff;
const UNIX = 3;
const FILE_KIND = 0xf000;
const PLAIN = 0x8000;
const ENCRYPTED = 1;
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

interface Entry {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Writes the files of `zip` into an empty folder, sealed where there is a seal: no byte of an upload is on the disk plain.
 * @throws ForetickError BUNDLE_INVALID.
 */
export async function unpackBundle(zip: Uint8Array, dir: string, seal?: Seal): Promise<void> {
  const entries = entriesOf(zip);
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(zip);
  } catch (error) {
    return fail("BUNDLE_INVALID", `the zip expected to be whole: ${describeError(error)}`);
  }
  for (const { name, bytes } of entries) {
    const found = files[name];
    if (found?.length !== bytes)
      fail(
        "BUNDLE_INVALID",
        `${name} expected ${bytes} bytes as the zip says, was ${found?.length ?? "none"}`,
      );
  }
  for (const [name, bytes] of Object.entries(files))
    await writeFile(join(dir, name), seal ? seal.seal(name, bytes) : bytes, { flag: "wx" });
}

/** @throws ForetickError BUNDLE_INVALID naming what is hostile or broken. */
function entriesOf(zip: Uint8Array): Entry[] {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0 || count > LIMITS.bundle_files_max)
    fail("BUNDLE_INVALID", `the zip expected 1 to ${LIMITS.bundle_files_max} files, was ${count}`);
  const entries: Entry[] = [];
  let total = 0;
  for (let index = 0; index < count; index++) {
    if (at + ENTRY_BYTES > end || view.getUint32(at, true) !== ENTRY)
      fail("BUNDLE_INVALID", "the zip's list of files expected to be whole, was not");
    const entry = entryAt(view, zip, at);
    if (entries.some(({ name }) => name === entry.name))
      fail("BUNDLE_INVALID", `${entry.name} is in the zip more than once`);
    entries.push(entry);
    total += entry.bytes;
    if (total > LIMITS.bundle_bytes_max)
      fail("BUNDLE_INVALID", `the zip expected at most ${LIMITS.bundle_bytes_max} bytes inflated, is more`);
    const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    at += lengths.reduce((sum, length) => sum + length, ENTRY_BYTES);
  }
  if (at > end) fail("BUNDLE_INVALID", "the zip's list of files expected to be whole, was not");
  return entries;
}

function entryAt(view: DataView, zip: Uint8Array, at: number): Entry {
  const name_bytes = view.getUint16(at + 28, true);
  const name = new TextDecoder("latin1").decode(
    zip.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + name_bytes),
  );
  const shown = JSON.stringify(name.slice(0, 80));
  if (!NAME.test(name) && name !== SUMS_FILE)
    fail("BUNDLE_INVALID", `a file of a bundle expected a plain name without folders, was ${shown}`);
  const mode = view.getUint32(at + 38, true) >>> 16;
  const kind = mode & FILE_KIND;
  if (view.getUint8(at + 5) === UNIX && kind !== 0 && kind !== PLAIN)
    fail("BUNDLE_INVALID", `${shown} expected a plain file, was a link or a device`);
  if (view.getUint16(at + 8, true) & ENCRYPTED) fail("BUNDLE_INVALID", `${shown} is encrypted`);
  const bytes = view.getUint32(at + 24, true);
  const max = fileBytesMax(name);
  if (bytes > max) fail("BUNDLE_INVALID", `${shown} expected at most ${max} bytes, was ${bytes}`);
  return { name, bytes };
}

function endOf(view: DataView): number {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - COMMENT_MAX); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  return fail("BUNDLE_INVALID", "the bundle expected a zip, was something else");
}
