/** The JSON of deployments, step by step. */

import { z } from "zod";
import { isoOf } from "../../../base/units.ts";
import type { Deployment } from "../../../record/steer/deployment_rows.ts";
import { instant, whole } from "../../describe/answers.ts";
import { isoOrNull, whenever } from "../nullable.ts";

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
export type DeploymentJson = z.output<typeof deploymentSchema>;

export function deploymentJson(one: Deployment): DeploymentJson {
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
export type DeploymentsJson = z.output<typeof deploymentsSchema>;
