/**
 * What a model has to show before it may be served, as data: `models/gates.json`, a list that can be read and
 * changed by hand. A gate compares one figure with a limit; a figure that could not be computed passes
 * nothing.
 */

import { readFile } from "node:fs/promises";
import { z } from "zod";
import { describeError, fail } from "../base/errors.ts";
import { parsedBy } from "../base/input/schema.ts";

/**
 * Every figure a gate can ask for. "low" and "high" are the ends of the figure's interval on the test rows, so
 * that "shown" is asked for and not "happened".
 */
export const GATE_METRICS = [
  "rows",
  "r2",
  "r2_low",
  "mae",
  "mae_cut",
  "mae_cut_low",
  "rmse",
  "ic_pearson",
  "ic_pearson_low",
  "ic_spearman",
  "hit_rate",
  "hit_rate_low",
  /** Of the model's R² minus ridge's on the same rows; 0 for ridge itself. */
  "r2_gain_over_ridge",
  "r2_gain_over_ridge_low",
  "calibration_slope",
  /** From 1 to the nearer end of the slope's interval; 0 where the interval holds 1. */
  "calibration_distance",
  "dispersion",
  "latency_p50_ms",
  "latency_p99_ms",
  "size_mb",
] as const;
export type GateMetric = (typeof GATE_METRICS)[number];

/** null: could not be computed. */
export type GateFigures = Readonly<Record<GateMetric, number | null>>;

const operators = {
  ">": (observed: number, limit: number) => observed > limit,
  ">=": (observed: number, limit: number) => observed >= limit,
  "<": (observed: number, limit: number) => observed < limit,
  "<=": (observed: number, limit: number) => observed <= limit,
} as const;
const operatorSchema = z.enum(Object.keys(operators) as (keyof typeof operators)[]);

const gateSchema = z.strictObject({
  name: z.string().min(1),
  metric: z.enum(GATE_METRICS),
  operator: operatorSchema,
  limit: z.number(),
  /** false: reported, but a model that fails it may still be served. */
  required: z.boolean(),
  /** true: passing it says that the model can forecast. On noise every such gate has to refuse. */
  claims_skill: z.boolean(),
  why: z.string().min(1),
});
export type Gate = z.infer<typeof gateSchema>;

const gatesSchema = z
  .array(gateSchema)
  .min(1)
  .refine(
    (gates) => new Set(gates.map(({ name }) => name)).size === gates.length,
    "expected each name once, was there twice",
  );

/** A gate and its result. */
export const gateResultSchema = z.strictObject({
  gate: z.string(),
  metric: z.enum(GATE_METRICS),
  operator: operatorSchema,
  limit: z.number(),
  observed: z.number().nullable(),
  passed: z.boolean(),
  required: z.boolean(),
  claims_skill: z.boolean(),
});
export type GateResult = z.infer<typeof gateResultSchema>;

/** Beside the bundles, in the folder `models/`. */
export const GATES_FILE = "gates.json";

/** @throws ForetickError GATES_INVALID where the file is missing or not as the schema says. */
export async function readGates(path: string): Promise<readonly Gate[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) =>
    fail("GATES_INVALID", `${path} expected a readable file: ${describeError(error)}`, { cause: error }),
  );
  return parseGates(text, path);
}

/** @throws ForetickError GATES_INVALID naming the field. */
export function parseGates(text: string, path = GATES_FILE): readonly Gate[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail("GATES_INVALID", `${path} expected JSON, was not`, { cause: error });
  }
  const parsed = parsedBy(gatesSchema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return fail("GATES_INVALID", `${path}: ${issue?.path.join(".") || "(whole file)"}: ${issue?.message}`);
}

/** In the order of the gates. */
export function evaluateGates(figures: GateFigures, gates: readonly Gate[]): GateResult[] {
  return gates.map(({ name, metric, operator, limit, required, claims_skill }) => {
    const observed = figures[metric];
    // A NaN compares false with everything, and so fails too.
    const passed = observed !== null && operators[operator](observed, limit);
    return { gate: name, metric, operator, limit, observed, passed, required, claims_skill };
  });
}

/** Whether a model with these results may be served: at least one gate, and no required one failed. */
export const mayServe = (results: readonly GateResult[]): boolean =>
  results.length > 0 && results.every(({ passed, required }) => passed || !required);
