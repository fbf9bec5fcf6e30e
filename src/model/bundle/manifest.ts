/**
 * The text files of a bundle, as zod schemas: what they hold, in which unit, and what is refused. A bundle
 * comes from disk and may come from another machine, so nothing in it is used before it passes here.
 */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import { LIMITS } from "../../base/limits.ts";
import { modelVersion, setHash } from "../../base/units.ts";
import { LABELS, type Label } from "../../features/label.ts";
import { gateResultSchema } from "../gates.ts";

/** Version of the bundle's layout. */
export const BUNDLE_FORMAT = "foretick-bundle/1";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hex digits");
/** A path segment: no separator, no leading dot, safe on every file system. */
export const segment = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected lower-case a-z 0-9 . _ -");
const time_us = z.int().nonnegative();
const count = z.int().nonnegative();
const interval = z.tuple([z.number(), z.number()]);

/** One model's figures on one stretch of time, against predicting zero. */
export const scoreSchema = z.strictObject({
  /** e.g. "ridge", "zero", "mean". */
  model: z.string(),
  rows: count,
  /** 1 − Σ(y−ŷ)² ÷ Σy². */
  r2: z.number(),
  /** 1 − Σ|y−ŷ| ÷ Σ|y|: the share of the mean absolute error cut. */
  mae_cut: z.number(),
  /** Mean absolute and root mean squared error, log-return. */
  mae: z.number(),
  rmse: z.number(),
  /** Correlations of forecast and outcome; null where one of them does not vary. */
  ic_pearson: z.number().nullable(),
  ic_spearman: z.number().nullable(),
  /** Share of right signs among rows where neither the move nor the forecast is exactly 0; null with none. */
  hit_rate: z.number().nullable(),
  rows_hit_rate: count,
  /** Rows whose move is exactly 0. */
  rows_zero_move: count,
  /** Slope of the outcome on the forecast: 1 is calibrated, below 1 overconfident. */
  calibration_slope: z.number().nullable(),
  /** Standard deviation of the forecasts over that of the outcomes. */
  dispersion: z.number().nullable(),
  /** Moving-block bootstrap intervals at `coverage`, where the metric is defined. */
  intervals: z.strictObject({
    coverage: z.number().gt(0).lt(1),
    block_s: z.number().positive(),
    resamples: count,
    r2: interval.nullable(),
    mae_cut: interval.nullable(),
    ic_pearson: interval.nullable(),
    hit_rate: interval.nullable(),
    calibration_slope: interval.nullable().default(null),
  }),
});
export type Score = z.infer<typeof scoreSchema>;

/** Bundles written before there was a choice call the label of the mid so. */
const MID_BEFORE = "mid_lnr";
const label = z
  .enum([...LABELS, MID_BEFORE])
  .transform((name): Label => (name === MID_BEFORE ? "mid" : name));

/** What answers where the native session does not. */
const fallback = z.strictObject({
  /** The evaluator of the same graph, or the model that a rollback would return to. */
  by: z.enum(["evaluator", "last_good_model"]),
  /** Why it is not the evaluator; empty where it is. */
  why: z.string(),
});
export type Fallback = z.infer<typeof fallback>;
export const BY_EVALUATOR: Fallback = { by: "evaluator", why: "" };

const stretch = z.strictObject({ from_us: time_us, to_us: time_us, rows: count });

