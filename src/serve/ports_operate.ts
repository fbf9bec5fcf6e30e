/** What operators ask of a running service. All of it needs the database: it rejects with STORE_UNREACHABLE where that is away. */

import type { ShownSetting } from "../base/config/shown_config.ts";
import type { DriftReport } from "../judge/drift/drift.ts";
import type { Moved } from "../record/registry/registry.ts";
import type { ModelDetails, RegisteredModel } from "../record/registry/rows.ts";
import type { StoredRun } from "../record/registry/training_runs.ts";
import type { Work } from "../record/sql/work.ts";
import type { Deployment, Strategy } from "../record/steer/deployment_rows.ts";
import type { StoredJobLog } from "../record/training/job_log.ts";
import type { TrainingJob } from "../record/training/jobs.ts";
import type { JobSettings, Requested } from "../record/training/request.ts";

/** What serves a symbol now. */
export interface LoadedModel {
  readonly model_version: string;
  readonly loaded_us: number;
  readonly feature_names: readonly string[];
  readonly feature_set: string;
  readonly set_hash: string;
  readonly model_type: string;
  readonly framework: string;
  readonly horizon_s: number;
  readonly label: string;
}

export interface ListedModel extends RegisteredModel {
  readonly feature_names: readonly string[];
  readonly symbol: string | null;
  /** On its test stretch; null where it has none. */
  readonly metrics: {
    readonly r2: number;
    readonly mae: number;
    readonly rmse: number;
    readonly hit_rate: number | null;
  } | null;
}

/** An experiment as far as callers see it. Times in µs. */
export interface ExperimentView {
  readonly experiment_id: string;
  readonly name: string;
  readonly symbol: string;
  readonly a: string;
  readonly b: string;
  readonly horizon_s: number;
  readonly label: string;
  readonly traffic_split: number;
  readonly duration_h: number;
  readonly min_duration_h: number;
  readonly confidence_level: number;
  readonly requested_by: string;
  readonly reason: string;
  readonly requested_us: number;
  readonly started_us: number | null;
  readonly judged_until_us: number | null;
  readonly decided_us: number | null;
  readonly ended_us: number | null;
  readonly ended_by: string | null;
  readonly ended_because: string | null;
  readonly winner: "a" | "b" | "inconclusive" | null;
  readonly verdict: "a" | "b" | "inconclusive";
  readonly n_blocks: number;
  readonly mean: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly expected_h: number | null;
}

/** What an experiment could say after a block: the mean loss of a less that of b, in label variances. */
export interface EvidenceView {
  /** The block's beginning (s since 1970). */
  readonly from_sec: number;
  readonly n_blocks: number;
  readonly mean: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

export interface DriftView {
  readonly symbol: string | null;
  readonly model_version: string;
  /** Null before the first look, and where the bundle has no reference. */
  readonly report: DriftReport | null;
  readonly has_reference: boolean;
}

export interface Because {
  readonly actor: string;
  readonly reason: string;
}

export interface DeployInput extends Because {
  readonly version: string;
  readonly symbol: string;
  /** Where it is undefined, as the configuration says; share and hold_s likewise. */
  readonly strategy: Strategy | undefined;
  readonly share: number | undefined;
  readonly hold_s: number | undefined;
  readonly force: boolean;
}

export interface OperatorPort {
  /** The same, where everything it changes is in that transaction. */
  during(work: Work): OperatorPort;
  /** Undefined while none serves. From memory. */
  loaded(symbol: string): LoadedModel | undefined;
  /** The job of a training that runs, within the last minute; from memory. */
  runningTraining(): string | undefined;
  /** What is in force, without secrets. From memory. */
  settings(): readonly ShownSetting[];
  /** Looks whether roles have moved, and follows. What came of it for the symbol is in the audit. */
  reload(symbol: string, actor: string): Promise<void>;
  models(): Promise<readonly ListedModel[]>;
  model(version: string): Promise<ModelDetails>;
  /** Its report card, as training wrote it. @throws ForetickError NOT_FOUND, BUNDLE_INVALID, BUNDLE_HASH, BUNDLE_KEY, BUNDLE_STORE. */
  report(version: string): Promise<unknown>;
  promote(input: Because & { version: string; symbol: string; force: boolean }): Promise<Moved>;
  rollback(input: Because & { symbol: string }): Promise<Moved>;
  /** @throws ForetickError BUNDLE_INVALID and what `Registry.register` throws; MODEL_REFUSED where it is another than expected. */
  register(
    input: Because & { zip: Uint8Array; expected: { kind: string | undefined; symbol: string | undefined } },
  ): Promise<{ version: string; is_new: boolean; kind: string; symbol: string }>;
  /** With `force` those that run or wait are taken back with it; undefined where there is one and it is not forced. */
  train(input: {
    symbol: string;
    actor: string;
    settings: JobSettings;
    force: boolean;
  }): Promise<Requested | { readonly in_the_way: TrainingJob }>;
  cancelTraining(job_id: string, actor: string): Promise<boolean>;
  /** Those that run, those that wait, then the newest ended. */
  trainings(query?: { readonly symbol?: string; readonly limit?: number }): Promise<readonly TrainingJob[]>;
  /** Undefined where it has logged nothing. @throws ForetickError NOT_FOUND. */
  trainingLog(job_id: string): Promise<StoredJobLog | undefined>;
  runs(limit: number): Promise<readonly StoredRun[]>;
  /** The last looks; from memory. */
  drift(): readonly DriftView[];
  /** Of a caller's rows beside a model's reference. */
  driftOf(version: string, rows: readonly Readonly<Record<string, number | null>>[]): Promise<DriftView>;
  experiments(symbol?: string): Promise<readonly ExperimentView[]>;
  experiment(experiment_id: string): Promise<ExperimentView>;
  /** After every so many blocks, oldest first; see `evidenceOf`. */
  experimentEvidence(
    one: Pick<ExperimentView, "experiment_id" | "n_blocks">,
  ): Promise<readonly EvidenceView[]>;
  startExperiment(
    input: Because & {
      symbol: string;
      a?: string | undefined;
      b: string;
      name?: string | undefined;
      traffic_split?: number | undefined;
      duration_h?: number | undefined;
    },
  ): Promise<ExperimentView>;
  endExperiment(
    input: Because & { experiment_id: string; how: "stop" | "conclude"; force: boolean },
  ): Promise<ExperimentView>;
  deployments(limit: number): Promise<readonly Deployment[]>;
  deploy(input: DeployInput): Promise<Deployment>;
  stopDeployment(input: Because & { symbol: string }): Promise<Deployment>;
  /** @returns until when (µs). */
  silence(rule: string, for_s: number, actor: string): Promise<number>;
}
