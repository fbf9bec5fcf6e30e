/**
 * Which bundle to serve: the one the file `<model_dir>/champion` names (one line, `<name>/<version>`), or
 * else the newest that is servable and was trained on the set the service computes. What was passed over is
 * returned with the reason, so that the start can say why a model on disk is not the one in use.
 */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeError, fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { SetHash } from "../base/units.ts";
import { MANIFEST_FILE } from "./bundle_files.ts";
import { type Manifest, manifestSchema, parseBundleText } from "./manifest.ts";

export const CHAMPION_FILE = "champion";

export interface BundleChoice {
  /** Folder of the bundle to load; undefined where none fits (serve the zero model, and say so). */
  readonly dir: string | undefined;
  /** Other folders, each with why it was not chosen. */
  readonly passed_over: readonly { readonly dir: string; readonly reason: string }[];
}

/**
 * @throws ForetickError BUNDLE_INVALID where `champion` names no bundle; FEATURE_SET_MISMATCH where it names
 * one of another set: a choice made by hand is never silently replaced.
 */
export async function newestBundle(
  model_dir: string,
  feature_set: { readonly name: string; readonly hash: SetHash },
): Promise<BundleChoice> {
  const pinned = await readFile(join(model_dir, CHAMPION_FILE), "utf8").catch(() => undefined);
  if (pinned !== undefined) return { dir: await pinnedDir(model_dir, pinned, feature_set), passed_over: [] };

  const passed_over: { dir: string; reason: string }[] = [];
  let best: { dir: string; manifest: Manifest } | undefined;
  for (const dir of await bundleDirs(model_dir)) {
    const manifest = await readManifest(dir).catch((error: unknown) => describeError(error));
    const reason = typeof manifest === "string" ? manifest : reasonAgainst(manifest, feature_set);
    if (reason !== undefined || typeof manifest === "string") {
      passed_over.push({ dir, reason: reason ?? "unreadable" });
    } else if (!best || isNewer(manifest, best.manifest)) {
      if (best) passed_over.push({ dir: best.dir, reason: "a newer one exists" });
      best = { dir, manifest };
    } else passed_over.push({ dir, reason: "a newer one exists" });
  }
  return { dir: best?.dir, passed_over };
}

async function pinnedDir(
  model_dir: string,
  pinned: string,
  feature_set: { readonly name: string; readonly hash: SetHash },
): Promise<string> {
  const [name, version, ...rest] = pinned.trim().split("/");
  const wellFormed = [name, version].every((part) => part && /^[a-z0-9][a-z0-9._-]*$/.test(part));
  if (!wellFormed || rest.length > 0) {
    fail(
      "BUNDLE_INVALID",
      `${join(model_dir, CHAMPION_FILE)} expected one line <name>/<version>, was ${JSON.stringify(pinned)}`,
    );
  }
  const dir = join(model_dir, name!, version!);
  const manifest = await readManifest(dir);
  if (manifest.set_hash !== feature_set.hash) {
    fail(
      "FEATURE_SET_MISMATCH",
      `${CHAMPION_FILE} names ${pinned.trim()}, trained on ${manifest.feature_set} ${manifest.set_hash}; the service computes ${feature_set.name} ${feature_set.hash}: train again or remove the file`,
    );
  }
  return dir;
}

function reasonAgainst(
  manifest: Manifest,
  feature_set: { readonly name: string; readonly hash: SetHash },
): string | undefined {
  if (manifest.feature_set !== feature_set.name) return `trained on the set ${manifest.feature_set}`;
  if (manifest.set_hash !== feature_set.hash) {
    return `trained on another definition of ${feature_set.name} (${manifest.set_hash.slice(0, 12)}…)`;
  }
  if (!manifest.servable) return "marked not servable";
  return manifest.proposed ? undefined : "a simpler model of the same run did as well";
}

const isNewer = (one: Manifest, other: Manifest): boolean =>
  Date.parse(one.created_at) > Date.parse(other.created_at) ||
  (one.created_at === other.created_at && one.version > other.version);

async function bundleDirs(model_dir: string): Promise<string[]> {
  const dirs: string[] = [];
  for (const name of await subfolders(model_dir)) {
    for (const version of await subfolders(name)) dirs.push(version);
  }
  return dirs;
}

// Hidden folders are drafts being written; a missing model_dir holds no bundle.
async function subfolders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => join(dir, entry.name))
    .sort();
}

async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, MANIFEST_FILE);
  const text = await readFile(path, "utf8").catch((error: unknown) =>
    fail("BUNDLE_INVALID", `${path} expected a readable file: ${describeError(error)}`, { cause: error }),
  );
  if (text.length > LIMITS.bundle_text_bytes_max) fail("BUNDLE_INVALID", `${path} is too large`);
  return parseBundleText(MANIFEST_FILE, text, manifestSchema);
}
