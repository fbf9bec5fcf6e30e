/** Files that are on the disk when a call returns, whole or not at all: for what a restart must find. */

import { open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Puts `content` in place of what was at `path`, in one step. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.${process.pid}.${crypto.randomUUID()}.draft`;
  try {
    const file = await open(draft, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await sync(dirname(path));
}

/** Every file of a folder, and the list of their names, is on the disk. */
export async function syncFolder(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isFile()) await sync(join(dir, entry.name));
  }
  await sync(dir);
}

/** A file's content, or a folder's list of names, is on the disk. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
