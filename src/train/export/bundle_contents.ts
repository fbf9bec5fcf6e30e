/** What a fitted model's bundle holds: the graph, what it was fitted on, how it scored, and golden vectors. */

import { env } from "onnxruntime-node";
import { isoOf, type Micros, startOf } from "../../base/units.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { BundleContents } from "../../model/bundle/bundle.ts";
import {
  BUNDLE_FORMAT,
  BY_EVALUATOR,
  type Manifest,
  type ScalerFile,
  type Score,
} from "../../model/bundle/manifest.ts";
import { IR_VERSION, OPSET_VERSION } from "../../model/onnx/schema.ts";
import type { Dataset } from "../data/dataset.ts";
import { numberAt } from "../data/numbers.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import type { Split } from "../data/split.ts";
import type { Fitted } from "../fit/trainable.ts";
import type { Proposal } from "../judge/propose.ts";
import { judge } from "../judge/verdict.ts";
import { checkExport } from "./export_check.ts";

export interface BundleOptions {
  readonly name: string;
  /** e.g. "20261121-100000". */
  readonly version: string;
  readonly created_at_us: Micros;
  readonly seed: number;
  readonly train_share: number;
  /** Where the rows came from, for people. */
  readonly sources: readonly string[];
}

/** How the models of a run scored, and on what. */
export interface Scored {
  readonly split: Split;
  /** The model's own among them. */
  readonly scores: readonly Score[];
  readonly proposal: Pick<Proposal, "model">;
}

export function bundleContents(
  dataset: Dataset,
  set: FeatureSet,
  scored: Scored,
  model: Fitted,
  options: BundleOptions,
): BundleContents {
  const metadata = { feature_set: set.name, set_hash: set.hash, name: options.name };
  return {
    manifest: manifestOf(dataset, scored, model, options),
    model_onnx: model.toOnnx(metadata),
    scaler: scalerFile(dataset, model),
    columns: {
      feature_set: set.name,
      set_hash: set.hash,
      columns: set.columns.map(({ name, unit }) => ({ name, unit })),
    },
    golden: model.golden(dataset, scored.split.test),
  };
}

/**
 * The same with the exported graph run on a thousand rows and timed; both go into the manifest.
 * @throws ForetickError BUNDLE_GOLDEN where the graph answers otherwise than the model.
 */
export async function checkedContents(
  dataset: Dataset,
  scored: Scored,
  model: Fitted,
  contents: BundleContents,
): Promise<BundleContents> {
  const { tolerance } = contents.golden;
  const check = await checkExport(contents.model_onnx, model, dataset, scored.split.test, tolerance);
  const { rows, difference_onnx, difference_fallback, latency } = check;
  const parameters = {
    ...contents.manifest.parameters,
    export_rows: rows,
    export_difference_onnx: difference_onnx,
    export_difference_fallback: difference_fallback,
  };
  return { ...contents, manifest: { ...contents.manifest, parameters, latency } };
}

function scalerFile(dataset: Dataset, { scaler, target_scale }: Fitted): ScalerFile {
  const { mean, scale, inverse, rows } = scaler;
  const columns = { mean: [...mean], scale: [...scale], inverse: [...inverse] };
  return { columns: [...dataset.names], ...columns, rows, target_scale };
}

function manifestOf(
  dataset: Dataset,
  { split, scores, proposal }: Scored,
  model: Fitted,
  options: BundleOptions,
): BundleContents["manifest"] {
  const ranked = [...scores].sort((a, b) => Number(b.model === model.name) - Number(a.model === model.name));
  const stretch = (range: RowRange) => ({
    from_us: startOf(numberAt(dataset.ts_sec, range.from)),
    to_us: startOf(numberAt(dataset.ts_sec, range.to - 1)),
    rows: rowsOf(range),
  });
  const { from_us, to_us, rows } = stretch({ from: 0, to: dataset.rows });
  return {
    format: BUNDLE_FORMAT,
    name: options.name,
    version: options.version,
    created_at: isoOf(options.created_at_us),
    kind: model.kind,
    feature_set: dataset.feature_set,
    set_hash: dataset.set_hash,
    horizon_s: dataset.horizon_s,
    cadence_s: dataset.cadence_s,
    label: dataset.label,
    n_inputs: dataset.names.length,
    sequence_length: model.sequence_length,
    target_scale: model.target_scale,
    data: {
      symbol: dataset.symbol,
      from_us,
      to_us,
      sources: [...options.sources],
      rows_seen: dataset.rows_seen,
      rows_used: rows,
      removed: { ...dataset.removed },
    },
    split: { ...split, train: stretch(split.train), test: stretch(split.test) },
    parameters: {
      ...model.parameters,
      seed: options.seed,
      train_share: options.train_share,
    },
    scores: ranked,
    verdict: judge(ranked[0]!, dataset.cadence_s),
    // Until gates have been held against it; see finish.ts.
    gates: [],
    servable: false,
    proposed: proposal.model === model.name,
    fallback: model.fallback ?? BY_EVALUATOR,
    runtime: runtimeVersions(model),
  };
}

function runtimeVersions({ onnx }: Fitted): Manifest["runtime"] {
  return {
    bun: process.versions.bun ?? "none",
    onnxruntime: env.versions.node ?? "unknown",
    onnx_ir: String(onnx?.ir_version ?? IR_VERSION),
    onnx_opset: String(onnx?.opset ?? OPSET_VERSION),
  };
}
