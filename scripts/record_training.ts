/**
 * Where a training is recorded: the database with `--record` or a DATABASE_URL, an MLflow server with
 * MLFLOW_TRACKING_URI. Without either, nowhere: a first try on a laptop should not need a database.
 */

import { execFileSync } from "node:child_process";
import { systemClock } from "../src/base/clock.ts";
import { type Config, readConfig } from "../src/base/config.ts";
import { describeError } from "../src/base/errors.ts";
import { createLogger } from "../src/base/log.ts";
import { startOf } from "../src/base/units.ts";
import { FEATURE_SETS } from "../src/features/sets.ts";
import { bundleStoreOf } from "../src/record/bundle_store.ts";
import { Registry } from "../src/record/registry.ts";
import { type RunParameters, TrainingRuns } from "../src/record/training_runs.ts";
import type { Dataset } from "../src/train/dataset.ts";
import { datasetSha256 } from "../src/train/dataset_hash.ts";
import { MlflowSink } from "../src/train/mlflow.ts";
import { type RunBasis, RunRecorder, type RunSink } from "../src/train/run_recorder.ts";
import { openStore } from "./open_store.ts";
import type { Settings } from "./train_settings.ts";

export interface RecordOptions {
  readonly dataset: Dataset;
  readonly sources: readonly string[];
  readonly settings: Settings;
}

/**
 * @throws ForetickError CONFIG_INVALID; with `--record`, whatever opening the database throws: better now than
 * after the training.
 */
export async function recordTraining(options: RecordOptions): Promise<RunRecorder> {
  const { settings } = options;
  const config = readConfig(process.env);
  const warn = (sentence: string): void => void process.stderr.write(`warning: ${sentence}\n`);
  const sinks: RunSink[] = [];
  if (settings.record || config.database_url !== undefined) {
    try {
      sinks.push(await databaseSink(config, settings.out));
    } catch (error) {
      if (settings.record) throw error;
      warn(`this training is not recorded in the database: ${describeError(error)}`);
    }
  }
  if (config.mlflow_tracking_uri !== undefined) {
    sinks.push(
      new MlflowSink({
        tracking_uri: config.mlflow_tracking_uri,
        token: config.mlflow_tracking_token,
        experiment: config.mlflow_experiment_name,
        clock: systemClock,
      }),
    );
  }
  const basis = () => basisOf(options);
  return new RunRecorder({ sinks, kinds: settings.kinds, basis, clock: systemClock, warn });
}

async function databaseSink(config: Config, model_dir: string): Promise<RunSink> {
  const log = createLogger({ level: "warn", format: config.log_format });
  const database = await openStore({ url: config.database_url, data_dir: config.data_dir, log });
  const runs = new TrainingRuns(database.sql);
  const store = bundleStoreOf(config, systemClock);
  const registry = new Registry({ sql: database.sql, model_dir, sets: FEATURE_SETS, store });
  return {
    name: "the database",
    start: (run) => runs.start(run),
    epoch: (run_id, epoch) => runs.epoch(run_id, epoch),
    register: async (dir, run_id) => {
      const { version } = await registry.register(
        { actor: "train" },
        { dir, reason: `training run ${run_id}` },
      );
      return version;
    },
    end: (run_id, end) => runs.end(run_id, end),
    close: () => database.close(),
  };
}

function basisOf({ dataset, settings, sources }: RecordOptions): RunBasis {
  const { symbol, feature_set, set_hash, rows, ts_sec } = dataset;
  return {
    ...{ symbol, feature_set, set_hash, sources },
    parameters: parametersOf(settings),
    data_from_us: startOf(ts_sec[0]!),
    data_to_us: startOf(ts_sec[rows - 1]!),
    data_rows: rows,
    data_sha256: datasetSha256(dataset),
    code_commit: codeCommit(),
  };
}

function parametersOf({ train_share, purge_s, embargo_s, seed }: Settings): RunParameters {
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
