/** `GET /alerts`: what is wrong and since when, and what was lately. From memory, so also while the database is away. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { isoOf } from "../../base/units.ts";
import { json, problems } from "../describe/answers.ts";
import { alertJson, alertsSchema, silenceJson } from "../messages/alerts.ts";
import type { ServePorts } from "../ports.ts";
import { integerParameter, queryOf } from "../request/parameters/query.ts";
import type { RequestScope } from "../request/problem.ts";

const LIMIT_DEFAULT = 20;

export const alertsRoute = createRoute({
  ...{ method: "get", path: "/alerts", tags: ["Reading"], summary: "What is wrong, and what was lately" },
  request: { query: queryOf({ limit: integerParameter(1, LIMITS.alerts_recent_max).optional() }) },
  responses: { 200: json(alertsSchema, "The newest first."), ...problems(400) },
});

export function getAlerts(ports: ServePorts, clock: Clock): RouteHandler<typeof alertsRoute, RequestScope> {
  return (c) => {
    const { limit = LIMIT_DEFAULT } = c.req.valid("query");
    const { open, recent, silences } = ports.alerts();
    const body = {
      as_of: isoOf(clock.now()),
      open: open.map(alertJson),
      recent: recent.slice(0, limit).map(alertJson),
      silences: silences.map(silenceJson),
    };
    return c.json(body, 200);
  };
}
