/** Parameters and fields that several routes take. */

import { z } from "zod";

/** Whose alias: a symbol's own, or that of every symbol. */
export const placeField = z
  .string()
  .regex(/^(\*|[A-Z0-9]{3,20})$/, "expected a symbol such as BTCUSDT, or *")
  .meta({ description: "Whose champion: a symbol's own, or `*`, that of every symbol.", example: "BTCUSDT" });

export const tradedField = z
  .string()
  .regex(/^[A-Z0-9]{3,20}$/, "expected a symbol such as BTCUSDT")
  .meta({ example: "BTCUSDT" });

export const versionField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._/-]{0,99}$/, "expected a version such as ridge-v1/2026-11-21t10-00-00z")
  .meta({ example: "ridge-v1/2026-11-21t10-00-00z" });

export const reasonField = z.string().trim().max(1_000).meta({ description: "Why; recorded." });

export const idField = z.string().min(1).max(64);

/** `true` or `false`, as a query writes it. */
const flagParameter = z
  .enum(["true", "false"], "expected true or false")
  .transform((text) => text === "true")
  .meta({ type: "string", enum: ["true", "false"] });

export const forceParameter = flagParameter
  .optional()
  .meta({ description: "Although a check refuses; needs a reason." });

/** A path's version: its slash may be written as %2F or not. */
export const versionPath = z.object({ version: versionField });
