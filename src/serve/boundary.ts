/**
 * What every answer has in common: a request id, headers that keep a browser safe, who may read it from
 * another site, that live data is not cached, and a count.
 */

import type { MiddlewareHandler } from "hono";
import type { Metrics } from "../base/metrics.ts";
import type { RequestScope } from "./problem.ts";

const SAFE: Readonly<Record<string, string>> = {
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

export function boundary(): MiddlewareHandler<RequestScope> {
  return async (c, next) => {
    const given = c.req.header("x-request-id") ?? "";
    c.set("request_id", REQUEST_ID.test(given) ? given : crypto.randomUUID());
    await next();
    const { headers } = c.res;
    headers.set("x-request-id", c.var.request_id);
    for (const [name, value] of Object.entries(SAFE)) headers.set(name, value);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  };
}

/**
 * Market data and forecasts are public and carry no cookies, so any site may read them with GET. Health and
 * metrics are the operator's and are not opened.
 */
export function readableFromAnywhere(): MiddlewareHandler<RequestScope> {
  return async (c, next) => {
    await next();
    c.res.headers.set("access-control-allow-origin", "*");
    c.res.headers.set("access-control-expose-headers", "x-request-id, retry-after");
  };
}

/** Counts answers by route and status, and the time they took. */
export function measured(
  metrics: Metrics,
  monotonicUs: () => number,
): (route: string) => MiddlewareHandler<RequestScope> {
  const seconds = metrics.histogram(
    "http_request_seconds",
    "Time from a request's arrival to its answer.",
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2],
    ["route", "status"],
  );
  return (route) => async (c, next) => {
    const started_us = monotonicUs();
    await next();
    seconds.observe({ route, status: String(c.res.status) }, (monotonicUs() - started_us) / 1e6);
  };
}
