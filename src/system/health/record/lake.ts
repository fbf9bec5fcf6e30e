/** The archive of days as the service shows it: its health and its metrics. Nothing where LAKE is off. */

import type { Metrics } from "../../../base/metrics.ts";
import type { LakeJob } from "../../../record/lake/lake_job.ts";
import type { Dependency } from "../../../serve/ports.ts";

export function lakeHealth(job: LakeJob | undefined): Dependency[] {
  if (!job) return [];
  const { days_written, rows_written, days_waiting, waiting_for, failures, last_error } = job.stats;
  const facts = { days_written, rows_written, days_waiting, waiting_for: waiting_for ?? null, failures };
  const reason = last_error ? `days are not archived: ${last_error.message}` : null;
  return [{ name: "lake", state: last_error ? "degraded" : "ok", reason, facts }];
}

export function registerLakeMetrics(metrics: Metrics, job: () => LakeJob | undefined): void {
  const counter = (name: string, help: string, read: (job: LakeJob) => number): void =>
    metrics.observe("counter", `foretick_lake_${name}`, help, () => {
      const found = job();
      return found ? read(found) : 0;
    });
  counter("days_written_total", "Days of a table written into the lake", ({ stats }) => stats.days_written);
  counter("rows_written_total", "Rows of these", ({ stats }) => stats.rows_written);
  counter("failures_total", "Rounds of the archive which failed", ({ stats }) => stats.failures);
  metrics.observe(
    "gauge",
    "foretick_lake_days_waiting",
    "Days of a table that the last round could not archive: not whole, or without raw rows",
    () => job()?.stats.days_waiting ?? 0,
  );
}
