/** Bundles as they come from a disk or a caller's zip: one file changed, its hashes right again, and loaded whole. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { Rng } from "../../../src/base/rng.ts";
import { loadBundle } from "../../../src/model/bundle/bundle.ts";
import {
  columnsFile,
  GOLDEN_FILE,
  MANIFEST_FILE,
  MODEL_FILE,
  SCALER_FILE,
  SUMS_FILE,
  sha256Hex,
  sumsText,
} from "../../../src/model/bundle/files.ts";
import { unpackBundle } from "../../../src/model/bundle/unpack.ts";
import { mutatedBytes, picked } from "../mutate_bytes.ts";
import { mutatedJson } from "../mutate_json.ts";
import { bytesOfText, type Door, type Target, textOfBytes } from "../target.ts";

const ZIP = "zip";

interface Sample {
  readonly manifest: object;
  /** Every file but the manifest and the sums. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly zips: readonly Uint8Array[];
}

async function sampleOf(): Promise<Sample> {
  // Imported here: the import trains a model.
  const { sampleContents } = await import("../../model/sample.ts");
  const { manifest, model_onnx, scaler, columns, golden, extra } = sampleContents();
  const texts = {
    [SCALER_FILE]: scaler,
    [columnsFile(manifest.feature_set)]: columns,
    [GOLDEN_FILE]: golden,
  };
  const files: Record<string, Uint8Array> = { [MODEL_FILE]: model_onnx, ...extra };
  for (const [name, value] of Object.entries(texts)) files[name] = bytesOfText(JSON.stringify(value));
  const small = { "manifest.json": bytesOfText("{}"), SHA256SUMS: bytesOfText("0  manifest.json\n") };
  return { manifest, files, zips: [zipSync(small, { level: 0 }), zipSync(small, { level: 6 })] };
}

/** The first line says which file it is. */
function inputOf(rng: Rng, { manifest, files, zips }: Sample): Uint8Array {
  const name = picked(rng, [ZIP, MANIFEST_FILE, ...Object.keys(files)]);
  const first = bytesOfText(`${name}\n`);
  if (name === ZIP) return Buffer.concat([first, mutatedBytes(rng, zips)]);
  if (name === MANIFEST_FILE) return Buffer.concat([first, bytesOfText(mutatedJson(rng, [manifest]))]);
  const good = files[name]!;
  if (!name.endsWith(".json")) return Buffer.concat([first, mutatedBytes(rng, [good])]);
  return Buffer.concat([first, bytesOfText(mutatedJson(rng, [JSON.parse(textOfBytes(good))]))]);
}

const listed = (files: Readonly<Record<string, Uint8Array>>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, { sha256: sha256Hex(bytes), bytes: bytes.length }]),
  );

/** The manifest with the hashes of the files there are, where it is a record at all. */
function manifestText(text: string, files: Readonly<Record<string, Uint8Array>>): string {
  try {
    const value = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return text;
    return JSON.stringify({ files: listed(files), ...value });
  } catch {
    return text;
  }
}

async function open(): Promise<Target> {
  const sample = await sampleOf();
  const folder = mkdtempSync(join(tmpdir(), "foretick-fuzz-"));
  const [dir, unpacked] = [join(folder, "bundle"), join(folder, "unpacked")];
  mkdirSync(dir);
  return {
    codes: ["BUNDLE_INVALID", "BUNDLE_HASH", "BUNDLE_GOLDEN", "ONNX_MALFORMED", "ONNX_REFUSED"],
    input: (rng) => inputOf(rng, sample),
    attempt: async (input) => {
      const end = input.indexOf(10);
      const [name, bytes] = [textOfBytes(input.subarray(0, end)), input.subarray(end + 1)];
      if (name === ZIP) {
        rmSync(unpacked, { recursive: true, force: true });
        mkdirSync(unpacked);
        return unpackBundle(bytes, unpacked);
      }
      const files = name === MANIFEST_FILE ? sample.files : { ...sample.files, [name]: bytes };
      const said = name === MANIFEST_FILE ? textOfBytes(bytes) : JSON.stringify(sample.manifest);
      const manifest = bytesOfText(manifestText(said, files));
      for (const [file, content] of Object.entries(files)) writeFileSync(join(dir, file), content);
      writeFileSync(join(dir, MANIFEST_FILE), manifest);
      writeFileSync(join(dir, SUMS_FILE), sumsText({ files: listed(files) }, sha256Hex(manifest)));
      await (await loadBundle(dir)).close();
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const bundle: Door = { name: "bundle", what: "model bundles", runs: 1_000_000, short_runs: 60, open };
