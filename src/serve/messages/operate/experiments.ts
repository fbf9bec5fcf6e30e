/** The JSON of experiments: what is compared, what has come of it, and how. */

import { z } from "zod";
import { isoOf, micros, US_PER_SEC } from "../../../base/units.ts";
import { instant, whole } from "../../describe/answers.ts";
import type { EvidenceView, ExperimentView } from "../../ports_operate.ts";
import { figure, isoOrNull, whenever } from "../nullable.ts";

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
export type ExperimentJson = z.output<typeof experimentSchema>;

export function experimentJson(one: ExperimentView): ExperimentJson {
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
export type ExperimentsJson = z.output<typeof experimentsSchema>;

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
export type EvidenceJson = z.output<typeof evidenceSchema>;

export function evidenceJson(one: ExperimentView, points: readonly EvidenceView[]): EvidenceJson {
  return {
    ...evaluatedJson(one),
    points: points.map(({ from_sec, n_blocks, mean, lower, upper }) => ({
      ...{ at: isoOf(micros(from_sec * US_PER_SEC)), n_blocks, mean },
      ...{ lower: boundedOrNull(lower), upper: boundedOrNull(upper) },
    })),
  };
}
