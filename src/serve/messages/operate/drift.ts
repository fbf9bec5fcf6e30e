/** The JSON of looks at drift. */

import { z } from "zod";
import type { ColumnDrift } from "../../../judge/drift/drift.ts";
import type { DriftView } from "../../ports_operate.ts";
import { figure } from "../nullable.ts";

const RECOMMENDATIONS = {
  none: "OK",
  watch: "WATCH",
  retrain_soon: "RETRAIN_SOON",
  retrain_now: "RETRAIN_NOW",
} as const;
const recommendationSchema = z.enum(["OK", "WATCH", "RETRAIN_SOON", "RETRAIN_NOW"]);

export const driftSchema = z
  .strictObject({
    model_id: z.string(),
    symbol: z.string().nullable(),
    drift_detected: z.boolean(),
    drift_score: z.number().meta({ description: "The largest distance ÷ its threshold: above 1 is drift." }),
    recommendation: recommendationSchema,
    span: z.string().nullable().meta({ description: "What was looked at; null where nothing was yet." }),
    completeness: figure,
    note: z.string().nullable(),
    features: z.array(
      z.strictObject({ name: z.string(), score: z.number(), threshold: z.number(), drifted: z.boolean() }),
    ),
  })
  .meta({ id: "Drift" });

export function driftJson({ symbol, model_version, report, has_reference }: DriftView): DriftJson {
  const note = has_reference
    ? "nothing has been looked at yet"
    : "the bundle does not say what was normal when it was trained";
  const columns = report ? [...report.features, report.forecast, report.label] : [];
  return {
    ...{ model_id: model_version, symbol, drift_detected: report?.drift_detected ?? false },
    ...{
      drift_score: report?.drift_score ?? 0,
      recommendation: RECOMMENDATIONS[report?.recommendation ?? "none"],
    },
    ...{ span: report?.span ?? null, completeness: report?.completeness ?? null, note: report ? null : note },
    features: columns
      .filter((one): one is ColumnDrift => one !== null)
      .map(({ name, score, threshold, drifted }) => ({ name, score, threshold, drifted })),
  };
}

export const driftsSchema = z
  .strictObject({ status: z.literal("success"), drift_detected: z.boolean(), results: z.array(driftSchema) })
  .meta({ id: "Drifts" });
export type DriftsJson = z.output<typeof driftsSchema>;
export type DriftJson = DriftsJson["results"][number];
