/**
 * Which bundle to serve: the one the file `<model_dir>/champion` names (one line, `<name>/<version>`), or
 * else the newest that is servable and was trained on a set the service computes. What was passed over is
 * returned with the reason, so that the start can say why a model on disk is not the one in use.
 */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeError, fail } from "../../base/errors.ts";
import type { Seal } from "../../base/seal/seal.ts";
import type { SetHash } from "../../base/units.ts";
import { MANIFEST_FILE, readBundleFile } from "./files.ts";
import { type Manifest, manifestSchema, parseBundleText } from "./manifest.ts";

const CHAMPION_FILE = "champion";
/** In a bundle that a job trained: it is served once somebody or something has promoted it, and not for being the newest. */
export const TRIAL_FILE = "trial";

/** A set the service computes. */
type ComputedSet = { readonly name: string; readonly hash: SetHash };

export interface BundleChoice {
  /** Folder of the bundle to load; undefined where none fits (serve the zero model, and say so). */
  readonly dir: string | undefined;
  /** Other folders, each with why it was not chosen. */
  readonly passed_over: readonly { readonly dir: string; readonly reason: string }[];
}

/** What can be tried, best first. */
export interface BundleCandidates {
  readonly candidates: readonly string[];
  readonly passed_over: readonly { readonly dir: string; readonly reason: string }[];
  /** The folder the file `champion` names; the first of the candidates. */
  readonly pinned: string | undefined;
  /** Why the file `champion` names no bundle that could serve; undefined where there is no such file. */
  readonly pinned_error: unknown;
}

/**
 * @throws ForetickError BUNDLE_INVALID where `champion` names no bundle; FEATURE_SET_MISMATCH where it names
 * one of another set: a choice made by hand is never silently replaced.
 */
export async function newestBundle(
  model_dir: string,
  feature_sets: readonly ComputedSet[],
  seal?: Seal,
): Promise<BundleChoice> {
  const { candidates, passed_over, pinned, pinned_error } = await bundleCandidates(
    model_dir,
    feature_sets,
    seal,
  );
  if (pinned_error) throw pinned_error;
  if (pinned !== undefined) return { dir: pinned, passed_over: [] };
  const [dir, ...older] = candidates;
  const reason = "a newer one exists";
  return { dir, passed_over: [...passed_over, ...older.map((other) => ({ dir: other, reason }))] };
}

/** All bundles that could serve by what their manifests say, the pinned one first, then the newest. */
export async function bundleCandidates(
  model_dir: string,
  feature_sets: readonly ComputedSet[],
  seal?: Seal,
): Promise<BundleCandidates> {
  let pinned: string | undefined;
  let pinned_error: unknown;
  const text = await readFile(join(model_dir, CHAMPION_FILE), "utf8").catch(() => undefined);
  try {
    if (text !== undefined) pinned = await pinnedDir(model_dir, text, feature_sets, seal);
  } catch (error) {
    pinned_error = error;
  }
  const passed_over: { dir: string; reason: string }[] = [];
  const fitting: { dir: string; manifest: Manifest }[] = [];
  for (const dir of await bundleDirs(model_dir)) {
    const manifest = await readManifest(dir, seal).catch((error: unknown) => describeError(error));
    const reason =
      typeof manifest === "string"
        ? manifest
        : (reasonAgainst(manifest, feature_sets) ?? (await reasonOfTrial(dir)));
    if (typeof manifest === "string" || reason !== undefined) {
      passed_over.push({ dir, reason: reason ?? "unreadable" });
    } else fitting.push({ dir, manifest });
  }
  const newest = fitting.sort((a, b) => (isNewer(a.manifest, b.manifest) ? -1 : 1)).map(({ dir }) => dir);
  const candidates = pinned === undefined ? newest : [pinned, ...newest.filter((dir) => dir !== pinned)];
  return { candidates, passed_over, pinned, pinned_error };
}

async function pinnedDir(
  model_dir: string,
  pinned: string,
  feature_sets: readonly ComputedSet[],
  seal: Seal | undefined,
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
  const manifest = await readManifest(dir, seal);
  if (!feature_sets.some(({ hash }) => hash === manifest.set_hash)) {
    const computed = feature_sets.map(({ name, hash }) => `${name} ${hash}`).join(", ");
    fail(
      "FEATURE_SET_MISMATCH",
      `${CHAMPION_FILE} names ${pinned.trim()}, trained on ${manifest.feature_set} ${manifest.set_hash}; the service computes ${computed}: train again or remove the file`,
    );
  }
  return dir;
}

function reasonAgainst(manifest: Manifest, feature_sets: readonly ComputedSet[]): string | undefined {
  const computed = feature_sets.find(({ name }) => name === manifest.feature_set);
  if (!computed) return `trained on the set ${manifest.feature_set}`;
  if (manifest.set_hash !== computed.hash) {
    return `trained on another definition of ${computed.name} (${manifest.set_hash.slice(0, 12)}…)`;
  }
  if (!manifest.servable) return "marked not servable";
  return manifest.proposed ? undefined : "a simpler model of the same run did as well";
}

const reasonOfTrial = (dir: string): Promise<string | undefined> =>
  stat(join(dir, TRIAL_FILE)).then(
    () => "trained by a job and not promoted: bun run models promote",
    () => undefined,
  );

const isNewer = (one: Manifest, other: Manifest): boolean =>
  Date.parse(one.created_at) > Date.parse(other.created_at) ||
  (one.created_at === other.created_at && one.version > other.version);

/** Every folder `<model_dir>/<name>/<version>`, sound or not. */
export async function bundleDirs(model_dir: string): Promise<string[]> {
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

async function readManifest(dir: string, seal: Seal | undefined): Promise<Manifest> {
  const bytes = await readBundleFile(dir, MANIFEST_FILE, seal);
  return parseBundleText(MANIFEST_FILE, new TextDecoder().decode(bytes), manifestSchema);
}
