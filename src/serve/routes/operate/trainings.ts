/** Trainings: asking for one, how far it is, what came of those before. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { LIMITS } from "../../../base/limits.ts";
import { jobSettingsSchema } from "../../../record/training/request.ts";
import { json } from "../../describe/answers.ts";
import {
  cancelledSchema,
  jobJson,
  jobsSchema,
  logJson,
  logSchema,
  requestedSchema,
  runJson,
  runsSchema,
  trainingJson,
  trainingSchema,
} from "../../messages/operate/trainings.ts";
import type { ServePorts } from "../../ports.ts";
import { actorOf } from "../../request/actor.ts";
import type { LongAnswers } from "../../request/long_answers.ts";
import { idField, tradedField } from "../../request/parameters/fields.ts";
import {
  integerParameter,
  membersOf,
  noQuery,
  queryOf,
  servedSymbol,
  symbolQuery,
} from "../../request/parameters/query.ts";
import { problem, type RequestScope } from "../../request/problem.ts";
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

const tags = ["Trainings"];

const trainSchema = membersOf(
  {
    symbol: tradedField.optional(),
    force_retrain: z
      .boolean()
      .default(false)
      .meta({ description: "Takes back the one that runs or waits, and asks anew." }),
    config: jobSettingsSchema.optional(),
  },
  "body",
).meta({ id: "TrainRequest" });

export const trainRoute = createRoute({
  ...{ method: "post", path: "/train", tags, summary: "Asks for a training; a worker trains" },
  middleware: changingBody,
  request: bodyOf(trainSchema),
  responses: { 200: json(requestedSchema, "The job."), ...changingProblems },
});

export function postTrain(ports: ServePorts): RouteHandler<typeof trainRoute, RequestScope> {
  return async (c) => {
    const { symbol: named, force_retrain, config = {} } = c.req.valid("json");
    const symbol = servedSymbol(c, ports, named);
    if (!symbol.ok) return symbol.response;
    const asked = await operatorOf(ports, c).train({
      ...{ symbol: symbol.value, actor: actorOf(c), settings: config, force: force_retrain },
    });
    if ("in_the_way" in asked) {
      const { status, job_id } = asked.in_the_way;
      const detail = `a training of ${symbol.value} is ${status} (${job_id}): wait for it, or send force_retrain true.`;
      return problem(c, { code: "MODEL_REFUSED", field: "force_retrain", detail });
    }
    const { job_id, is_new, sentence } = asked;
    if (is_new) return c.json({ status: "queued" as const, message: sentence, training_id: job_id }, 200);
    const detail = `${sentence}: it was told to end, ask again when it has.`;
    return problem(c, { code: "MODEL_REFUSED", field: "force_retrain", detail });
  };
}

const isOpen = (status: string): boolean => status === "running" || status === "waiting";

export const trainingStatusRoute = createRoute({
  ...{ method: "get", path: "/training-status", tags, summary: "The training that runs or waits" },
  request: { query: symbolQuery },
  responses: { 200: json(trainingSchema, "`idle` where none does."), ...readingProblems },
});

export function getTrainingStatus(ports: ServePorts): RouteHandler<typeof trainingStatusRoute, RequestScope> {
  return async (c) => {
    const symbol = servedSymbol(c, ports, c.req.valid("query").symbol);
    if (!symbol.ok) return symbol.response;
    const [newest] = await operatorOf(ports, c).trainings({ symbol: symbol.value, limit: 1 });
    if (newest && isOpen(newest.status)) return c.json(trainingJson(newest), 200);
    const last = newest ? `; the last one ${newest.status}` : "";
    return c.json(
      { status: "idle" as const, message: `no training of ${symbol.value} runs or waits${last}` },
      200,
    );
  };
}

export const trainingJobsRoute = createRoute({
  ...{ method: "get", path: "/training-jobs", tags, summary: "The queue: what runs, waits and has ended" },
  request: {
    query: queryOf({
      symbol: tradedField.optional(),
      limit: integerParameter(1, LIMITS.training_jobs_max).optional(),
    }),
  },
  responses: {
    200: json(jobsSchema, "Those that run, those that wait, then the newest ended."),
    ...readingProblems,
  },
});

export function getTrainingJobs(ports: ServePorts): RouteHandler<typeof trainingJobsRoute, RequestScope> {
  return async (c) => {
    const { symbol, limit } = c.req.valid("query");
    const query = { ...(symbol && { symbol }), ...(limit && { limit }) };
    const jobs = (await operatorOf(ports, c).trainings(query)).map(jobJson);
    return c.json({ jobs, count: jobs.length }, 200);
  };
}

export const trainingLogRoute = createRoute({
  ...{ method: "get", path: "/training-jobs/{training_id}/log", tags },
  summary: "The last lines a training has logged, while it runs and after it",
  request: { params: z.object({ training_id: idField }), query: noQuery },
  responses: { 200: json(logSchema, "No lines: it has logged nothing yet."), ...readingProblems },
});

export function getTrainingLog(ports: ServePorts): RouteHandler<typeof trainingLogRoute, RequestScope> {
  return async (c) => {
    const { training_id } = c.req.valid("param");
    return c.json(logJson(training_id, await operatorOf(ports, c).trainingLog(training_id)), 200);
  };
}

export const trainingRunsRoute = createRoute({
  ...{ method: "get", path: "/training-runs", tags, summary: "What was trained, on what, and how it went" },
  request: { query: queryOf({ limit: runsLimit.optional() }) },
  responses: { 200: json(runsSchema, "Newest first."), ...readingProblems },
});

const RUNS_DEFAULT = 50;

export function getTrainingRuns(
  ports: ServePorts,
  long: LongAnswers,
): RouteHandler<typeof trainingRunsRoute, RequestScope> {
  return (c) => {
    const { limit = RUNS_DEFAULT } = c.req.valid("query");
    const operator = operatorOf(ports, c);
    return listed(c, long, { field: "runs", limit, read: () => operator.runs(limit), json: runJson });
  };
}

export const cancelTrainingRoute = createRoute({
  ...{ method: "post", path: "/training-jobs/{training_id}/cancel", tags, summary: "Takes a training back" },
  middleware: changing,
  request: { params: z.object({ training_id: idField }), query: noQuery },
  responses: { 200: json(cancelledSchema, "What became of it."), ...changingProblems },
});

export function postCancelTraining(
  ports: ServePorts,
): RouteHandler<typeof cancelTrainingRoute, RequestScope> {
  return async (c) => {
    const { training_id } = c.req.valid("param");
    const done = await operatorOf(ports, c).cancelTraining(training_id, actorOf(c));
    return c.json({ status: done ? ("cancelled" as const) : ("ended_already" as const), training_id }, 200);
  };
}
