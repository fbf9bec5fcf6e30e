/** A bundle that is there after a power cut is there whole: what is renamed to its name has been synced before, file by file. */

import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { modelVersion } from "../../../src/base/units.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import { manifestSha256 } from "../../../src/model/bundle/files.ts";
import { copyOf, installBundle } from "../../../src/model/bundle/install.ts";
import { freshBundle, freshFolder, removeFolders, sampleContents } from "../sample.ts";

/** The name of an open file is asked of Linux. */
const OPEN_FILES = "/proc/self/fd";
const version = modelVersion("ridge-v1/1");

const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});
afterAll(removeFolders);

/** Names of what is synced from now on, with what of `dir` was there at that moment. */
async function syncs(dir: string): Promise<{ path: string; published: boolean }[]> {
  const seen: { path: string; published: boolean }[] = [];
  const handle = await open(".", "r");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { sync } = prototype;
  prototype.sync = function (this: FileHandle) {
    seen.push({ path: readlinkSync(join(OPEN_FILES, String(this.fd))), published: existsSync(dir) });
    return sync.call(this);
  };
  undo.push(() => {
    prototype.sync = sync;
  });
  return seen;
}

describe.skipIf(!existsSync(OPEN_FILES))("a bundle", () => {
  for (const way of ["installed from elsewhere", "written by a training"] as const) {
    it(`${way} is on the disk, each file and then their folder, before it has its name; then its name is`, async () => {
      const original = await freshBundle();
      const model_dir = await freshFolder();
      const dir = join(model_dir, version);
      const seen = await syncs(dir);
      if (way === "written by a training") await writeBundle(model_dir, sampleContents({ version: "1" }));
      else {
        const manifest_sha256 = await manifestSha256(original);
        await installBundle({ model_dir, version, manifest_sha256, fill: copyOf(original) });
      }
      const before = seen.filter(({ published }) => !published).map(({ path }) => path);
      const files = readdirSync(dir).sort();
      expect(files.length).toBeGreaterThan(4);
      expect(
        before
          .slice(0, -1)
          .map((path) => basename(path))
          .sort(),
      ).toEqual(files);
      // Their folder, then still a hidden one.
      expect(new Set(before.slice(0, -1).map((path) => dirname(path)))).toEqual(new Set([before.at(-1)]));
      const after = seen.filter(({ published }) => published).map(({ path }) => path);
      expect(after).toEqual([dirname(dir)]);
    });
  }
});
