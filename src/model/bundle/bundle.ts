/**
 * Loading and writing model bundles. Loading trusts nothing unchecked: hashes, then the shape of every text
 * file, then the graph's own checks, then golden vectors through both evaluators; only then is there a
 * `Model`. Writing loads what it wrote before it publishes it, and never replaces a bundle that exists.
 */

import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sync } from "../../base/durable.ts";
import { assert, describeError, fail } from "../../base/errors.ts";
import type { Seal } from "../../base/seal/seal.ts";
import type { DriftReference } from "../../judge/drift/drift_reference.ts";
import { WeighedConfidence } from "../../judge/weighed_confidence.ts";
import { type Evaluator, prepareEvaluator } from "../onnx/evaluator.ts";
import { readOnnx } from "../onnx/read.ts";
import { openSession, type Session } from "../onnx/session.ts";
import { CONFIDENCE_FILE, confidenceSchema } from "./confidence.ts";
import { DRIFT_FILE, parseDrift } from "./drift.ts";
import {
  columnsFile,
  GOLDEN_FILE,
  MANIFEST_FILE,
  MODEL_FILE,
  readVerified,
  SCALER_FILE,
  SUMS_FILE,
  sha256Hex,
  sumsText,
  type VerifiedFiles,
} from "./files.ts";
import { type FeatureImportance, IMPORTANCE_FILE, parseImportance } from "./importance.ts";
import {
  type Columns,
  columnsSchema,
  type Golden,
  goldenSchema,
  type Manifest,
  parseBundleText,
  type ScalerFile,
  scalerSchema,
} from "./manifest.ts";
import { BundleModel } from "./model.ts";

/** What the text files of a bundle say. */
interface BundleTexts {
  readonly golden: Golden;
  /** undefined in bundles of older versions. */
  readonly importance: FeatureImportance | undefined;
  readonly drift: DriftReference | undefined;
  /** Where the weights have a say. */
  readonly weighed: WeighedConfidence | undefined;
}

/** Everything a bundle holds; hashes and sizes are filled in by `writeBundle`. */
export interface BundleContents {
  readonly manifest: Omit<Manifest, "files">;
  readonly model_onnx: Uint8Array;
  readonly scaler: ScalerFile;
  readonly columns: Columns;
  readonly golden: Golden;
  /** Further files, e.g. a report, by name. */
  readonly extra?: Readonly<Record<string, Uint8Array>>;
}

/**
 * @param dir the bundle's folder, `<model_dir>/<name>/<version>`.
 * @throws ForetickError BUNDLE_HASH (a file is not the one written; `details.file` names it), BUNDLE_INVALID
 * (missing, malformed or contradicting files), BUNDLE_KEY (sealed by a key that `seal` lacks), ONNX_MALFORMED or ONNX_REFUSED (the graph), BUNDLE_GOLDEN (an
 * evaluator answers otherwise than the trained model did).
 */
export async function loadBundle(dir: string, seal?: Seal): Promise<BundleModel> {
  const files = await readVerified(dir, seal);
  const { manifest } = files;
  const { golden, ...says } = checkedTexts(files);
  const model_onnx = files.contents.get(MODEL_FILE)!;
  const evaluator = prepareEvaluator(readOnnx(model_onnx), manifest.n_inputs);
  checkInput(evaluator, manifest);
  const fallback = fallbackOf(evaluator, manifest);
  const session = await openSession(model_onnx, evaluator);
  try {
    await checkGolden(golden, session, fallback);
  } catch (error) {
    await session.close();
    throw error;
  }
  return new BundleModel(manifest, session, fallback, says);
}

function checkInput({ input_dims }: Evaluator, { n_inputs, sequence_length }: Manifest): void {
  const wanted = sequence_length === 1 ? [1, n_inputs] : [1, sequence_length, n_inputs];
  if (input_dims.join() === wanted.join()) return;
  fail("BUNDLE_INVALID", `${MODEL_FILE} expected input [${wanted}], was [${input_dims}]`);
}

/** Undefined where the bundle says that the last good model is its fallback. */
function fallbackOf(evaluator: Evaluator, { fallback }: Manifest): Evaluator | undefined {
  if (fallback.by === "last_good_model") return undefined;
  if (evaluator.lacks.length === 0) return evaluator;
  return fail(
    "BUNDLE_INVALID",
    `${MANIFEST_FILE} says the evaluator is the fallback, which has no ${evaluator.lacks.join(", ")}: import the model again`,
  );
}

