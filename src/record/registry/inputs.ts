/** What is asked of the registry, checked before anything is done. */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import { LIMITS } from "../../base/limits.ts";
import { modelVersion } from "../../base/units.ts";
import { aliasSchema } from "./alias.ts";

/** Who changes something; goes into the record of the change. */
export interface Scope {
  /** e.g. "anna", "train". */
  readonly actor: string;
}

export const scopeSchema = z.strictObject({ actor: z.string().trim().min(1).max(100) });
const symbol = z
  .string()
  .regex(/^(\*|[A-Z0-9]{3,20})$/, "expected a symbol such as BTCUSDT, or *")
  .default("*");
const reason = z.string().trim().max(1_000).default("");
const version = z.string().transform(modelVersion);
const place = { symbol, alias: aliasSchema.default("champion") };
/** Although a check refuses; needs a reason. */
const force = z.boolean().default(false);

export const registerSchema = z.strictObject({ dir: z.string().min(1), reason });
export const promoteSchema = z.strictObject({ version, ...place, reason, force });
export const roleSchema = z.strictObject({
  ...{ version, symbol, reason, force },
  role: z.enum(["challenger", "shadow", "none"]),
});
export const rollbackSchema = z.strictObject({
  ...place,
  reason,
  /** Refused where the alias points elsewhere by now. */
  from: version.optional(),
});
export const ensembleInputSchema = z.strictObject({
  ...{ version, reason },
  /** Weights are relative: 2 and 1 are two thirds and one. */
  members: z
    .array(z.strictObject({ version, weight: z.number().positive() }))
    .min(2)
    .max(LIMITS.ensemble_members_max)
    .refine(
      (members) => new Set(members.map((one) => one.version)).size === members.length,
      "expected each version once",
    ),
});

export type RegisterInput = z.input<typeof registerSchema>;
export type PromoteInput = z.input<typeof promoteSchema>;
export type RoleInput = z.input<typeof roleSchema>;
export type RollbackInput = z.input<typeof rollbackSchema>;
export type EnsembleInput = z.input<typeof ensembleInputSchema>;

/** @throws ForetickError REQUEST_INVALID naming the field. */
export function parsed<T>(what: string, schema: z.ZodType<T>, input: unknown): T {
  const result = parsedBy(schema, input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return fail("REQUEST_INVALID", `${what}: ${issue?.path.join(".") || "input"}: ${issue?.message}`);
}
