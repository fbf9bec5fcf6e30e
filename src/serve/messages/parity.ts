/** The JSON of `/parity`: comparisons of live vectors with SQL. */

import { z } from "zod";
import { isoOf } from "../../base/units.ts";
import type { ParityRun, ParityTotals } from "../../record/parity/runs.ts";
import { instant, whole } from "../describe/answers.ts";
import { figure } from "./nullable.ts";

/** Rows of a comparison of live vectors with SQL. */
const countsShape = {
  feature_set: z.string(),
  rows_compared: whole,
  rows_mismatched: whole,
  rows_missing: whole,
  rows_extra: whole,
  rows_unexplained: whole,
};
type ParityCountsJson = z.output<z.ZodObject<typeof countsShape>>;

const totalsSchema = z.strictObject({
  ...countsShape,
  runs: whole,
  to: instant.meta({ description: "The instants compared end here." }),
});
type ParityTotalsJson = z.output<typeof totalsSchema>;

const runSchema = z
  .strictObject({
    symbol: z.string(),
    ...countsShape,
    set_hash: z.string(),
    asked_by: z.enum(["service", "command"]),
    from: instant,
    to: instant,
    started_at: instant,
    took_ms: z.number(),
    largest_difference: figure,
    worst_feature: z.string().nullable(),
    features: z.record(z.string(), z.strictObject({ rows: whole, largest: figure })),
    causes: z.record(z.string(), whole),
    differences: z.array(
      z.strictObject({
        ts_sec: whole,
        kind: z.enum(["mismatched", "missing", "extra"]),
        features: z.array(z.string()),
        cause: z.string(),
        detail: z.string(),
      }),
    ),
  })
  .meta({ id: "ParityRun" });
type ParityRunJson = z.output<typeof runSchema>;

/** Answer of `/parity`. */
export const paritySchema = z
  .strictObject({
    symbol: z.string(),
    limit: whole,
    totals_since: instant.meta({ description: "Totals are of the service's runs begun since then." }),
    totals: z.array(totalsSchema),
    runs: z.array(runSchema),
  })
  .meta({ id: "Parity" });
export type ParityJson = z.output<typeof paritySchema>;

function parityCounts(rows: ParityRun | ParityTotals): ParityCountsJson {
  return {
    feature_set: rows.feature_set,
    rows_compared: rows.rows_compared,
    rows_mismatched: rows.rows_mismatched,
    rows_missing: rows.rows_missing,
    rows_extra: rows.rows_extra,
    rows_unexplained: rows.rows_unexplained,
  };
}

export function parityTotalsJson(totals: ParityTotals): ParityTotalsJson {
  return { ...parityCounts(totals), runs: totals.runs, to: isoOf(totals.to_us) };
}

export function parityRunJson(run: ParityRun): ParityRunJson {
  return {
    symbol: run.symbol,
    ...parityCounts(run),
    set_hash: run.set_hash,
    asked_by: run.asked_by,
    from: isoOf(run.from_us),
    to: isoOf(run.to_us),
    started_at: isoOf(run.started_us),
    took_ms: run.took_ms,
    largest_difference: run.largest_difference,
    worst_feature: run.worst_feature,
    features: run.features,
    causes: run.causes,
    differences: run.differences.map(({ ts_sec, kind, features, cause, detail }) => ({
      ...{ ts_sec, kind, features: [...features], cause, detail },
    })),
  };
}
