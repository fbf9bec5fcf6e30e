/** Whether a backup is whole: every file there, of its length, and of its sha256. */

import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { BackupProgress } from "./backup.ts";
import { checkFile } from "./files.ts";
import { MANIFEST, type Manifest, readManifest, refuse } from "./manifest.ts";

export interface CheckOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** @throws ForetickError BACKUP_INVALID naming the first file that is not as it was written, or is none of it. */
export async function checkBackup(options: CheckOptions): Promise<Manifest> {
  const { clock, onProgress } = options;
  const folder = resolve(options.folder);
  const manifest = readManifest(folder);
  const files = [...manifest.tables.map(({ file }) => file), ...manifest.models];
  const known = new Set([MANIFEST, ...files.map(({ path }) => path)]);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (entry.isFile() && !known.has(path)) refuse(`${join(folder, path)} expected in the manifest, is not`);
  }
  const all_bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done_bytes = 0;
  for (const file of files) {
    await checkFile(clock, folder, file, (bytes) => {
      done_bytes += bytes;
      onProgress?.({ title: "check", at: file.path, done_bytes, all_bytes });
    });
  }
  return manifest;
}
