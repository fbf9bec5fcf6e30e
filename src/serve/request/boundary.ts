/**
 * What every answer has in common: a request id, headers that keep a browser safe, that live data is not cached, and a count.
 */

import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Histogram, Metrics } from "../../base/metrics.ts";
import { rateHeaders } from "../access/rates.ts";
import type { RequestScope } from "./problem.ts";

/** On every answer. */
export const SAFE: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  // Nothing inline, nothing from elsewhere; 'self' covers the page's own WebSocket.
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** A caller's own request id is kept when it is fit for a log line. */
const REQUEST_ID = /^[\w.-]{1,64}$/;

export function requestIdOf(headers: Headers): string {
  const given = headers.get("x-request-id") ?? "";
  return REQUEST_ID.test(given) ? given : crypto.randomUUID();
}

export function boundary(): MiddlewareHandler<RequestScope> {
  return async (c, next) => {
    c.set("request_id", requestIdOf(c.req.raw.headers));
    await next();
    const { headers } = c.res;
    headers.set("x-request-id", c.var.request_id);
    for (const [name, value] of Object.entries(SAFE)) headers.set(name, value);
    const { rate } = c.var;
    if (rate) for (const [name, value] of Object.entries(rateHeaders(rate))) headers.set(name, value);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  };
}

export const requestSeconds = (metrics: Metrics): Histogram =>
  metrics.histogram(
    "foretick_http_request_seconds",
    "Time from a request's arrival to its answer.",
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2],
    ["route", "status"],
  );

/** Counts answers by route and status, and the time they took. What no route answers is not counted. */
export function measured(metrics: Metrics, monotonicUs: () => number): MiddlewareHandler<RequestScope> {
  const seconds = requestSeconds(metrics);
  return async (c, next) => {
    const started_us = monotonicUs();
    await next();
    const route = routePath(c, -1);
    if (route === "/*" || c.var.waited) return;
    seconds.observe({ route, status: String(c.res.status) }, (monotonicUs() - started_us) / 1e6);
  };
}
