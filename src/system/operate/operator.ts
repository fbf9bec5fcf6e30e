/** What operators ask of a running service, by the same pieces as the commands: registry, deployments, experiments, trainings. */

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { shownConfig } from "../../base/config/shown_config.ts";
import type { Config } from "../../base/config.ts";
import { ForetickError, fail } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Seal } from "../../base/seal/seal.ts";
import { modelVersion } from "../../base/units.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import { readVerified } from "../../model/bundle/files.ts";
import { unpackBundle } from "../../model/bundle/unpack.ts";
import type { Model } from "../../model/model.ts";
import { silenceRule } from "../../record/alerts/alert_rows.ts";
import { appendAudit } from "../../record/audit/audit.ts";
import type { Database } from "../../record/database.ts";
import { JudgedTicks } from "../../record/outcomes/judged_ticks.ts";
import { bundleStoreOf } from "../../record/registry/bundle_store.ts";
import type { Registry } from "../../record/registry/registry.ts";
import { registryOf } from "../../record/registry/registry_of.ts";
import { RoleRows } from "../../record/registry/role_rows.ts";
import { RegistryRows } from "../../record/registry/rows.ts";
import { TrainingRuns } from "../../record/registry/training_runs.ts";
import { DeploymentRows } from "../../record/steer/deployment_rows.ts";
import { askForTraining } from "../../record/training/ask.ts";
import { jobLog } from "../../record/training/job_log.ts";
import { cancelTraining, trainingJob, trainingJobs } from "../../record/training/jobs.ts";
import type { DeployInput, DriftView, LoadedModel, OperatorPort } from "../../serve/ports_operate.ts";
import { CarryOut } from "../../steer/deploy/carry_out.ts";
import { startDeployment, stopDeployment } from "../../steer/deploy/start.ts";
import type { DriftLook } from "../../steer/drift/drift_job.ts";
import { evidenceOf, experiment, experiments } from "../../steer/experiments/rows.ts";
import { finishExperiment, startExperiment } from "../../steer/experiments/start.ts";
import { driftOfRows } from "./drift_of_rows.ts";
import { listedModels } from "./listed_models.ts";
import { reportCard } from "./report_card.ts";

