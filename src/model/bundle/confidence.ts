/**
 * `confidence.json`: whether the indicator weights of a model have a say in its confidence, and the figures that decided
 * it when it was trained. A bundle of an older version, and one whose weights could not be measured, has none.
 */

import { z } from "zod";

export const CONFIDENCE_FILE = "confidence.json";
export const CONFIDENCE_FORMAT = "foretick-confidence/1";

const figures = z.strictObject({
  /** Mean distance of promised and realised shares over the bins of the reliability table, weighted by their outcomes. */
  error: z.number(),
  /** Mean square of promise − outcome. */
  brier: z.number(),
});

const gain = z.strictObject({
  /** Without − with: above 0 where weights do better. */
  value: z.number(),
  /** null where the rows are too few. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
});

export const confidenceSchema = z.strictObject({
  format: z.literal(CONFIDENCE_FORMAT),
  /** They have a say: with them the promises are nearer to what came, beyond doubt. */
  applied: z.boolean(),
  /** As a sentence. */
  why: z.string().min(1),
  /** Validation rows both were judged on, and those of them whose price moved. */
  rows: z.int().nonnegative(),
  moved: z.int().nonnegative(),
  /** Of what exceeds an even chance is left 1 + slope · (unusual − middle); fitted on the validation rows before those. */
  slope: z.number(),
  middle: z.number(),
  without: figures,
  with: figures,
  gain: z.strictObject({ error: gain, brier: gain }),
  /** Of the intervals: the share that holds the true value, and the blocks they were drawn by (s). */
  coverage: z.number(),
  block_s: z.int().positive(),
});
export type ConfidenceComparison = z.infer<typeof confidenceSchema>;
