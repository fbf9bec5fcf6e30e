/**
 * Brings a bundle from elsewhere (another folder, a store) below MODEL_DIR, whole or not at all: into a hidden
 * folder, checked there as the service would, put on the disk, then renamed. Where the bundle is there already, it stays.
 */

import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sync, syncFolder } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import { opened, type Seal } from "../../base/seal/seal.ts";
import type { ModelVersion } from "../../base/units.ts";
import { loadBundle } from "./bundle.ts";
import { MANIFEST_FILE, manifestSha256 } from "./files.ts";

export interface Install {
  readonly model_dir: string;
  readonly version: ModelVersion;
  /** Of the manifest that is wanted. */
  readonly manifest_sha256: string;
  /** Reads what is sealed, and seals what is written; without it files are written plain. */
  readonly seal?: Seal | undefined;
  /** Brings the bundle's files, each by `write`. */
  readonly fill: (write: WriteFile) => Promise<void>;
}

/** @param bytes what is in the file, not sealed. */
export type WriteFile = (file: string, bytes: Uint8Array) => Promise<void>;

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
export async function installBundle(install: Install): Promise<string> {
  const { model_dir, version, manifest_sha256, seal, fill } = install;
  const dir = bundleDir(model_dir, version);
  if (await bundleExists(dir)) {
    await expectManifest(dir, manifest_sha256, seal);
    return dir;
  }
  const draft = join(dirname(dir), `.${version.replace("/", ".")}.${process.pid}.${crypto.randomUUID()}`);
  await mkdir(draft, { recursive: true });
  try {
    await fill((file, bytes) => writeFile(join(draft, file), seal ? seal.seal(file, bytes) : bytes));
    await expectManifest(draft, manifest_sha256, seal);
    await (await loadBundle(draft, seal)).close();
    await syncFolder(draft);
    await rename(draft, dir).catch((error: unknown) => expectSame(error, install, dir));
    await sync(dirname(dir));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return dir;
}

/** @throws ForetickError BUNDLE_HASH, BUNDLE_INVALID, BUNDLE_KEY. */
export async function expectManifest(dir: string, manifest_sha256: string, seal?: Seal): Promise<void> {
  const found = await manifestSha256(dir, seal);
  if (found === manifest_sha256) return;
  fail(
    "BUNDLE_HASH",
    `${MANIFEST_FILE} in ${dir} expected sha256 ${manifest_sha256}, was ${found}: another bundle has that name here. Move it away`,
    { details: { file: MANIFEST_FILE } },
  );
}

/** A `fill` from a folder on this machine. */
export const copyOf =
  (source: string, seal?: Seal) =>
  async (write: WriteFile): Promise<void> => {
    for (const entry of await readdir(source, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      await write(entry.name, opened(seal, entry.name, await readFile(join(source, entry.name))));
    }
  };

// Another process was faster: what it brought is as good, if it is the same.
async function expectSame(error: unknown, { manifest_sha256, seal }: Install, dir: string): Promise<void> {
  const { code } = error as { code?: string };
  if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  await expectManifest(dir, manifest_sha256, seal);
}
