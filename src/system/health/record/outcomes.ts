/** The join of outcomes from the store as the service shows it: its health and its metrics. */

import type { Metrics } from "../../../base/metrics.ts";
import type { OutcomeJob } from "../../../record/outcomes/outcome_job.ts";
import type { Dependency } from "../../../serve/ports.ts";

/** `job` undefined: the database is not open. */
export function outcomeHealth(job: OutcomeJob | undefined): Dependency {
  if (!job) {
    const reason = "outcomes of earlier runs are joined once the database is open";
    return { name: "outcomes", state: "degraded", reason, facts: {} };
  }
  const { joined, taken_back, failures, last_error } = job.stats;
  return {
    name: "outcomes",
    state: last_error ? "degraded" : "ok",
    reason: last_error ? "outcomes could not be joined from the store: the next round tries again" : null,
    facts: { joined, taken_back, failures, error: last_error?.code ?? null },
  };
}

export function registerOutcomeMetrics(metrics: Metrics, job: () => OutcomeJob | undefined): void {
  metrics.observe(
    "counter",
    "foretick_outcomes_joined_from_store_total",
    "Outcomes the live path did not join, joined from the stored quotes",
    () => job()?.stats.joined ?? 0,
  );
  metrics.observe(
    "counter",
    "foretick_outcomes_taken_back_total",
    "Outcomes found to be across a break after they had been stored",
    () => job()?.stats.taken_back ?? 0,
  );
  metrics.observe(
    "counter",
    "foretick_outcome_join_failures_total",
    "Rounds of that join which failed",
    () => job()?.stats.failures ?? 0,
  );
}
