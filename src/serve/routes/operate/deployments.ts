/** Deployments: a version on its way to being the champion, step by step. And silences of alerts. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { LIMITS } from "../../../base/limits.ts";
import { isoOf, micros } from "../../../base/units.ts";
import { instant, json } from "../../describe/answers.ts";
import { deploymentJson, deploymentSchema, deploymentsSchema } from "../../messages/operate/deployments.ts";
import type { ServePorts } from "../../ports.ts";
import { actorOf } from "../../request/actor.ts";
import type { LongAnswers } from "../../request/long_answers.ts";
import { placeField, reasonField, versionField } from "../../request/parameters/fields.ts";
import { membersOf, queryOf } from "../../request/parameters/query.ts";
import type { RequestScope } from "../../request/problem.ts";
import { listed } from "./listed.ts";
import { runsLimit } from "./models.ts";
import {
  bodyOf,
  changing,
  changingBody,
  changingProblems,
  operatorOf,
  readingProblems,
} from "./operating.ts";

const tags = ["Deployments"];
const LIMIT_DEFAULT = 20;
const HOLD_S_MAX = 604_800;

export const deploymentsRoute = createRoute({
  ...{ method: "get", path: "/deployments", tags, summary: "What is and was deployed, with every step" },
  request: { query: queryOf({ limit: runsLimit.optional() }) },
  responses: { 200: json(deploymentsSchema, "Newest first."), ...readingProblems },
});

export function getDeployments(
  ports: ServePorts,
  long: LongAnswers,
): RouteHandler<typeof deploymentsRoute, RequestScope> {
  return (c) => {
    const { limit = LIMIT_DEFAULT } = c.req.valid("query");
    const operator = operatorOf(ports, c);
    const read = () => operator.deployments(limit);
    return listed(c, long, { field: "deployments", limit, read, json: deploymentJson });
  };
}

const deploySchema = membersOf(
  {
    model_id: versionField,
    deployment_strategy: z
      .enum(["blue_green", "canary", "rolling"], "expected blue_green, canary or rolling")
      .meta({ description: "Default: DEFAULT_DEPLOYMENT_STRATEGY." })
      .optional(),
    symbol: placeField.default("*"),
    hold_s: z
      .int()
      .min(1)
      .max(HOLD_S_MAX)
      .meta({ description: "How long each step lasts. Default: DEPLOYMENT_HOLD_S." })
      .optional(),
    reason: reasonField.default(""),
    force: z.boolean().default(false).meta({ description: "Although a gate was failed; needs a reason." }),
  },
  "body",
).meta({ id: "DeployRequest" });

const deploy = {
  tags,
  summary: "Begins a deployment; the service carries it out",
  middleware: changingBody,
  request: bodyOf(deploySchema),
  responses: { 200: json(deploymentSchema, "The deployment."), ...changingProblems },
};
export const deployRoute = createRoute({ ...{ method: "post", path: "/deployments" }, ...deploy });
export const mlopsDeployRoute = createRoute({
  ...{ method: "post", path: "/mlops/api/models/deploy" },
  ...deploy,
});

export function postDeploy(ports: ServePorts): RouteHandler<typeof deployRoute, RequestScope> {
  return async (c) => {
    const { model_id, deployment_strategy, hold_s, ...asked } = c.req.valid("json");
    const input = {
      ...{ ...asked, hold_s },
      version: model_id,
      strategy: deployment_strategy,
      share: undefined,
      actor: actorOf(c),
    };
    return c.json(deploymentJson(await operatorOf(ports, c).deploy(input)), 200);
  };
}

export const stopDeploymentRoute = createRoute({
  ...{ method: "post", path: "/deployments/stop", tags, summary: "Ends the one under way" },
  middleware: changing,
  request: { query: queryOf({ symbol: placeField.optional(), reason: reasonField.optional() }) },
  responses: { 200: json(deploymentSchema, "As it ended."), ...changingProblems },
});

export function postStopDeployment(
  ports: ServePorts,
): RouteHandler<typeof stopDeploymentRoute, RequestScope> {
  return async (c) => {
    const { symbol = "*", reason = "" } = c.req.valid("query");
    const stopped = await operatorOf(ports, c).stopDeployment({ symbol, reason, actor: actorOf(c) });
    return c.json(deploymentJson(stopped), 200);
  };
}

const silenceSchema = membersOf(
  {
    rule: z.string().min(1).max(100).meta({ description: 'A rule\'s name, or "*": of any.' }),
    for_s: z.int().min(0).max(LIMITS.alert_silence_s_max).meta({ description: "0 ends it." }),
  },
  "body",
).meta({ id: "SilenceRequest" });

export const silenceRoute = createRoute({
  ...{ method: "post", path: "/alerts/silence", tags: ["Alerts"] },
  summary: "Nobody is told of a rule for a while",
  middleware: changingBody,
  request: bodyOf(silenceSchema),
  responses: {
    200: json(z.strictObject({ rule: z.string(), until: instant }).meta({ id: "Silenced" }), "Until when."),
    ...changingProblems,
  },
});

export function postSilence(ports: ServePorts): RouteHandler<typeof silenceRoute, RequestScope> {
  return async (c) => {
    const { rule, for_s } = c.req.valid("json");
    const until_us = await operatorOf(ports, c).silence(rule, for_s, actorOf(c));
    return c.json({ rule, until: isoOf(micros(until_us)) }, 200);
  };
}
