/** How long one request may take, and how much all of them together may ask of the database. */

import type { MiddlewareHandler } from "hono";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Metrics } from "../../base/metrics.ts";
import { problem, type RequestScope } from "../request/problem.ts";

/** A changing request that is not done in time is answered. What a body may carry is each route's own. */
export function boundedTime(clock: Clock): MiddlewareHandler<RequestScope> {
  return async (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    try {
      return await withDeadline(next(), {
        ...{ clock, limit: "request_ms_max", what: "the request", code: "REQUEST_TIME" },
      });
    } catch (error) {
      if (!(error instanceof ForetickError && error.code === "REQUEST_TIME")) throw error;
      const detail = `The request expected to be done within ${LIMITS.request_ms_max / 1_000} s; whether it still will be is not known.`;
      return problem(c, { code: "REQUEST_TIME", detail });
    }
  };
}

/** Routes that ask the database, so many at once; one more is told to come back. */
export function databaseTurns(metrics: Metrics): MiddlewareHandler<RequestScope> {
  let under_way = 0;
  let refused = 0;
  const { database_requests_max } = LIMITS;
  metrics.observe(
    "gauge",
    "foretick_database_requests",
    "Requests that wait for the database.",
    () => under_way,
  );
  metrics.observe(
    "counter",
    "foretick_database_requests_refused_total",
    "Requests refused because as many as may waited for the database.",
    () => refused,
  );
  return async (c, next) => {
    if (under_way >= database_requests_max) {
      refused++;
      const detail = `${database_requests_max} requests wait for the database, as many as may: ask again.`;
      return problem(c, { code: "BUSY", detail, headers: { "retry-after": "1" } });
    }
    under_way++;
    try {
      return await next();
    } finally {
      under_way--;
    }
  };
}