export const manifestSchema = z.strictObject({
  format: z.literal(BUNDLE_FORMAT),
  name: segment,
  version: segment,
  created_at: z.iso.datetime(),
  /** What kind of model the graph is, e.g. "ridge". */
  kind: z.string().min(1),
  feature_set: segment,
  set_hash: sha256.transform(setHash),
  horizon_s: z.int().positive(),
  /** Seconds from one vector of the set to the next: a forecast is due where ts_sec is a multiple of it. */
  cadence_s: z.int().positive().default(1),
  /** What the forecast is of. */
  label,
  /** Graph of the model: columns in, the unit its output is scaled back by. */
  n_inputs: z.int().positive(),
  /** Vectors one forecast takes, the last n consecutive ones; the graph's input is [batch, n, n_inputs] past 1. */
  sequence_length: z.int().positive().max(LIMITS.sequence_length_max).default(1),
  target_scale: z.number().positive(),
  data: z.strictObject({
    symbol: z.string().min(1),
    /** From the first to the last row, exchange time, both inclusive. */
    from_us: time_us,
    to_us: time_us,
    sources: z.array(z.string()),
    rows_seen: count,
    rows_used: count,
    /** Rows left out, by reason. */
    removed: z.record(z.string(), count),
  }),
  split: z.strictObject({
    train: stretch,
    test: stretch,
    purge_s: z.number().nonnegative(),
    embargo_s: z.number().nonnegative(),
    /** Horizon plus the longest look-back of the set: what a full purge takes. */
    purge_full_s: z.number().nonnegative(),
  }),
  /** Settings of the fit and what it chose, e.g. lambda. */
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  /** This model first, then every baseline, all on the test stretch. */
  scores: z.array(scoreSchema).min(1),
  verdict: z.strictObject({
    skill: z.enum(["shown", "not_shown", "worse_than_zero"]),
    sentence: z.string(),
  }),
  /** What was held against the model, gate by gate; models/gates.json says why each gate is there. */
  gates: z.array(gateResultSchema).default([]),
  /** All required gates passed. false: the model may not be served and is skipped. */
  servable: z.boolean(),
  /** false where a simpler model of the same run did as well: the service does not take it by itself. */
  proposed: z.boolean().default(true),
  /** How long one forecast took where it was trained: calls one after the other, and what the clock said (µs). */
  latency: z
    .strictObject({ runs: count, p50_us: z.number(), p95_us: z.number(), p99_us: z.number() })
    .optional(),
  fallback: fallback.default(BY_EVALUATOR),
  /** Versions of what wrote it, e.g. { bun, onnxruntime, opset }. */
  runtime: z.record(z.string(), z.string()),
  /** Every other file of the bundle. */
  files: z.record(segment, z.strictObject({ sha256, bytes: count })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** `schema_<set>.json`: the columns in the order the model takes them. */
export const columnsSchema = z.strictObject({
  feature_set: segment,
  set_hash: sha256.transform(setHash),
  columns: z.array(z.strictObject({ name: z.string().min(1), unit: z.string() })).min(1),
});
export type Columns = z.infer<typeof columnsSchema>;

/** `scaler.json`: the scaling that is also inside the graph, for people to read. */
export const scalerSchema = z.strictObject({
  columns: z.array(z.string()),
  mean: z.array(z.number()),
  scale: z.array(z.number().nonnegative()),
  /** 1 ÷ scale, and 0 for a column that did not vary in training: the model ignores it. */
  inverse: z.array(z.number().nonnegative()),
  rows: count,
  target_scale: z.number().positive(),
});
export type ScalerFile = z.infer<typeof scalerSchema>;

/** `golden.json`: vectors (all of a sequence, the oldest first) and the forecasts the trained model, not the exported one, gives for them. */
export const goldenSchema = z.strictObject({
  /** Largest difference allowed between `expected` and an evaluator's answer (log-return). */
  tolerance: z.number().positive(),
  vectors: z
    .array(z.strictObject({ values: z.array(z.number()), expected: z.number() }))
    .min(1)
    .max(LIMITS.golden_vectors_max),
});
export type Golden = z.infer<typeof goldenSchema>;

/** `<name>/<version>`: the bundle's folder below MODEL_DIR, the name on every prediction. */
export const versionOf = (manifest: Pick<Manifest, "name" | "version">) =>
  modelVersion(`${manifest.name}/${manifest.version}`);

/**
 * Parses one text file of a bundle.
 * @throws ForetickError BUNDLE_INVALID naming the file, the field and what was expected.
 */
export function parseBundleText<T>(file: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail("BUNDLE_INVALID", `${file} expected JSON, was not: train the model again`, { cause: error });
  }
  const parsed = parsedBy(schema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return fail("BUNDLE_INVALID", `${file}: ${issue?.path.join(".") || "(whole file)"}: ${issue?.message}`, {
    details: { issues: parsed.error.issues },
  });
}
