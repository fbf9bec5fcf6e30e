/**
 * The last steps of a bundle: the exported file run and timed, every gate held against the model, and the report
 * card beside it. A model that fails is finished like any other; only its manifest says that it may not be served.
 */

import type { FeatureSet } from "../features/set.ts";
import type { BundleContents } from "../model/bundle.ts";
import { evaluateGates, type Gate, mayServe } from "../model/gates.ts";
import { type BundleOptions, bundleContents, checkedContents } from "./bundle_contents.ts";
import { collectGarbage } from "./collect.ts";
import type { Dataset } from "./dataset.ts";
import { gateFigures } from "./gate_figures.ts";
import { reportPage } from "./report/page.ts";
import { buildReport, type Report } from "./report/report.ts";
import type { TrainingRun } from "./run.ts";
import type { Fitted } from "./trainable.ts";

export const REPORT_JSON_FILE = "report.json";
export const REPORT_PAGE_FILE = "report.html";

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
  options: BundleOptions,
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
  const { seed } = options;
  collectGarbage();
  const report = buildReport({ dataset, run, model, manifest, model_bytes, gate_reasons, seed });
  const extra = {
    [REPORT_JSON_FILE]: new TextEncoder().encode(`${JSON.stringify(report, null, 1)}\n`),
    [REPORT_PAGE_FILE]: new TextEncoder().encode(reportPage(report)),
  };
  collectGarbage();
  return { contents: { ...checked, manifest, extra }, report };
}
