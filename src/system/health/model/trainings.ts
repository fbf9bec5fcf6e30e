/**
 * Trainings and what their models are worth, as metrics: read from stored rows every minute, so that they are there after a
 * restart. Each has the plan's name, and the same with ours before it.
 */

import type { Clock } from "../../../base/clock.ts";
import { describeError } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Logger } from "../../../base/log.ts";
import type { Metrics, PlanMetric, Sample } from "../../../base/metrics.ts";
import type { Database } from "../../../record/database.ts";
import { RoundJob, roundPauseMs } from "../../../record/rounds/round_job.ts";
import {
  type JobCount,
  jobCounts,
  type RealisedFigures,
  realisedFigures,
  type TrainedFigures,
  trainedFigures,
} from "../../../record/training/figures.ts";

export interface TrainingFiguresOptions {
  readonly database: Pick<Database, "sql">;
  readonly symbols: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** The newest reading. */
export class TrainingFigures {
  readonly #options: TrainingFiguresOptions;
  readonly #rounds: RoundJob;
  #trained: readonly TrainedFigures[] = [];
  #realised: readonly RealisedFigures[] = [];
  #jobs: readonly JobCount[] = [];

  constructor(options: TrainingFiguresOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#rounds = new RoundJob({
      clock,
      first_ms: 0,
      round: () => this.#round(),
      pauseMs: (last_error) => roundPauseMs(LIMITS.training_figures_every_ms, last_error),
      onFailed: (error, before) => {
        if (error.code !== before?.code) {
          log.warn(
            { error: describeError(error) },
            "figures of trainings could not be read: the last ones stay",
          );
        }
      },
    });
  }

  get trained(): readonly TrainedFigures[] {
    return this.#trained;
  }

  get realised(): readonly RealisedFigures[] {
    return this.#realised;
  }

  get jobs(): readonly JobCount[] {
    return this.#jobs;
  }

  start(): void {
    this.#rounds.start();
  }

  /** One reading, now. */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  /** May be called twice. */
  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #round(): Promise<void> {
    const { database, symbols } = this.#options;
    if (symbols.length === 0) return;
    this.#trained = await trainedFigures(database.sql, symbols);
    this.#jobs = await jobCounts(database.sql, symbols);
    const realised: RealisedFigures[] = [];
    for (const symbol of symbols) realised.push(...(await realisedFigures(database.sql, symbol)));
    this.#realised = realised;
  }
}

type Read<Figures> = readonly [help: string, read: (figures: Figures) => number | null];

const TRAINED = {
  trainer_training_duration_seconds: ["Duration of the newest training of a kind (s)", (f) => f.duration_s],
  trainer_validation_accuracy: [
    "Share of right directions on the rows it was tested on, of moves",
    (f) => f.hit_rate,
  ],
  trainer_model_size_mb: ["Size of its model file (MB)", (f) => f.size_mb],
  trainer_inference_latency_ms: [
    "One forecast of it where it was trained, 99th percentile (ms)",
    (f) => f.latency_p99_ms,
  ],
  trainer_data_samples_processed: ["Rows it was trained and tested on", (f) => f.data_rows],
} as const satisfies Partial<Record<PlanMetric, Read<TrainedFigures>>>;

const REALISED = {
  model_directional_accuracy: ["Share of right directions over a day, of moves", (f) => f.hit_rate],
  model_mae: ["Mean absolute error over a day (log-return)", (f) => f.mae],
  model_correlation: ["Correlation of forecast and outcome over a day", (f) => f.correlation],
  model_confidence_calibration: [
    "Mean distance of promised from realised confidence over a day, by bin: 0 is calibrated",
    (f) => f.calibration,
  ],
} as const satisfies Partial<Record<PlanMetric, Read<RealisedFigures>>>;

export function registerTrainingMetrics(metrics: Metrics, figures: () => TrainingFigures | undefined): void {
  const both = (name: PlanMetric, help: string, read: () => Sample[]): void => {
    metrics.observe("gauge", name, help, read);
    metrics.observe("gauge", `foretick_${name}`, help, read);
  };
  for (const [name, [help, read]] of Object.entries(TRAINED)) {
    both(name as PlanMetric, help, () =>
      samplesOf(figures()?.trained ?? [], read, ({ symbol, kind, model_version }) => ({
        ...{ symbol, kind, model_version },
      })),
    );
  }
  for (const [name, [help, read]] of Object.entries(REALISED)) {
    both(name as PlanMetric, help, () =>
      samplesOf(figures()?.realised ?? [], read, ({ symbol, model_version, role }) => ({
        ...{ symbol, model_version, role },
      })),
    );
  }
  metrics.observe("gauge", "foretick_training_jobs", "Trainings asked for, by where they stand", () =>
    (figures()?.jobs ?? []).map(({ symbol, status, n }) => ({ labels: { symbol, status }, value: n })),
  );
}

function samplesOf<Figures>(
  all: readonly Figures[],
  read: (figures: Figures) => number | null,
  labels: (figures: Figures) => NonNullable<Sample["labels"]>,
): Sample[] {
  return all.flatMap((figures) => {
    const value = read(figures);
    return value === null ? [] : [{ labels: labels(figures), value }];
  });
}