function checkedTexts({ manifest, contents }: VerifiedFiles): BundleTexts {
  const text = (name: string): string => new TextDecoder().decode(contents.get(name));
  const name = columnsFile(manifest.feature_set);
  const columns = parseBundleText(name, text(name), columnsSchema);
  if (columns.set_hash !== manifest.set_hash || columns.feature_set !== manifest.feature_set) {
    fail("BUNDLE_INVALID", `${name} expected the set of the manifest, ${manifest.set_hash}, was another's`);
  }
  if (columns.columns.length !== manifest.n_inputs) {
    fail("BUNDLE_INVALID", `${name} expected ${manifest.n_inputs} columns, was ${columns.columns.length}`);
  }
  const scaler = parseBundleText(SCALER_FILE, text(SCALER_FILE), scalerSchema);
  const names = columns.columns.map((column) => column.name);
  if (scaler.columns.join() !== names.join()) {
    fail("BUNDLE_INVALID", `${SCALER_FILE} expected the columns of ${name} in its order`);
  }
  if (scaler.mean.length !== names.length || scaler.inverse.length !== names.length) {
    fail("BUNDLE_INVALID", `${SCALER_FILE} expected ${names.length} means and inverses`);
  }
  const golden = parseBundleText(GOLDEN_FILE, text(GOLDEN_FILE), goldenSchema);
  const values = manifest.n_inputs * manifest.sequence_length;
  if (golden.vectors.some((vector) => vector.values.length !== values)) {
    fail("BUNDLE_INVALID", `${GOLDEN_FILE} expected ${values} values in every vector`);
  }
  const importance = contents.has(IMPORTANCE_FILE)
    ? parseImportance(text(IMPORTANCE_FILE), names)
    : undefined;
  const drift = contents.has(DRIFT_FILE) ? parseDrift(text(DRIFT_FILE), names) : undefined;
  const compared = contents.has(CONFIDENCE_FILE)
    ? parseBundleText(CONFIDENCE_FILE, text(CONFIDENCE_FILE), confidenceSchema)
    : undefined;
  if (!compared?.applied) return { golden, importance, drift, weighed: undefined };
  if (!importance) return fail("BUNDLE_INVALID", `${CONFIDENCE_FILE} expected ${IMPORTANCE_FILE} beside it`);
  const weights = importance.features.map(({ weight }) => weight);
  const { mean, inverse } = scaler;
  const weighed = new WeighedConfidence({ mean, inverse, weights }, compared);
  return { golden, importance, drift, weighed };
}

async function checkGolden(
  golden: Golden,
  session: Session,
  evaluator: Evaluator | undefined,
): Promise<void> {
  for (const [index, { values, expected }] of golden.vectors.entries()) {
    session.input.set(values);
    const answers = {
      onnxruntime: await session.run(),
      ...(evaluator ? { fallback: evaluator.evaluate(session.input) } : {}),
    };
    for (const [source, answer] of Object.entries(answers)) {
      // Written so that a NaN fails too.
      if (Math.abs(answer - expected) <= golden.tolerance) continue;
      fail(
        "BUNDLE_GOLDEN",
        `golden vector ${index} expected ${expected} ± ${golden.tolerance}, ${source} answers ${answer}: do not serve this model`,
      );
    }
  }
}

/**
 * Writes `<model_dir>/<name>/<version>/` whole or not at all: into a hidden folder beside it, loaded from there
 * as the service would, then renamed.
 * @param seal under its first key every file is sealed; without it they are plain.
 * @returns the bundle's folder.
 * @throws ForetickError BUNDLE_EXISTS, and whatever `loadBundle` throws for what was about to be written.
 */
export async function writeBundle(model_dir: string, contents: BundleContents, seal?: Seal): Promise<string> {
  const { name, version } = contents.manifest;
  const dir = join(model_dir, name, version);
  const draft = join(model_dir, name, `.${version}.${process.pid}`);
  await mkdir(draft, { recursive: true });
  try {
    for (const [file, bytes] of bundleFiles(contents))
      await writeSynced(join(draft, file), seal ? seal.seal(file, bytes) : bytes);
    await (await loadBundle(draft, seal)).close();
    await sync(draft);
    await publish(draft, dir);
    await sync(dirname(dir));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return dir;
}

function bundleFiles(contents: BundleContents): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([
    [MODEL_FILE, contents.model_onnx],
    [SCALER_FILE, jsonBytes(contents.scaler)],
    [columnsFile(contents.manifest.feature_set), jsonBytes(contents.columns)],
    [GOLDEN_FILE, jsonBytes(contents.golden)],
    ...Object.entries(contents.extra ?? {}),
  ]);
  const listed = Object.fromEntries(
    Array.from(files, ([file, bytes]) => [file, { sha256: sha256Hex(bytes), bytes: bytes.length }]),
  );
  assert(!(MANIFEST_FILE in listed) && !(SUMS_FILE in listed), "a bundle's extra file takes a reserved name");
  const manifest = jsonBytes({ ...contents.manifest, files: listed });
  files.set(MANIFEST_FILE, manifest);
  files.set(SUMS_FILE, new TextEncoder().encode(sumsText({ files: listed }, sha256Hex(manifest))));
  return files;
}

const jsonBytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

// A rename onto a folder that holds anything fails, no matter which process wrote it and when. A check
// beforehand would leave time for a race.
async function publish(draft: string, dir: string): Promise<void> {
  try {
    await rename(draft, dir);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") {
      fail("BUNDLE_EXISTS", `${dir} exists already; bundles are never overwritten: choose another version`, {
        cause: error,
      });
    }
    fail("BUNDLE_INVALID", `${dir} cannot be written: ${describeError(error)}`, { cause: error });
  }
}
