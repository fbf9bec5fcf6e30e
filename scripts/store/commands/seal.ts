/** `bun run models seal` and `models open`: bundles that are there already, under the current BUNDLE_KEY, or without it for a person. */

import { join, relative } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import type { Config } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { bundleExists } from "../../../src/model/bundle/install.ts";
import { bundleDirs } from "../../../src/model/bundle/newest.ts";
import { openBundle, resealBundle } from "../../../src/model/bundle/reseal.ts";
import { bundleStoreOf } from "../../../src/record/registry/bundle_store.ts";

/**
 * Every bundle below MODEL_DIR, and the same versions in the bundle store.
 * @returns a line for each.
 * @throws ForetickError BUNDLE_KEY without a key or without the one that sealed them; BUNDLE_HASH, BUNDLE_STORE.
 */
export async function sealCommand(config: Config): Promise<string[]> {
  const { bundle_key: seal, model_dir } = config;
  if (!seal) return fail("BUNDLE_KEY", "BUNDLE_KEY expected the key to seal by, was not set");
  const store = bundleStoreOf(config, systemClock);
  const lines = [`key     ${seal.key_id}`];
  for (const dir of await bundleDirs(model_dir)) {
    if (!(await bundleExists(dir))) continue;
    const version = relative(model_dir, dir);
    const here = await resealBundle(dir, seal);
    const there = store ? `, ${(await store.reseal(modelVersion(version))) ?? "none"} in the store` : "";
    lines.push(`sealed  ${version}: ${here} files here${there}`);
  }
  return lines;
}

/** @returns a line that says where the files are. */
export async function openCommand(config: Config, version: string, to: string): Promise<string[]> {
  const dir = join(config.model_dir, version);
  if (!(await bundleExists(dir))) fail("MODEL_UNKNOWN", `expected a bundle at ${dir}, there is none`);
  await openBundle(dir, to, config.bundle_key);
  return [`opened  ${version} in ${to}: plain files, remove them when you have read them`];
}
