/** Table `drift_runs`: every look at whether the market has left what a model was trained on. */

import type { Sql } from "postgres";
import type { Micros, ModelVersion } from "../../base/units.ts";
import type { DriftReport } from "../../judge/drift/drift.ts";
import { timeOf } from "../bars/bars.ts";
import { asked } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";

export interface DriftRun {
  readonly at_us: Micros;
  readonly symbol: string;
  readonly model_version: ModelVersion;
  readonly source: "service" | "command";
  /** Where the span ends (µs). */
  readonly to_us: number;
  readonly report: DriftReport;
  /** What became of asking for a training, as a sentence; null where none was asked for. */
  readonly training: string | null;
}

/**
 * @returns its id.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function addDriftRun(sql: Sql, run: DriftRun): Promise<string> {
  const { at_us, symbol, model_version, source, to_us, report, training } = run;
  const { span, completeness, drift_detected, drift_score, recommendation } = report;
  const [features, forecast, label] = [report.features, report.forecast, report.label].map((part) =>
    part === null ? null : JSON.stringify(part),
  );
  const [row] = await asked(sql<{ run_id: string }[]>`
    insert into drift_runs (
      at, symbol, model_version, source, span, to_ts, completeness, drift_detected, drift_score, recommendation,
      features, forecast, label, training
    )
    values (
      ${textFromMicros(at_us)}, ${symbol}, ${model_version}, ${source}, ${span}, ${textFromMicros(timeOf(to_us))},
      ${completeness}, ${drift_detected}, ${drift_score}, ${recommendation},
      ${features!}::text::jsonb, ${forecast ?? null}::text::jsonb, ${label ?? null}::text::jsonb, ${training}
    )
    returning run_id`);
  return row!.run_id;
}