export interface OperatorOptions {
  readonly config: Config;
  /** @throws ForetickError STORE_UNREACHABLE until it is open. */
  readonly database: () => Database;
  /** What serves a symbol, and since when (wall clock, µs). */
  readonly serving: (symbol: string) => { readonly model: Model; readonly since_us: number } | undefined;
  readonly refresh: () => Promise<unknown>;
  readonly drift: () => readonly DriftLook[];
  /** The job of a training that runs, as it was last seen. */
  readonly runningTraining: () => string | undefined;
  /** Names of the rules of alerts. */
  readonly rules: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

const namesOf = (set: string): readonly string[] =>
  FEATURE_SETS.find(({ name }) => name === set)?.names ?? [];

export const operatorOver = (options: OperatorOptions): OperatorPort =>
  operatorOn(options, { sql: () => options.database().sql, afterCommit: (run) => run() });

/** Where changes go: to the database at once, or into a transaction. */
interface Place {
  /** @throws ForetickError STORE_UNREACHABLE until it is open. */
  readonly sql: () => Sql;
  readonly afterCommit: (run: () => void) => void;
}

function operatorOn(options: OperatorOptions, { sql, afterCommit }: Place): OperatorPort {
  const { config, clock, log } = options;
  // The others are told by the database; this process need not wait for that.
  const moved = (): void => afterCommit(() => void options.refresh());
  const registry = (): Registry => registryOf(sql(), config, clock);
  const rows = (): RegistryRows => new RegistryRows(sql());
  return {
    during: ({ sql: within, afterCommit: after }) =>
      operatorOn(options, { sql: () => within, afterCommit: after }),
    loaded: (symbol) => loadedOf(options.serving(symbol)),
    runningTraining: options.runningTraining,
    settings: () => shownConfig(config),
    reload: async (symbol, actor) => {
      const served = (): string | null => options.serving(symbol)?.model.version ?? null;
      const before = served();
      await options.refresh();
      const details = { model_version: served(), before };
      await appendAudit(sql(), [{ actor, action: "models.reload", target: symbol, details }]);
    },
    models: () => listedModels(sql(), namesOf),
    model: (version) => rows().show(modelVersion(version)),
    report: async (version) => {
      const { model_dir, bundle_key: seal } = config;
      const places = { model_dir, seal, store: bundleStoreOf(config, clock), clock };
      return reportCard(await rows().show(modelVersion(version)), places);
    },
    promote: async ({ actor, ...input }) => {
      const promoted = await registry().promote({ actor }, { ...input, alias: "champion" });
      moved();
      return promoted;
    },
    rollback: async ({ actor, symbol, reason }) => {
      const back = await registry().rollback({ actor }, { symbol, reason, alias: "champion" });
      moved();
      return back;
    },
    register: async ({ actor, reason, zip, expected }) => {
      await mkdir(config.model_dir, { recursive: true });
      const dir = await mkdtemp(join(config.model_dir, ".upload-"));
      try {
        await unpackBundle(zip, dir, config.bundle_key);
        await expectSays(dir, expected, config.bundle_key);
        const { version, is_new, manifest } = await registry().register({ actor }, { dir, reason });
        return { version, is_new, kind: manifest.kind, symbol: manifest.data.symbol };
      } catch (error) {
        throw withoutFolder(error, dir);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
    train: (input) => askForTraining(sql(), input),
    cancelTraining: (job_id, actor) => cancelTraining(sql(), job_id, actor),
    trainings: (query) => trainingJobs(sql(), query),
    trainingLog: async (job_id) => {
      await trainingJob(sql(), job_id);
      return jobLog(sql(), job_id);
    },
    runs: (limit) => new TrainingRuns(sql()).newest(limit),
    drift: () => options.drift(),
    driftOf: async (version, given): Promise<DriftView> => driftOfRows(config, version, given),
    experiments: (symbol) => experiments(sql(), symbol === undefined ? {} : { symbol }),
    experiment: (id) => experiment(sql(), id),
    experimentEvidence: (one) => evidenceOf(sql(), one),
    startExperiment: ({ actor, ...input }) =>
      startExperiment(
        { sql: sql(), registry: registry() },
        { actor },
        withoutUndefined({
          ...input,
          duration_h: Math.max(input.duration_h ?? 336, config.ab_test_min_duration_hours),
          min_duration_h: config.ab_test_min_duration_hours,
          confidence_level: config.ab_test_confidence_level,
        }) as Parameters<typeof startExperiment>[2],
      ),
    endExperiment: async ({ actor, experiment_id, how, reason, force }) => {
      const ended = await finishExperiment(sql(), { actor }, { experiment_id, how, reason, force });
      if (!ended) fail("MODEL_REFUSED", `the experiment ${experiment_id} has ended already`);
      return experiment(sql(), experiment_id);
    },
    deployments: (limit) => new DeploymentRows(sql()).newest(limit),
    deploy: (input) => deploy(input),
    stopDeployment: (asked) => {
      const ports = { roles: new RoleRows(sql()), registry: registry(), log };
      const carry_out = new CarryOut(ports);
      return stopDeployment({ rows: new DeploymentRows(sql()), carry_out, clock }, asked);
    },
    silence: async (rule, for_s, actor) => {
      const names = options.rules();
      if (rule !== "*" && !names.includes(rule))
        fail("NOT_FOUND", `rule expected one of ${names.join(", ")} or "*", was ${rule}`);
      return silenceRule(sql(), rule, for_s, actor);
    },
  };

  function deploy({ version, strategy, share, hold_s, ...asked }: DeployInput) {
    const ports = {
      ...{ rows: new DeploymentRows(sql()), roles: new RoleRows(sql()), models: rows() },
      ...{ ticks: new JudgedTicks(sql()), clock },
    };
    return startDeployment(ports, {
      ...asked,
      version: modelVersion(version),
      symbols: config.symbols,
      strategy: strategy ?? config.default_deployment_strategy,
      canary_share: share ?? config.canary_traffic_percentage / 100,
      hold_s: hold_s ?? config.deployment_hold_s,
    });
  }
}

function loadedOf(serving: ReturnType<OperatorOptions["serving"]>): LoadedModel | undefined {
  if (!serving) return undefined;
  const { model, since_us } = serving;
  return {
    ...{ model_version: model.version, loaded_us: since_us, feature_names: namesOf(model.feature_set) },
    ...{ feature_set: model.feature_set, set_hash: model.set_hash, model_type: model.kind ?? "other" },
    ...{ framework: "onnx", horizon_s: model.horizon_s, label: model.label },
  };
}

/** What is wrong with a bundle, without saying where it was put for a moment. */
function withoutFolder(error: unknown, dir: string): unknown {
  if (!(error instanceof ForetickError)) return error;
  const message = error.message.replaceAll(`${dir}/`, "").replaceAll(dir, "the bundle");
  return new ForetickError(error.code, message, { cause: error });
}

/** What a caller says of a bundle must be what it says of itself. */
async function expectSays(
  dir: string,
  { kind, symbol }: { readonly kind: string | undefined; readonly symbol: string | undefined },
  seal: Seal | undefined,
): Promise<void> {
  const { manifest } = await readVerified(dir, seal);
  if (kind !== undefined && kind !== manifest.kind)
    fail("MODEL_REFUSED", `model_type expected ${manifest.kind} as the bundle says, was ${kind}`);
  if (symbol !== undefined && symbol !== manifest.data.symbol)
    fail("MODEL_REFUSED", `symbol expected ${manifest.data.symbol} as the bundle says, was ${symbol}`);
}

const withoutUndefined = (input: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
