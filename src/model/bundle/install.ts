/**
 * Brings a bundle from elsewhere (another folder, a store) below MODEL_DIR, whole or not at all: into a hidden
 * folder, checked there as the service would, put on the disk, then renamed. Where the bundle is there already, it stays.
 */

import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sync, syncFolder } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import type { ModelVersion } from "../../base/units.ts";
import { loadBundle } from "./bundle.ts";
import { MANIFEST_FILE, manifestSha256 } from "./files.ts";

export interface Install {
  readonly model_dir: string;
  readonly version: ModelVersion;
  /** Of the manifest that is wanted. */
  readonly manifest_sha256: string;
  /** Puts the bundle's files into an empty folder. */
  readonly fill: (draft: string) => Promise<void>;
}

export const bundleDir = (model_dir: string, version: ModelVersion): string => join(model_dir, version);

/** Whether there is a bundle of that name, sound or not. */
export const bundleExists = (dir: string): Promise<boolean> =>
  stat(join(dir, MANIFEST_FILE)).then(
    (found) => found.isFile(),
    () => false,
  );

/**
 * @returns the bundle's folder below MODEL_DIR.
 * @throws ForetickError BUNDLE_HASH where the bundle, brought or there before, is not the one wanted; whatever
 * `loadBundle` and `fill` throw.
 */
export async function installBundle({ model_dir, version, manifest_sha256, fill }: Install): Promise<string> {
  const dir = bundleDir(model_dir, version);
  if (await bundleExists(dir)) {
    await expectManifest(dir, manifest_sha256);
    return dir;
  }
  const draft = join(dirname(dir), `.${version.replace("/", ".")}.${process.pid}.${crypto.randomUUID()}`);
  await mkdir(draft, { recursive: true });
  try {
    await fill(draft);
    await expectManifest(draft, manifest_sha256);
    await (await loadBundle(draft)).close();
    await syncFolder(draft);
    await rename(draft, dir).catch((error: unknown) => expectSame(error, dir, manifest_sha256));
    await sync(dirname(dir));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return dir;
}

/** @throws ForetickError BUNDLE_HASH, BUNDLE_INVALID. */
export async function expectManifest(dir: string, manifest_sha256: string): Promise<void> {
  const found = await manifestSha256(dir);
  if (found === manifest_sha256) return;
  fail(
    "BUNDLE_HASH",
    `${MANIFEST_FILE} in ${dir} expected sha256 ${manifest_sha256}, was ${found}: another bundle has that name here. Move it away`,
    { details: { file: MANIFEST_FILE } },
  );
}

/** A `fill` from a folder on this machine. */
export const copyOf =
  (source: string) =>
  async (draft: string): Promise<void> => {
    for (const entry of await readdir(source, { withFileTypes: true })) {
      if (entry.isFile()) await copyFile(join(source, entry.name), join(draft, entry.name));
    }
  };

// Another process was faster: what it brought is as good, if it is the same.
async function expectSame(error: unknown, dir: string, manifest_sha256: string): Promise<void> {
  const { code } = error as { code?: string };
  if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  await expectManifest(dir, manifest_sha256);
}
