/** The JSON of `/health` and its tiers. */

import { z } from "zod";
import { whole } from "../describe/answers.ts";
import { whenever } from "./nullable.ts";

const dependencySchema = z
  .strictObject({
    name: z.string(),
    symbol: z.string().optional().meta({ description: "The one symbol it concerns; left out: all of them." }),
    state: z.enum(["ok", "degraded", "down"]),
    reason: z.string().nullable(),
    to_do: z.string().nullable().meta({ description: "What a person does about it; null while it is ok." }),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: "Dependency" });

export const healthSchema = z
  .strictObject({
    status: z.enum(["ok", "degraded", "down"]),
    live: z.boolean(),
    ready: z.boolean(),
    version: z.string(),
    uptime_s: whole,
    model_loaded: z
      .boolean()
      .meta({ description: "Of the first symbol; the others have parts of their own." }),
    model_version: z.string().nullable(),
    model_load_time: whenever,
    is_training: z.boolean().meta({ description: "As it was within the last minute." }),
    current_training_id: z.string().nullable(),
    dependencies: z.array(dependencySchema),
  })
  .meta({ id: "Health" });
export type HealthJson = z.output<typeof healthSchema>;

export const liveSchema = z
  .strictObject({ live: z.boolean(), reason: z.string().nullable().optional() })
  .meta({ id: "Live" });
export const readySchema = z.strictObject({ ready: z.boolean() }).meta({ id: "Ready" });
