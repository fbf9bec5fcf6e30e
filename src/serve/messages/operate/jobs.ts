/** The JSON of what runs for a while: trainings, experiments, deployments, looks at drift. */

import { z } from "zod";
import { isoOf, micros, US_PER_SEC } from "../../../base/units.ts";
import type { ColumnDrift } from "../../../judge/drift/drift.ts";
import type { StoredRun } from "../../../record/registry/training_runs.ts";
import type { Deployment } from "../../../record/steer/deployment_rows.ts";
import type { TrainingJob } from "../../../record/training/jobs.ts";
import { instant, whole } from "../../describe/answers.ts";
import type { DriftView, EvidenceView, ExperimentView } from "../../ports_operate.ts";

const isoOrNull = (time_us: number | null): string | null =>
  time_us === null ? null : isoOf(micros(time_us));
const figure = z.number().nullable();
const whenever = instant.nullable();

export const requestedSchema = z
  .strictObject({ status: z.literal("queued"), message: z.string(), training_id: z.string() })
  .meta({ id: "TrainingRequested" });

const lossSchema = z.strictObject({
  ...{ kind: z.string(), member: whole, epoch: whole, loss: z.number(), validation_loss: z.number() },
});

export const trainingSchema = z
  .strictObject({
    status: z.enum(["idle", "waiting", "running", "finished", "failed", "cancelled"]),
    message: z.string(),
    training_id: z.string().optional(),
    symbol: z.string().optional(),
    step: z.string().nullable().optional(),
    progress: figure.optional().meta({ description: "Of the step, 0 to 1; null where it cannot be told." }),
    requested_at: instant.optional(),
    started_at: whenever.optional(),
    ended_at: whenever.optional(),
    epoch: whole.optional(),
    losses: z.array(lossSchema).optional(),
    problem: z.string().nullable().optional(),
    versions: z.array(z.string()).optional(),
    challenger: z.string().nullable().optional(),
  })
  .meta({ id: "TrainingStatus" });

export function trainingJson(job: TrainingJob): z.output<typeof trainingSchema> {
  const { status, job_id, symbol, step, share, losses, problem, versions, challenger } = job;
  return {
    ...{ status, message: `the training of ${symbol} is ${status}`, training_id: job_id, symbol, step },
    ...{ progress: share, requested_at: isoOf(job.requested_us), started_at: isoOrNull(job.started_us) },
    ...{
      ended_at: isoOrNull(job.ended_us),
      losses: losses.map((loss) => ({ ...loss })),
      problem,
      challenger,
    },
    ...(losses.length > 0 ? { epoch: Math.max(...losses.map(({ epoch }) => epoch)) } : {}),
    versions: [...versions],
  };
}

export const cancelledSchema = z
  .strictObject({ status: z.enum(["cancelled", "ended_already"]), training_id: z.string() })
  .meta({ id: "TrainingCancelled" });

export const runsSchema = z
  .strictObject({
    runs: z.array(
      z.strictObject({
        run_id: z.string(),
        kind: z.string(),
        feature_set: z.string(),
        symbol: z.string(),
        parameters: z.record(z.string(), z.unknown()),
        data_from: instant,
        data_to: instant,
        data_rows: whole,
        status: z.string(),
        problem: z.string().nullable(),
        version: z.string().nullable(),
        epochs: whole,
        scores: z.array(z.record(z.string(), z.unknown())).nullable(),
        started_at: instant,
        ended_at: whenever,
      }),
    ),
    count: whole,
  })
  .meta({ id: "TrainingRuns" });

export function runJson(run: StoredRun): z.output<typeof runsSchema>["runs"][number] {
  const { run_id, kind, feature_set, symbol, data_rows, status, problem, version } = run;
  return {
    ...{
      run_id,
      kind,
      feature_set,
      symbol,
      data_rows,
      status,
      problem,
      version,
      parameters: { ...run.parameters },
    },
    ...{ data_from: isoOf(run.data_from_us), data_to: isoOf(run.data_to_us), epochs: run.epochs.length },
    ...{ started_at: isoOf(run.started_us), ended_at: isoOrNull(run.ended_us) },
    scores: run.scores?.map((score) => ({ ...score })) ?? null,
  };
}

const RECOMMENDATIONS = {
  none: "OK",
  watch: "WATCH",
  retrain_soon: "RETRAIN_SOON",
  retrain_now: "RETRAIN_NOW",
} as const;
const recommendationSchema = z.enum(["OK", "WATCH", "RETRAIN_SOON", "RETRAIN_NOW"]);

export const driftSchema = z
  .strictObject({
    model_id: z.string(),
    symbol: z.string().nullable(),
    drift_detected: z.boolean(),
    drift_score: z.number().meta({ description: "The largest distance ÷ its threshold: above 1 is drift." }),
    recommendation: recommendationSchema,
    span: z.string().nullable().meta({ description: "What was looked at; null where nothing was yet." }),
    completeness: figure,
    note: z.string().nullable(),
    features: z.array(
      z.strictObject({ name: z.string(), score: z.number(), threshold: z.number(), drifted: z.boolean() }),
    ),
  })
  .meta({ id: "Drift" });

export function driftJson({
  symbol,
  model_version,
  report,
  has_reference,
}: DriftView): z.output<typeof driftSchema> {
  const note = has_reference
    ? "nothing has been looked at yet"
    : "the bundle does not say what was normal when it was trained";
  const columns = report ? [...report.features, report.forecast, report.label] : [];
  return {
    ...{ model_id: model_version, symbol, drift_detected: report?.drift_detected ?? false },
    ...{
      drift_score: report?.drift_score ?? 0,
      recommendation: RECOMMENDATIONS[report?.recommendation ?? "none"],
    },
    ...{ span: report?.span ?? null, completeness: report?.completeness ?? null, note: report ? null : note },
    features: columns
      .filter((one): one is ColumnDrift => one !== null)
      .map(({ name, score, threshold, drifted }) => ({ name, score, threshold, drifted })),
  };
}

