/** Experiments as the service shows them: their health and their metrics. Nothing in health while none runs. */

import type { Metrics, Sample } from "../../../base/metrics.ts";
import { US_PER_SEC } from "../../../base/units.ts";
import type { Dependency } from "../../../serve/ports.ts";
import type { ExperimentJob } from "../../../steer/experiments/job.ts";
import type { RunningExperiment } from "../../../steer/experiments/rows.ts";
import { hoursOf } from "../../../steer/experiments/start.ts";

export function experimentHealth(job: ExperimentJob | undefined): Dependency[] {
  if (!job) return [];
  const { running, last_error } = job.stats;
  if (running.length === 0 && !last_error) return [];
  const reason = last_error ? `experiments are not judged: ${last_error.message}` : null;
  const facts = Object.fromEntries(
    running.map((one) => [one.symbol, `${one.b} against ${one.a}: ${one.verdict}, ${one.n_blocks} blocks`]),
  );
  return [{ name: "experiments", state: last_error ? "degraded" : "ok", reason, facts }];
}

export function registerExperimentMetrics(metrics: Metrics, job: () => ExperimentJob | undefined): void {
  const total = (name: string, help: string, read: (job: ExperimentJob) => number): void =>
    metrics.observe("counter", `foretick_experiment${name}`, help, () => {
      const found = job();
      return found ? read(found) : 0;
    });
  const each = (name: string, help: string, read: (one: RunningExperiment) => number | null): void =>
    metrics.observe("gauge", `foretick_experiment_${name}`, help, (): Sample[] =>
      (job()?.stats.running ?? []).map((one) => ({
        labels: { symbol: one.symbol, model_version: one.b },
        value: read(one) ?? Number.NaN,
      })),
    );
  total("_blocks_total", "Blocks of experiments judged", ({ stats }) => stats.blocks);
  total("s_ended_total", "Experiments that ended by themselves", ({ stats }) => stats.ended);
  total("_failures_total", "Rounds that judge experiments which failed", ({ stats }) => stats.failures);
  each("blocks", "Blocks judged of the experiment that runs, by the model on trial", (one) => one.n_blocks);
  each(
    "mean",
    "Mean loss of the other model less that of the one on trial, in variances of the label: above 0, it errs less",
    (one) => one.mean,
  );
  each("lower", "Lower end of that mean's interval", (one) => one.lower);
  each("upper", "Upper end of that mean's interval", (one) => one.upper);
  each("expected_hours", "Hours until a decision at the present rate", (one) => one.expected_h);
  each("judged_hours", "Hours of the market it has judged (h)", hoursOf);
  each(
    "judged_until_seconds",
    "The newest forecast it has judged, exchange clock (s since 1970)",
    ({ judged_until_us }) => (judged_until_us === null ? null : judged_until_us / US_PER_SEC),
  );
}
