/**
 * Asking for a training. Whoever has a reason adds a job; workers take it from the table. The same reason does not pile
 * up: of one symbol it waits or runs once, and what asks by itself rests for a while after its last training.
 */

import type { Sql } from "postgres";
import { z } from "zod";
import { LIMITS } from "../../base/limits.ts";
import { parsed } from "../registry/inputs.ts";
import { asked } from "../sql/asked.ts";

/** Why a model is trained again. */
export const TRAINING_REASONS = ["schedule", "drift", "realised_error", "new_data", "person"] as const;
export type TrainingReason = (typeof TRAINING_REASONS)[number];

/** Asked for by measurement, over and over while the cause lasts: these rest after a training. */
const BY_MEASUREMENT: readonly TrainingReason[] = ["drift", "realised_error", "new_data"];

export const jobSettingsSchema = z.strictObject({
  /** Of history, up to the start; default all that is stored (days). */
  days: z.number().positive().max(36_500).optional(),
  /** e.g. ["ridge", "mlp"]; default what fits the number of rows. */
  models: z.array(z.string().min(1).max(30)).min(1).max(10).optional(),
  /** Feature set; default by what is stored. */
  set: z.string().min(1).max(30).optional(),
  label: z.enum(["mid", "last"]).optional(),
  horizon_s: z.int().min(1).max(3_600).optional(),
  seed: z.int().min(0).optional(),
});
export type JobSettings = z.output<typeof jobSettingsSchema>;

const requestSchema = z.strictObject({
  symbol: z.string().regex(/^[A-Z0-9]{3,20}$/, "expected a symbol such as BTCUSDT"),
  reason: z.enum(TRAINING_REASONS),
  /** What the reason rests on, as measured. */
  evidence: z.record(z.string(), z.json()).default({}),
  settings: jobSettingsSchema.default({}),
  /** e.g. "anna"; default the reason's own name. */
  actor: z.string().trim().min(1).max(100).optional(),
});
export type TrainingRequest = z.input<typeof requestSchema>;

export interface Requested {
  /** Of the job that was added, or of the one that stands in its way. */
  readonly job_id: string;
  /** false: the same reason waits or runs already, or rests. */
  readonly is_new: boolean;
  /** For people: what became of the request. */
  readonly sentence: string;
}

/**
 * @throws ForetickError REQUEST_INVALID naming the field; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function requestTraining(sql: Sql, request: TrainingRequest): Promise<Requested> {
  const { symbol, reason, evidence, settings, actor } = parsed("training", requestSchema, request);
  const rest_s = BY_MEASUREMENT.includes(reason) ? LIMITS.training_rest_s : 0;
  const [added] = await asked(sql<{ job_id: string }[]>`
    insert into training_jobs (job_id, symbol, reason, evidence, settings, requested_by)
    select
      gen_random_uuid(), ${symbol}, ${reason}, ${JSON.stringify(evidence)}::text::jsonb,
      ${JSON.stringify(settings)}::text::jsonb, ${actor ?? reason}
    where not exists (
      select
      from training_jobs
      where symbol = ${symbol}
        and reason = ${reason}
        and ended_at > now() - ${rest_s} * interval '1 second'
    )
    on conflict (symbol, reason) where status in ('waiting', 'running') do nothing
    returning job_id`);
  if (added) return { job_id: added.job_id, is_new: true, sentence: `a training of ${symbol} is queued` };
  const [other] = await asked(sql<{ job_id: string; status: string }[]>`
    select job_id, status
    from training_jobs
    where symbol = ${symbol} and reason = ${reason}
    order by ended_at desc nulls first, requested_at desc
    limit 1`);
  // The one in the way may have ended in between.
  if (!other) return requestTraining(sql, request);
  const { job_id, status } = other;
  const sentence =
    status === "waiting" || status === "running"
      ? `a training of ${symbol} for the same reason is ${status} already`
      : `the last training of ${symbol} for the same reason is less than ${rest_s / 3_600} h old`;
  return { job_id, is_new: false, sentence };
}
