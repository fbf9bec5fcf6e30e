/** Drift, and the summary of models, trainings and experiments. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { LIMITS } from "../../../base/limits.ts";
import { json } from "../../describe/answers.ts";
import { driftJson, driftSchema, driftsSchema } from "../../messages/operate/drift.ts";
import { statusOf } from "../../messages/operate/models.ts";
import type { ServePorts } from "../../ports.ts";
import { jsonBody } from "../../request/json_body.ts";
import { tradedField, versionField } from "../../request/parameters/fields.ts";
import { integerParameter, membersOf, noQuery, queryOf } from "../../request/parameters/query.ts";
import { problem, type RequestScope } from "../../request/problem.ts";
import { bodyOf, changingProblems, operatorOf, readingProblems } from "./operating.ts";

const tags = ["Monitoring"];
const DEPLOYMENTS = 100;
const LOOK_HOURS = LIMITS.drift_every_ms / 3_600_000;

export const driftDetectionRoute = createRoute({
  ...{
    method: "post",
    path: "/drift-detection",
    tags,
    summary: "The last look at drift of each champion; reads only",
  },
  request: { query: queryOf({ symbol: tradedField.optional() }) },
  responses: { 200: json(driftsSchema, "By symbol."), ...readingProblems },
});

export function postDriftDetection(
  ports: ServePorts,
): RouteHandler<typeof driftDetectionRoute, RequestScope> {
  return (c) => {
    const { symbol } = c.req.valid("query");
    const looks = operatorOf(ports, c)
      .drift()
      .filter((one) => symbol === undefined || one.symbol === symbol);
    const results = looks.map(driftJson);
    const drift_detected = results.some((one) => one.drift_detected);
    return c.json({ status: "success" as const, drift_detected, results }, 200);
  };
}

const rowsSchema = z
  .array(z.record(z.string(), z.number().nullable()))
  .min(1)
  .max(LIMITS.drift_rows_max)
  .meta({ description: "Consecutive seconds by feature, an hour at least; left out: the recent window." });

export const monitoringDriftRoute = createRoute({
  ...{ method: "post", path: "/mlops/api/monitoring/drift", tags },
  summary: "Drift of a model, of your rows or of the recent window; reads only",
  middleware: jsonBody(LIMITS.ask_body_bytes_max),
  request: bodyOf(
    membersOf({ model_id: versionField, data: rowsSchema.optional() }, "body").meta({ id: "DriftRequest" }),
  ),
  responses: { 200: json(driftSchema, "What was found."), ...changingProblems },
});

export function postMonitoringDrift(
  ports: ServePorts,
): RouteHandler<typeof monitoringDriftRoute, RequestScope> {
  return async (c) => {
    const { model_id, data } = c.req.valid("json");
    const operator = operatorOf(ports, c);
    if (data) return c.json(driftJson(await operator.driftOf(model_id, data)), 200);
    const look = operator.drift().find(({ model_version }) => model_version === model_id);
    if (look) return c.json(driftJson(look), 200);
    await operator.model(model_id);
    const detail = `${model_id} is not the champion of a symbol here, so its window is not watched: send data.`;
    return problem(c, { code: "MODEL_REFUSED", field: "model_id", detail });
  };
}

export const continuousRoute = createRoute({
  ...{ method: "post", path: "/mlops/api/monitoring/start-continuous", tags },
  summary: "Whether a model is watched; champions always are",
  request: {
    query: queryOf({ model_id: versionField, interval_hours: integerParameter(1, 720).optional() }),
  },
  responses: {
    200: json(
      z
        .strictObject({
          ...{ status: z.literal("running"), model_id: z.string() },
          interval_hours: z
            .number()
            .meta({ description: "As often as it is looked: no seldomer than was asked." }),
        })
        .meta({ id: "Watched" }),
      "It is watched.",
    ),
    ...changingProblems,
  },
});

export function postContinuous(ports: ServePorts): RouteHandler<typeof continuousRoute, RequestScope> {
  return (c) => {
    const { model_id } = c.req.valid("query");
    const watched = operatorOf(ports, c)
      .drift()
      .some(({ model_version }) => model_version === model_id);
    if (watched) return c.json({ status: "running" as const, model_id, interval_hours: LOOK_HOURS }, 200);
    const detail = `${model_id} is not the champion of a symbol here: champions are watched, and nothing has to be started.`;
    return problem(c, { code: "MODEL_REFUSED", field: "model_id", detail });
  };
}

const figure = z.number().nullable();

export const dashboardRoute = createRoute({
  ...{
    method: "get",
    path: "/mlops/api/monitoring/dashboard",
    tags,
    summary: "Models, trainings and experiments in figures",
  },
  request: { query: noQuery },
  responses: {
    200: json(
      z
        .strictObject({
          summary: z.strictObject({
            ...{ total_models: z.number(), deployed_models: z.number() },
            ...{ training_models: z.number(), active_experiments: z.number() },
          }),
          performance_metrics: z.strictObject({
            ...{ average_mse: figure, average_accuracy: figure, deployment_success_rate: figure },
          }),
          drift_alerts: z.array(
            z.strictObject({ model_id: z.string(), drift_score: z.number(), recommendation: z.string() }),
          ),
        })
        .meta({ id: "Dashboard" }),
      "As of now.",
    ),
    ...readingProblems,
  },
});

export function getDashboard(ports: ServePorts): RouteHandler<typeof dashboardRoute, RequestScope> {
  return async (c) => {
    const operator = operatorOf(ports, c);
    const models = await operator.models();
    const trainings = await operator.trainings();
    const experiments = await operator.experiments();
    const ended = (await operator.deployments(DEPLOYMENTS)).filter(({ status }) => status !== "running");
    const known = models.flatMap(({ metrics }) => metrics ?? []);
    const hits = known.flatMap(({ hit_rate }) => hit_rate ?? []);
    const body = {
      summary: {
        total_models: models.length,
        deployed_models: models.filter((one) => statusOf(one) === "champion").length,
        training_models: trainings.filter(({ status }) => status === "running").length,
        active_experiments: experiments.filter(({ ended_us }) => ended_us === null).length,
      },
      performance_metrics: {
        average_mse: mean(known.map(({ rmse }) => rmse ** 2)),
        average_accuracy: mean(hits),
        deployment_success_rate: mean(ended.map(({ status }) => Number(status === "done"))),
      },
      drift_alerts: operator
        .drift()
        .map(driftJson)
        .filter(({ recommendation }) => recommendation !== "OK")
        .map(({ model_id, drift_score, recommendation }) => ({ model_id, drift_score, recommendation })),
    };
    return c.json(body, 200);
  };
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