export const driftsSchema = z
  .strictObject({ status: z.literal("success"), drift_detected: z.boolean(), results: z.array(driftSchema) })
  .meta({ id: "Drifts" });

const verdict = z.enum(["a", "b", "inconclusive"]);

export const experimentSchema = z
  .strictObject({
    experiment_id: z.string(),
    name: z.string(),
    symbol: z.string(),
    status: z.enum(["running", "ended"]),
    model_a_id: z.string(),
    model_b_id: z.string(),
    horizon_s: whole,
    label: z.string(),
    traffic_split: z.number().meta({ description: "Share of clients that are served b." }),
    duration_hours: z.number(),
    min_duration_hours: z.number(),
    confidence_level: z.number(),
    requested_by: z.string(),
    reason: z.string(),
    requested_at: instant,
    started_at: whenever,
    judged_until: whenever,
    ended_at: whenever,
    ended_by: z.string().nullable(),
    ended_because: z.string().nullable(),
    winner: verdict.nullable().meta({ description: "Null while it runs." }),
  })
  .meta({ id: "Experiment" });

export function experimentJson(one: ExperimentView): z.output<typeof experimentSchema> {
  const { experiment_id, name, symbol, horizon_s, label, traffic_split, confidence_level } = one;
  return {
    ...{ experiment_id, name, symbol, horizon_s, label, traffic_split, confidence_level, model_a_id: one.a },
    ...{
      model_b_id: one.b,
      status: one.ended_us === null ? "running" : "ended",
      duration_hours: one.duration_h,
    },
    ...{ min_duration_hours: one.min_duration_h, requested_by: one.requested_by, reason: one.reason },
    ...{ requested_at: isoOf(micros(one.requested_us)), started_at: isoOrNull(one.started_us) },
    ...{
      judged_until: isoOrNull(one.judged_until_us),
      ended_at: isoOrNull(one.ended_us),
      winner: one.winner,
    },
    ...{ ended_by: one.ended_by, ended_because: one.ended_because },
  };
}

export const experimentsSchema = z
  .strictObject({ experiments: z.array(experimentSchema), count: whole })
  .meta({ id: "Experiments" });

export const evaluatedSchema = z
  .strictObject({
    experiment_id: z.string(),
    winner: verdict.meta({ description: "As of now; final once it has ended." }),
    mean: figure,
    lower: figure.meta({ description: "Of the mean loss of a less that of b; null while it has no bound." }),
    upper: figure,
    confidence_level: z.number(),
    n_blocks: whole,
    decided_at: whenever,
    expected_h: figure,
  })
  .meta({ id: "Evaluated" });

const boundedOrNull = (value: number | null): number | null =>
  value !== null && Number.isFinite(value) ? value : null;

export function evaluatedJson(one: ExperimentView): z.output<typeof evaluatedSchema> {
  const { experiment_id, winner, verdict, mean, lower, upper, confidence_level, n_blocks, expected_h } = one;
  return {
    ...{
      experiment_id,
      winner: winner ?? verdict,
      mean,
      lower: boundedOrNull(lower),
      upper: boundedOrNull(upper),
    },
    ...{ confidence_level, n_blocks, decided_at: isoOrNull(one.decided_us), expected_h },
  };
}

/** Beside what it says now, how it came to it. */
export const evidenceSchema = evaluatedSchema
  .extend({
    points: z
      .array(z.strictObject({ at: instant, n_blocks: whole, mean: z.number(), lower: figure, upper: figure }))
      .meta({ description: "After every so many blocks, oldest first; lower and upper as above." }),
  })
  .meta({ id: "Evidence" });

export function evidenceJson(
  one: ExperimentView,
  points: readonly EvidenceView[],
): z.output<typeof evidenceSchema> {
  return {
    ...evaluatedJson(one),
    points: points.map(({ from_sec, n_blocks, mean, lower, upper }) => ({
      ...{ at: isoOf(micros(from_sec * US_PER_SEC)), n_blocks, mean },
      ...{ lower: boundedOrNull(lower), upper: boundedOrNull(upper) },
    })),
  };
}

export const deploymentSchema = z
  .strictObject({
    deployment_id: z.string(),
    model_id: z.string(),
    symbol: z.string(),
    symbols: z.array(z.string()),
    strategy: z.string(),
    status: z.string(),
    share: z.number(),
    hold_s: z.number(),
    forced: z.boolean(),
    version_before: z.string().nullable(),
    requested_by: z.string(),
    reason: z.string(),
    requested_at: instant,
    ended_at: whenever,
    steps: z.array(
      z.strictObject({
        ...{ at: z.string(), step: z.string(), symbol: z.string(), share: z.number(), actor: z.string() },
        evidence: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: "Deployment" });

export function deploymentJson(one: Deployment): z.output<typeof deploymentSchema> {
  const { deployment_id, symbol, strategy, status, share, hold_s, forced, version_before } = one;
  return {
    ...{ deployment_id, model_id: one.version, symbol, symbols: [...one.symbols], strategy, status, share },
    ...{ hold_s, forced, version_before, requested_by: one.requested_by, reason: one.reason },
    ...{ requested_at: isoOf(one.requested_us), ended_at: isoOrNull(one.ended_us) },
    steps: one.steps.map(({ at, step, symbol, share, actor, evidence }) => ({
      ...{ at, step, symbol, share, actor, evidence: { ...evidence } },
    })),
  };
}

export const deploymentsSchema = z
  .strictObject({ deployments: z.array(deploymentSchema), count: whole })
  .meta({ id: "Deployments" });
