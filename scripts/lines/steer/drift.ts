/** What `bun run drift` prints, times in UTC. */

import { isoOf } from "../../../src/base/units.ts";
import type { ColumnDrift, DriftReport } from "../../../src/judge/drift/drift.ts";
import type { DriftRun } from "../../../src/record/drift/drift_runs.ts";
import { table } from "../models.ts";

/** A row of `drift_runs` as it was written. */
export interface DriftSaid extends Omit<DriftRun, "training"> {
  readonly run_id: string;
  readonly report: DriftReport;
}

export function driftLines({ run_id, symbol, model_version, to_us, report }: DriftSaid): string[] {
  const { span, completeness, recommendation, drift_score, features, forecast, label } = report;
  const there = `${(100 * completeness).toFixed(0)} % of its rows`;
  const until = isoOf(to_us).slice(0, 16);
  const said = [`${symbol}, ${model_version}: the ${span.replace("_", " of a ")} until ${until}, ${there}`];
  if (features.length === 0)
    return [...said, "too few rows: nothing can be said below nine tenths of a span's"];
  const ends = [forecast, label].filter((one) => one !== null);
  return [
    ...said,
    ...table(
      ["column", "importance", "measure", "distance", "limit", "÷ limit", "PSI", "nulls", ""],
      [...features, ...ends].map(columnCells),
    ),
    `result: ${recommendation}; farthest ${drift_score.toFixed(2)} of its limit (drift_runs ${run_id})`,
  ];
}

const columnCells = (one: ColumnDrift): string[] => [
  one.name,
  one.importance.toFixed(3),
  one.measure,
  one.score.toPrecision(3),
  one.threshold.toPrecision(3),
  (one.score / one.threshold).toFixed(2),
  `${one.psi.toFixed(3)}${one.psi_over_fixed ? " *" : ""}`,
  `${(100 * one.null_share).toFixed(1)} %`,
  one.drifted ? "DRIFT" : "",
];
