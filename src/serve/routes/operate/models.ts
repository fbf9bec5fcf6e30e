/** Models: what serves, what is registered, and moving the champion. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { LIMITS } from "../../../base/limits.ts";
import { json } from "../../describe/answers.ts";
import {
  listedJson,
  loadedJson,
  loadedSchema,
  modelJson,
  modelSchema,
  modelsSchema,
  movedJson,
  movedSchema,
  statusOf,
  statusSchema,
} from "../../messages/operate/models.ts";
import { reportJson, reportSchema } from "../../messages/operate/report.ts";
import type { ServePorts } from "../../ports.ts";
import type { ListedModel } from "../../ports_operate.ts";
import { actorOf } from "../../request/actor.ts";
import type { LongAnswers } from "../../request/long_answers.ts";
import {
  forceParameter,
  placeField,
  reasonField,
  tradedField,
  versionPath,
} from "../../request/parameters/fields.ts";
import {
  integerParameter,
  noQuery,
  queryOf,
  servedSymbol,
  symbolQuery,
} from "../../request/parameters/query.ts";
import { problem, type RequestScope } from "../../request/problem.ts";
import { listed } from "./listed.ts";
import { changing, changingProblems, operatorOf, readingProblems } from "./operating.ts";

const tags = ["Models"];

export const modelInfoRoute = createRoute({
  ...{ method: "get", path: "/model/info", tags, summary: "The model that serves a symbol" },
  request: { query: symbolQuery },
  responses: { 200: json(loadedSchema, "What is loaded."), ...readingProblems },
});

export function getModelInfo(ports: ServePorts): RouteHandler<typeof modelInfoRoute, RequestScope> {
  return (c) => {
    const symbol = servedSymbol(c, ports, c.req.valid("query").symbol);
    if (!symbol.ok) return symbol.response;
    const loaded = operatorOf(ports, c).loaded(symbol.value);
    if (loaded) return c.json(loadedJson(loaded), 200);
    const detail = `no model serves ${symbol.value} here yet.`;
    return problem(c, { code: "NOT_FOUND", field: "symbol", detail });
  };
}

export const reloadRoute = createRoute({
  ...{
    method: "post",
    path: "/reload-model",
    tags,
    summary: "Looks now whether another champion was promoted",
  },
  middleware: changing,
  request: { query: symbolQuery },
  responses: {
    200: json(
      z
        .strictObject({
          status: z.literal("success"),
          message: z.string(),
          model_version: z.string().nullable(),
        })
        .meta({ id: "Reloaded" }),
      "What serves now.",
    ),
    ...changingProblems,
  },
});

export function postReload(ports: ServePorts): RouteHandler<typeof reloadRoute, RequestScope> {
  return async (c) => {
    const symbol = servedSymbol(c, ports, c.req.valid("query").symbol);
    if (!symbol.ok) return symbol.response;
    const operator = operatorOf(ports, c);
    const before = operator.loaded(symbol.value)?.model_version ?? null;
    await operator.reload(symbol.value, actorOf(c));
    const model_version = operator.loaded(symbol.value)?.model_version ?? null;
    const message =
      before === model_version ? "nothing has moved" : `${model_version} serves instead of ${before}`;
    return c.json({ status: "success" as const, message, model_version }, 200);
  };
}

const listQuery = queryOf({
  model_type: z.string().min(1).max(30).meta({ description: "e.g. ridge." }).optional(),
  symbol: tradedField.meta({ description: "Trained on its history, or with an alias of it." }).optional(),
  status: statusSchema.optional(),
});

const list = {
  tags,
  summary: "What is registered, newest first",
  request: { query: listQuery },
  responses: { 200: json(modelsSchema, "Newest first."), ...readingProblems },
};
export const modelsRoute = createRoute({ ...{ method: "get", path: "/models" }, ...list });
export const mlopsModelsRoute = createRoute({ ...{ method: "get", path: "/mlops/api/models" }, ...list });

export function getModels(
  ports: ServePorts,
  long: LongAnswers,
): RouteHandler<typeof modelsRoute, RequestScope> {
  return (c) => {
    const { model_type, symbol, status } = c.req.valid("query");
    const fits = (one: ListedModel): boolean =>
      (model_type === undefined || one.kind === model_type) &&
      (symbol === undefined ||
        one.symbol === symbol ||
        one.aliases.some((alias) => alias.symbol === symbol)) &&
      (status === undefined || statusOf(one) === status);
    const operator = operatorOf(ports, c);
    const read = async () => (await operator.models()).filter(fits);
    return listed(c, long, { field: "models", limit: LIMITS.registry_rows_max, read, json: listedJson });
  };
}

export const modelRoute = createRoute({
  ...{ method: "get", path: "/models/{version}", tags, summary: "One model: data, verdict, gates, history" },
  request: { params: versionPath, query: noQuery },
  responses: { 200: json(modelSchema, "As it was registered."), ...readingProblems },
});

export function getModel(ports: ServePorts): RouteHandler<typeof modelRoute, RequestScope> {
  return async (c) => {
    const { version } = c.req.valid("param");
    return c.json(modelJson(await operatorOf(ports, c).model(version)), 200);
  };
}

export const reportRoute = createRoute({
  ...{ method: "get", path: "/models/{version}/report", tags, summary: "The report card its bundle holds" },
  request: { params: versionPath, query: noQuery },
  responses: { 200: json(reportSchema, "What its test rows say."), ...readingProblems },
});

export function getReport(ports: ServePorts): RouteHandler<typeof reportRoute, RequestScope> {
  return async (c) => {
    const { version } = c.req.valid("param");
    const read = reportJson(await operatorOf(ports, c).report(version));
    if (read) return c.json(read, 200);
    const detail = `the report card of ${version} is of another form than this build reads.`;
    return problem(c, { code: "NOT_FOUND", field: "version", detail });
  };
}

const EVERYONE = 100;
const TRAFFIC_DEFAULT = 50;

export const promoteRoute = createRoute({
  ...{ method: "post", path: "/models/{version}/promote", tags },
  summary: "Makes it the champion, or begins a canary",
  middleware: changing,
  request: {
    params: versionPath,
    query: queryOf({
      traffic_percentage: integerParameter(1, EVERYONE).optional().meta({
        description: "Of the clients: 100 makes it the champion at once, less begins a canary. Default 50.",
      }),
      symbol: placeField.optional(),
      reason: reasonField.optional(),
      force: forceParameter,
    }),
  },
  responses: { 200: json(movedSchema, "What changed."), ...changingProblems },
});

export function postPromote(ports: ServePorts): RouteHandler<typeof promoteRoute, RequestScope> {
  return async (c) => {
    const { version } = c.req.valid("param");
    const {
      traffic_percentage = TRAFFIC_DEFAULT,
      symbol = "*",
      reason = "",
      force = false,
    } = c.req.valid("query");
    const asked = { version, symbol, reason, force, actor: actorOf(c) };
    const operator = operatorOf(ports, c);
    if (traffic_percentage === EVERYONE) return c.json(movedJson(await operator.promote(asked)), 200);
    const share = traffic_percentage / EVERYONE;
    const begun = await operator.deploy({ ...asked, strategy: "canary", share, hold_s: undefined });
    const result = {
      ...{ model_version: version, traffic_percentage, status: begun.status, symbol },
      ...{ version_before: begun.version_before, deployment_id: begun.deployment_id },
    };
    const message = `a canary of ${version} has begun: ${traffic_percentage} % of the clients first`;
    return c.json({ status: "success" as const, message, result }, 200);
  };
}

export const rollbackRoute = createRoute({
  ...{ method: "post", path: "/models/rollback", tags, summary: "Takes back the last promotion" },
  middleware: changing,
  request: { query: queryOf({ symbol: placeField.optional(), reason: reasonField.optional() }) },
  responses: { 200: json(movedSchema, "What changed."), ...changingProblems },
});

export function postRollback(ports: ServePorts): RouteHandler<typeof rollbackRoute, RequestScope> {
  return async (c) => {
    const { symbol = "*", reason = "" } = c.req.valid("query");
    return c.json(movedJson(await operatorOf(ports, c).rollback({ symbol, reason, actor: actorOf(c) })), 200);
  };
}

export const runsLimit = integerParameter(1, LIMITS.registry_rows_max);
