/** Experiments: a model on trial against another, judged by what came true. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { LIMITS } from "../../../base/limits.ts";
import { json } from "../../describe/answers.ts";
import {
  evaluatedJson,
  evaluatedSchema,
  evidenceJson,
  evidenceSchema,
  experimentJson,
  experimentSchema,
  experimentsSchema,
} from "../../messages/operate/experiments.ts";
import type { ServePorts } from "../../ports.ts";
import { actorOf } from "../../request/actor.ts";
import {
  forceParameter,
  idField,
  reasonField,
  tradedField,
  versionField,
} from "../../request/parameters/fields.ts";
import { membersOf, noQuery, queryOf, servedSymbol } from "../../request/parameters/query.ts";
import type { RequestScope } from "../../request/problem.ts";
import {
  bodyOf,
  changing,
  changingBody,
  changingProblems,
  operatorOf,
  readingProblems,
} from "./operating.ts";

const tags = ["Experiments"];
const params = z.object({ experiment_id: idField });
const found = { 200: json(experimentSchema, "The experiment."), ...changingProblems };

export const experimentsRoute = createRoute({
  ...{ method: "get", path: "/experiments", tags, summary: "Those that run, then the newest ended" },
  request: { query: queryOf({ symbol: tradedField.optional() }) },
  responses: { 200: json(experimentsSchema, "Those that run first."), ...readingProblems },
});

export function getExperiments(ports: ServePorts): RouteHandler<typeof experimentsRoute, RequestScope> {
  return async (c) => {
    const experiments = (await operatorOf(ports, c).experiments(c.req.valid("query").symbol)).map(
      experimentJson,
    );
    return c.json({ experiments, count: experiments.length }, 200);
  };
}

export const experimentRoute = createRoute({
  ...{ method: "get", path: "/experiments/{experiment_id}", tags, summary: "One experiment" },
  request: { params, query: noQuery },
  responses: { 200: json(experimentSchema, "The experiment."), ...readingProblems },
});

export function getExperiment(ports: ServePorts): RouteHandler<typeof experimentRoute, RequestScope> {
  return async (c) =>
    c.json(experimentJson(await operatorOf(ports, c).experiment(c.req.valid("param").experiment_id)), 200);
}

export const evidenceRoute = createRoute({
  ...{ method: "get", path: "/experiments/{experiment_id}/evidence", tags },
  summary: "What an experiment says, and how it came to it",
  request: { params, query: noQuery },
  responses: { 200: json(evidenceSchema, "The interval as it tightened."), ...readingProblems },
});

export function getEvidence(ports: ServePorts): RouteHandler<typeof evidenceRoute, RequestScope> {
  return async (c) => {
    const operator = operatorOf(ports, c);
    const one = await operator.experiment(c.req.valid("param").experiment_id);
    return c.json(evidenceJson(one, await operator.experimentEvidence(one)), 200);
  };
}

const startSchema = membersOf(
  {
    model_a_id: versionField.meta({ description: "Default: the champion." }).optional(),
    model_b_id: versionField.meta({ description: "The one on trial." }),
    symbol: tradedField.optional(),
    test_name: z.string().trim().min(1).max(100).optional(),
    traffic_split: z.number().min(0).max(1).meta({ description: "Share of clients served b." }).optional(),
    duration_hours: z.number().positive().max(LIMITS.experiment_h_max).optional(),
    reason: reasonField.optional(),
  },
  "body",
).meta({ id: "ExperimentRequest" });

const start = {
  tags,
  summary: "Tries a model against another",
  middleware: changingBody,
  request: bodyOf(startSchema),
  responses: found,
};
export const startExperimentRoute = createRoute({ ...{ method: "post", path: "/experiments" }, ...start });
export const abTestRoute = createRoute({
  ...{ method: "post", path: "/mlops/api/experiments/ab-test" },
  ...start,
});

export function postExperiment(ports: ServePorts): RouteHandler<typeof startExperimentRoute, RequestScope> {
  return async (c) => {
    const given = c.req.valid("json");
    const symbol = servedSymbol(c, ports, given.symbol);
    if (!symbol.ok) return symbol.response;
    const {
      model_a_id: a,
      model_b_id: b,
      test_name: name,
      traffic_split,
      duration_hours: duration_h,
    } = given;
    const asked = { a, b, name, traffic_split, duration_h, symbol: symbol.value };
    const begun = await operatorOf(ports, c).startExperiment({
      ...asked,
      reason: given.reason ?? "",
      actor: actorOf(c),
    });
    return c.json(experimentJson(begun), 200);
  };
}

const end = {
  tags,
  middleware: changing,
  request: { params, query: queryOf({ reason: reasonField.optional(), force: forceParameter }) },
  responses: found,
};
export const stopExperimentRoute = createRoute({
  ...{ method: "post", path: "/experiments/{experiment_id}/stop", summary: "Ends it without a verdict" },
  ...end,
});
export const concludeExperimentRoute = createRoute({
  ...{
    method: "post",
    path: "/experiments/{experiment_id}/conclude",
    summary: "Ends it with what can be said now",
  },
  ...end,
});

export function postEndExperiment(
  ports: ServePorts,
  how: "stop" | "conclude",
): RouteHandler<typeof stopExperimentRoute, RequestScope> {
  return async (c) => {
    const { experiment_id } = c.req.valid("param");
    const { reason = "", force = false } = c.req.valid("query");
    const asked = { experiment_id, how, reason, force, actor: actorOf(c) };
    return c.json(experimentJson(await operatorOf(ports, c).endExperiment(asked)), 200);
  };
}

const evaluate = {
  tags,
  summary: "What an experiment says now; reads only",
  request: { params, query: noQuery },
  responses: {
    200: json(evaluatedSchema, "An interval that may be looked at any time."),
    ...readingProblems,
  },
};
export const evaluateRoute = createRoute({
  ...{ method: "post", path: "/mlops/api/experiments/{experiment_id}/evaluate" },
  ...evaluate,
});

export function postEvaluate(ports: ServePorts): RouteHandler<typeof evaluateRoute, RequestScope> {
  return async (c) =>
    c.json(evaluatedJson(await operatorOf(ports, c).experiment(c.req.valid("param").experiment_id)), 200);
}
