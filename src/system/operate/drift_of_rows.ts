/** Drift of rows that a caller brings, beside what a bundle says was normal when it was trained. */

import type { Config } from "../../base/config.ts";
import { fail } from "../../base/errors.ts";
import { modelVersion } from "../../base/units.ts";
import { driftOf } from "../../judge/drift/drift.ts";
import { SPAN_S, type Span } from "../../judge/drift/drift_reference.ts";
import { DriftSlots } from "../../judge/drift/drift_slots.ts";
import { loadBundle } from "../../model/bundle/bundle.ts";
import { bundleDir, bundleExists } from "../../model/bundle/install.ts";
import type { DriftView } from "../../serve/ports_operate.ts";

/**
 * The rows are taken for the last seconds, one after the other; the longest span they fill is judged.
 * @throws ForetickError MODEL_UNKNOWN; REQUEST_INVALID where they fill no hour, or lack a feature.
 */
export async function driftOfRows(
  { model_dir, bundle_key, drift_threshold }: Pick<Config, "model_dir" | "bundle_key" | "drift_threshold">,
  version: string,
  rows: readonly Readonly<Record<string, number | null>>[],
): Promise<DriftView> {
  const dir = bundleDir(model_dir, modelVersion(version));
  if (version.includes("..") || !(await bundleExists(dir)))
    fail("MODEL_UNKNOWN", `model_id expected a model with a bundle here, was ${version}`);
  const model = await loadBundle(dir, bundle_key);
  await model.close();
  const { drift: reference, importance } = model;
  if (!reference) return { symbol: null, model_version: version, report: null, has_reference: false };
  const span_rows = (span: Span): number => SPAN_S[span] / reference.cadence_s;
  const span = (["day", "quarter_day", "hour"] as const).find((one) => rows.length >= span_rows(one));
  if (!span) {
    const needs = span_rows("hour");
    return fail(
      "REQUEST_INVALID",
      `data expected at least ${needs} rows, an hour of them, was ${rows.length}`,
      { details: { field: "data" } },
    );
  }
  const slots = new DriftSlots(reference.columns);
  const taken = rows.slice(-span_rows(span));
  for (const [at, row] of taken.entries()) {
    const values = reference.columns.map(({ name }) => {
      if (name === "forecast" || name === "label") return row[name] ?? Number.NaN;
      if (!Object.hasOwn(row, name))
        fail("REQUEST_INVALID", `data[${at}].${name} is missing`, {
          details: { field: `data[${at}].${name}` },
        });
      return row[name] ?? Number.NaN;
    });
    slots.add(at * reference.cadence_s, Float64Array.from(values));
  }
  const weights = importance?.features.map(({ name, weight }) => [name, weight] as const) ?? [];
  const options = { importance: Object.fromEntries(weights), psi_fixed: drift_threshold };
  const report = driftOf(reference, slots, span, options);
  return { symbol: null, model_version: version, report, has_reference: true };
}
