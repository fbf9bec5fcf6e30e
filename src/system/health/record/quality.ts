/** How good the models have been, as the service shows it: the job that sums outcomes, the figures as metrics. */

import type { MetricName, Metrics, Sample } from "../../../base/metrics.ts";
import type { QualityAnswer, QualityChoice, QualityWindow } from "../../../predict/quality_minutes.ts";
import type { QualityJob } from "../../../record/quality/quality_job.ts";
import type { Dependency, QualityView } from "../../../serve/ports.ts";
import type { SymbolWorker } from "../../symbol/symbol_worker.ts";

/** `job` undefined: the database is not open. */
export function qualityHealth(job: QualityJob | undefined): Dependency {
  if (!job) {
    const reason = "outcomes are summed by minute once the database is open";
    return { name: "quality", state: "degraded", reason, facts: {} };
  }
  const { rounds, failures, through_us, last_error } = job.stats;
  return {
    name: "quality",
    state: last_error ? "degraded" : "ok",
    reason: last_error ? "outcomes could not be summed by minute: the next round tries again" : null,
    facts: { rounds, failures, summed_through_us: through_us ?? null, error: last_error?.code ?? null },
  };
}

/**
 * Figures of a window of one symbol, and of the ridge model scored beside it, where there is one that looks equally far
 * ahead at the same price.
 */
export function qualityView(
  { quality, roster }: Pick<SymbolWorker, "quality" | "roster">,
  choice: QualityChoice,
  window: QualityWindow,
): QualityView | undefined {
  const model = quality.figures(choice, window);
  if (!model) return undefined;
  const other = [roster.champion, ...roster.beside].find(
    ({ current }) =>
      current.kind === "ridge" &&
      current.version !== model.model_version &&
      current.horizon_s === model.horizon_s &&
      current.label === model.label,
  );
  const ridge = other && quality.figures({ model_version: other.current.version, role: other.role }, window);
  return { model, ridge };
}

/** What a scrape asks for: short enough to move, long enough to say something. */
const WINDOWS = ["1h", "1d"] as const satisfies readonly QualityWindow[];

const FIGURES: Readonly<
  Record<string, readonly [help: string, read: (answer: QualityAnswer) => number | null]>
> = {
  outcomes: ["Outcomes of the window", ({ quality }) => quality.n],
  outcomes_effective: [
    "Of these, what independent ones they are worth",
    ({ quality }) => quality.n_effective,
  ],
  r2: ["Squared error cut, against forecasting no move", ({ quality }) => quality.r2],
  r2_low: ["Lower end of its 95 % interval", ({ quality }) => quality.r2_low],
  r2_high: ["Upper end of its 95 % interval", ({ quality }) => quality.r2_high],
  mae_cut: ["Absolute error cut, against forecasting no move", ({ quality }) => quality.mae_cut],
  ic: ["Correlation of forecast and outcome", ({ quality }) => quality.ic],
  hit_rate: ["Share of right directions, of moves", ({ quality }) => quality.hit_rate],
  calibration_slope: ["Slope of the outcome on the forecast", ({ quality }) => quality.calibration_slope],
  coverage: ["Share of outcomes inside their interval", ({ quality }) => quality.coverage],
};

export function registerQualityMetrics(
  metrics: Metrics,
  workers: () => Iterable<SymbolWorker>,
  job: () => QualityJob | undefined,
): void {
  for (const [name, [help, read]] of Object.entries(FIGURES)) {
    const full = `foretick_quality_${name}` satisfies MetricName;
    metrics.observe("gauge", full, `${help}; by model, role and window`, () => samplesOf(workers(), read));
  }
  metrics.observe(
    "counter",
    "foretick_quality_round_failures_total",
    "Rounds that sum outcomes by minute which failed",
    () => job()?.stats.failures ?? 0,
  );
}

function samplesOf(
  workers: Iterable<SymbolWorker>,
  read: (answer: QualityAnswer) => number | null,
): Sample[] {
  const samples: Sample[] = [];
  for (const { symbol, quality, roster } of workers) {
    for (const { current, role } of [roster.champion, ...roster.beside]) {
      for (const window of WINDOWS) {
        const answer = quality.figures({ model_version: current.version, role }, window);
        const value = answer ? read(answer) : null;
        if (value === null) continue;
        samples.push({ labels: { symbol, model_version: current.version, role, window }, value });
      }
    }
  }
  return samples;
}
