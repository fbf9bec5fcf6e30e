/** Drift as the service shows it: its health and its metrics. */

import type { Metrics, Sample } from "../../../base/metrics.ts";
import type { Dependency } from "../../../serve/ports.ts";
import type { DriftJob, DriftLook } from "../../../steer/drift/drift_job.ts";
import { RECOMMENDATIONS } from "../../../steer/drift/look.ts";

const WORDS = {
  none: null,
  watch: null,
  retrain_soon: "what comes in is no longer what the champion was trained on: train a new one soon",
  retrain_now: "what comes in is no longer what the champion was trained on: train a new one now",
} as const;

/** One part for each symbol whose champion is watched. */
export function driftHealth(job: DriftJob): Dependency[] {
  const { looks, last_error } = job.stats;
  return looks.map(({ symbol, model_version, report, has_reference }) => {
    const reason = last_error
      ? "drift could not be looked at: the next round tries again"
      : report && WORDS[report.recommendation];
    return {
      ...{ name: `drift ${symbol}`, symbol, state: reason === null ? "ok" : "degraded", reason },
      facts: {
        ...{ model_version, has_reference, recommendation: report?.recommendation ?? null },
        ...{ span: report?.span ?? null, score: report?.drift_score ?? null },
        ...{ completeness: report?.completeness ?? null, error: last_error?.code ?? null },
      },
    } satisfies Dependency;
  });
}

export function registerDriftMetrics(metrics: Metrics, job: () => DriftJob | undefined): void {
  const of = (read: (look: DriftLook) => number | undefined) => (): Sample[] =>
    (job()?.stats.looks ?? []).flatMap((look) => {
      const value = read(look);
      const { symbol, model_version } = look;
      return value === undefined ? [] : [{ labels: { symbol, model_version }, value }];
    });
  metrics.observe(
    "gauge",
    "foretick_drift_score",
    "Largest distance of a column from training, in units of what training does by itself: above 1 is drift",
    of(({ report }) => report?.drift_score),
  );
  metrics.observe(
    "gauge",
    "foretick_drift_recommendation",
    "0 none, 1 watch, 2 retrain soon, 3 retrain now",
    of(({ report }) => (report ? RECOMMENDATIONS.indexOf(report.recommendation) : undefined)),
  );
  metrics.observe(
    "gauge",
    "foretick_drift_columns",
    "Features that have drifted, and forecast and label where they have",
    of(({ report }) =>
      report
        ? [...report.features, report.forecast, report.label].filter((one) => one?.drifted).length
        : undefined,
    ),
  );
  metrics.observe(
    "gauge",
    "foretick_drift_completeness",
    "Share of the span's rows there were",
    of(({ report }) => report?.completeness),
  );
  metrics.observe(
    "counter",
    "foretick_drift_failures_total",
    "Rounds that look at drift which failed",
    () => job()?.stats.failures ?? 0,
  );
}
