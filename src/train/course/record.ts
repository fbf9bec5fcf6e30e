/** Where a training is recorded: in the database, whose registry takes its bundles, and on an MLflow server. */

import { execFileSync } from "node:child_process";
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { type ModelVersion, startOf } from "../../base/units.ts";
import type { Database } from "../../record/database.ts";
import { registryOf } from "../../record/registry/registry_of.ts";
import { type RunParameters, TrainingRuns } from "../../record/registry/training_runs.ts";
import type { Dataset } from "../data/dataset.ts";
import { datasetSha256 } from "../data/dataset_hash.ts";
import { numberAt } from "../data/numbers.ts";
import { MlflowSink } from "../track/mlflow.ts";
import { type RunBasis, RunRecorder, type RunSink } from "../track/run_recorder.ts";
import type { TrainingOrder } from "./order.ts";

/** What a training is of, once its rows are known. */
export interface CourseOfRecord {
  readonly dataset: Dataset;
  readonly sources: readonly string[];
  readonly order: TrainingOrder;
}

export interface RecordOptions {
  readonly sinks: readonly RunSink[];
  readonly clock: Clock;
  readonly warn: (sentence: string) => void;
}

export function recorderOf(course: CourseOfRecord, { sinks, clock, warn }: RecordOptions): RunRecorder {
  const basis = (): RunBasis => basisOf(course);
  return new RunRecorder({ sinks, kinds: course.order.kinds, basis, clock, warn });
}

export interface DatabaseSinkOptions {
  readonly database: Database;
  readonly config: Config;
  /** Where registered bundles are. */
  readonly model_dir: string;
  readonly clock: Clock;
  /** The job it is trained for, beside the runs and the registration. */
  readonly job_id?: string;
  /** Before a bundle is registered; where it rejects, it is not. */
  readonly beforeRegistering?: (dir: string) => Promise<void>;
  readonly onRegistered?: (version: ModelVersion) => void;
  readonly close: () => Promise<void>;
}

/** Runs, epochs and bundles into the database. */
export function databaseSink(options: DatabaseSinkOptions): RunSink {
  const { database, config, model_dir, clock, job_id, beforeRegistering, onRegistered, close } = options;
  const runs = new TrainingRuns(database.sql, job_id);
  const registry = registryOf(database.sql, config, clock, model_dir);
  return {
    name: "the database",
    start: (run) => runs.start(run),
    epoch: (run_id, epoch) => runs.epoch(run_id, epoch),
    register: async (dir, run_id) => {
      await beforeRegistering?.(dir);
      const { version } = await registry.register(
        { actor: "train" },
        { dir, reason: `training run ${run_id}` },
      );
      onRegistered?.(version);
      return version;
    },
    end: (run_id, end) => runs.end(run_id, end),
    close,
  };
}

/** Undefined where no server is set. */
export function mlflowSink(config: Config, clock: Clock): RunSink | undefined {
  if (config.mlflow_tracking_uri === undefined) return undefined;
  return new MlflowSink({
    tracking_uri: config.mlflow_tracking_uri,
    token: config.mlflow_tracking_token,
    experiment: config.mlflow_experiment_name,
    clock,
  });
}

function basisOf({ dataset, order, sources }: CourseOfRecord): RunBasis {
  const { symbol, feature_set, set_hash, rows, ts_sec } = dataset;
  return {
    ...{ symbol, feature_set, set_hash, sources },
    parameters: parametersOf(order),
    data_from_us: startOf(numberAt(ts_sec, 0)),
    data_to_us: startOf(numberAt(ts_sec, rows - 1)),
    data_rows: rows,
    data_sha256: datasetSha256(dataset),
    code_commit: codeCommit(),
  };
}

function parametersOf({ train_share, purge_s, embargo_s, seed }: TrainingOrder): RunParameters {
  return { train_share, purge_s: purge_s ?? null, embargo_s: embargo_s ?? null, seed };
}

function codeCommit(): string | null {
  const git = (...words: string[]): string =>
    execFileSync("git", words, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    const commit = git("rev-parse", "HEAD").trim();
    return git("status", "--porcelain", "--untracked-files=no") === "" ? commit : `${commit}+`;
  } catch {
    return null;
  }
}
