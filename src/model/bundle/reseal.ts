/** Bundles that are on the disk already: sealed by another key or not at all, and brought under the current one, or opened. */

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "../../base/durable.ts";
import { opened, type Seal } from "../../base/seal/seal.ts";
import { readBundleFile } from "./files.ts";

/**
 * Seals each file of a bundle that the current key did not seal, one after the other, each in one step: a reader finds
 * every file whole at any time, and what was interrupted is done by doing it again.
 * @returns how many files those were.
 * @throws ForetickError BUNDLE_KEY where a file is sealed by a key that `seal` lacks, BUNDLE_HASH where one has changed.
 */
export async function resealBundle(dir: string, seal: Seal): Promise<number> {
  let written = 0;
  for (const name of await filesOf(dir)) {
    const path = join(dir, name);
    const bytes = await readFile(path);
    if (seal.isCurrent(bytes)) continue;
    await writeDurably(path, seal.seal(name, opened(seal, name, bytes)));
    written++;
  }
  return written;
}

/**
 * Writes the files of a bundle into another folder as they are without a seal, for a person to read.
 * @throws ForetickError BUNDLE_KEY, BUNDLE_HASH, BUNDLE_INVALID.
 */
export async function openBundle(dir: string, to: string, seal: Seal | undefined): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await filesOf(dir))
    await writeFile(join(to, name), await readBundleFile(dir, name, seal), { flag: "wx" });
}

async function filesOf(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}
