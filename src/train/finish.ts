/**
 * The last steps of a bundle: the exported file run and timed, every gate held against the model, and the report
 * card beside it. A model that fails is finished like any other; only its manifest says that it may not be served.
 */

import type { FeatureSet } from "../features/sets/feature_set.ts";
import type { BundleContents } from "../model/bundle/bundle.ts";
import { CONFIDENCE_FILE } from "../model/bundle/confidence.ts";
import { DRIFT_FILE } from "../model/bundle/drift.ts";
import { REPORT_FILE } from "../model/bundle/files.ts";
import { IMPORTANCE_FILE } from "../model/bundle/importance.ts";
import { evaluateGates, type Gate, mayServe } from "../model/gates.ts";
import { collectGarbage } from "./data/collect.ts";
import type { Dataset } from "./data/dataset.ts";
import { type BundleOptions, bundleContents, checkedContents } from "./export/bundle_contents.ts";
import { driftOfTraining } from "./export/drift.ts";
import { featureImportance } from "./export/importance.ts";
import type { Fitted } from "./fit/trainable.ts";
import { gateFigures } from "./judge/gate_figures.ts";
import { weighedConfidence } from "./judge/weighed_confidence.ts";
import type { WalkForwardPart } from "./report/figures/walk_forward.ts";
import { reportPage } from "./report/page/page.ts";
import { buildReport, type Report } from "./report/report.ts";
import type { TrainingRun } from "./run.ts";

const REPORT_PAGE_FILE = "report.html";

export interface FinishedModel {
  readonly contents: BundleContents;
  readonly report: Report;
}

/** @throws ForetickError BUNDLE_GOLDEN where the exported file answers otherwise than the model. */
export async function finishModel(
  dataset: Dataset,
  set: FeatureSet,
  run: TrainingRun,
  model: Fitted,
  gates: readonly Gate[],
  options: BundleOptions & { readonly walk_forward?: readonly WalkForwardPart[] | undefined },
): Promise<FinishedModel> {
  const plain = bundleContents(dataset, set, run, model, options);
  const checked = await checkedContents(dataset, run, model, plain);
  const { latency, scores } = checked.manifest;
  const model_bytes = checked.model_onnx.length;
  const over_ridge = run.proposal.comparisons.find((comparison) => comparison.model === model.name);
  const figures = gateFigures(scores[0]!, over_ridge, { bytes: model_bytes, latency: latency! });
  const results = evaluateGates(figures, gates);
  const manifest = { ...checked.manifest, gates: results, servable: mayServe(results) };
  const gate_reasons = Object.fromEntries(gates.map(({ name, why }) => [name, why]));
  const { seed, walk_forward } = options;
  collectGarbage();
  const { validation } = run.fit_split;
  const importance = featureImportance(dataset, validation, model, seed);
  const confidence = weighedConfidence(dataset, validation, model, importance, seed);
  collectGarbage();
  const report = buildReport({
    dataset,
    run,
    model,
    manifest,
    model_bytes,
    gate_reasons,
    confidence,
    seed,
    walk_forward,
  });
  collectGarbage();
  const drift = driftOfTraining(dataset, model);
  const extra = {
    [IMPORTANCE_FILE]: jsonBytes(importance),
    ...(confidence && { [CONFIDENCE_FILE]: jsonBytes(confidence) }),
    [DRIFT_FILE]: jsonBytes(drift),
    [REPORT_FILE]: jsonBytes(report),
    [REPORT_PAGE_FILE]: new TextEncoder().encode(reportPage(report)),
  };
  collectGarbage();
  return { contents: { ...checked, manifest, extra }, report };
}

const jsonBytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
