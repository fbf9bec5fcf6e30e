/**
 * What a bundle is on disk: `<model_dir>/<name>/<version>/` with model.onnx, scaler.json, schema_<set>.json,
 * golden.json, manifest.json and SHA256SUMS; from training also importance.json,
 * confidence.json and drift.json. The manifest holds the hash and size of each of the others, and
 * SHA256SUMS those and the manifest's own, in the form `sha256sum -c SHA256SUMS` checks by hand. Under BUNDLE_KEY every file
 * is sealed (`base/seal`); hashes and sizes are of what is in it, so a bundle is the same bundle sealed or plain.
 */

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { opened, SEAL_BYTES, type Seal } from "../../base/seal/seal.ts";
import { type Manifest, manifestSchema, parseBundleText } from "./manifest.ts";

export const MODEL_FILE = "model.onnx";
export const SCALER_FILE = "scaler.json";
export const GOLDEN_FILE = "golden.json";
export const MANIFEST_FILE = "manifest.json";
/** What training found out about it, for people and machines. */
export const REPORT_FILE = "report.json";
export const SUMS_FILE = "SHA256SUMS";
export const columnsFile = (feature_set: string): string => `schema_${feature_set}.json`;

export const sha256Hex = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

/** The text of SHA256SUMS for a manifest, whose own hash goes last. */
export function sumsText(manifest: Pick<Manifest, "files">, manifest_sha256: string): string {
  const lines = Object.entries(manifest.files).map(([name, file]) => `${file.sha256}  ${name}\n`);
  return `${lines.join("")}${manifest_sha256}  ${MANIFEST_FILE}\n`;
}

/**
 * Identity of a bundle on disk: its manifest's sha256, and through it that of every other file.
 * @throws ForetickError BUNDLE_INVALID where there is no readable manifest; BUNDLE_KEY, BUNDLE_HASH as `readBundleFile`.
 */
export async function manifestSha256(dir: string, seal?: Seal): Promise<string> {
  return sha256Hex(await readBundleFile(dir, MANIFEST_FILE, seal));
}

export interface VerifiedFiles {
  readonly manifest: Manifest;
  /** Contents of every file the manifest lists. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a bundle's files and refuses each whose size or sha256 is not as written.
 * @throws ForetickError BUNDLE_INVALID (missing, too large, not as the schema says), BUNDLE_HASH naming the file,
 * BUNDLE_KEY where it is sealed by a key that is not among `seal`'s.
 */
export async function readVerified(dir: string, seal?: Seal): Promise<VerifiedFiles> {
  const sums = new TextDecoder().decode(await readBundleFile(dir, SUMS_FILE, seal));
  const bytes = await readBundleFile(dir, MANIFEST_FILE, seal);
  const manifest_sha256 = sha256Hex(bytes);
  if (!sums.includes(`${manifest_sha256}  ${MANIFEST_FILE}\n`)) refuseHash(dir, MANIFEST_FILE);
  const manifest = parseBundleText(MANIFEST_FILE, new TextDecoder().decode(bytes), manifestSchema);
  if (sums !== sumsText(manifest, manifest_sha256)) refuseHash(dir, SUMS_FILE);

  const needed = [MODEL_FILE, SCALER_FILE, GOLDEN_FILE, columnsFile(manifest.feature_set)];
  for (const name of needed) {
    if (!manifest.files[name]) fail("BUNDLE_INVALID", `${MANIFEST_FILE} in ${dir} lists no ${name}`);
  }
  const contents = new Map<string, Uint8Array>();
  for (const [name, expected] of Object.entries(manifest.files)) {
    const content = await readBundleFile(dir, name, seal);
    if (content.length !== expected.bytes || sha256Hex(content) !== expected.sha256) refuseHash(dir, name);
    contents.set(name, content);
  }
  return { manifest, contents };
}

/** The most that is in a bundle's file (bytes). */
export const fileBytesMax = (name: string): number =>
  name === MODEL_FILE ? LIMITS.model_bytes_max : LIMITS.bundle_text_bytes_max;

/**
 * What is in a bundle's file, sealed or plain.
 * @throws ForetickError BUNDLE_INVALID (missing, too large); BUNDLE_KEY, BUNDLE_HASH where it is sealed and cannot be opened.
 */
export async function readBundleFile(dir: string, name: string, seal?: Seal): Promise<Uint8Array> {
  const path = join(dir, name);
  const bytes_max = fileBytesMax(name) + (seal ? SEAL_BYTES : 0);
  const missing = (error: unknown): never =>
    fail("BUNDLE_INVALID", `${path} expected a readable file: ${describeError(error)}`, { cause: error });
  const { size } = await stat(path).catch(missing);
  if (size > bytes_max) {
    fail("BUNDLE_INVALID", `${path} expected at most ${fileBytesMax(name)} bytes, was ${size}`);
  }
  return opened(seal, name, await readFile(path).catch(missing));
}

function refuseHash(dir: string, name: string): never {
  return fail(
    "BUNDLE_HASH",
    `${name} in ${dir} is not the file that was written: its sha256 differs. Restore it or train again`,
    { details: { file: name } },
  );
}
