/**
 * `GET /latest`: the current prediction of the champion, of the model that is asked for, or of the version that is tried
 * on the client's share; or why there is none. Who has it already is told so.
 */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { Prediction } from "../../predict/prediction.ts";
import { cadenceOf } from "../../predict/score/recent_vectors.ts";
import { json, problems } from "../describe/answers.ts";
import { LatestAnswers } from "../messages/latest_bytes.ts";
import { predictionSchema } from "../messages/predictions.ts";
import type { ServePorts, Unavailable } from "../ports.ts";
import { isKnown } from "../request/known.ts";
import { integerParameter, queryOf, servedSymbol, symbolParameter } from "../request/parameters/query.ts";
import { choiceOf, liveSeriesParameters } from "../request/parameters/series_query.ts";
import { type Problem, problem, type RequestScope, type Untyped } from "../request/problem.ts";
import { unavailable } from "../request/unavailable.ts";
import type { TickWaiters } from "../stream/waiters.ts";

const CLIENT_CHARS_MAX = 200;
/** The server closes a connection on which nothing happens: later than the wait ends (s). */
const IDLE_BEYOND_WAIT_S = 10;

const TOO_MANY_WAIT: Problem = {
  code: "BUSY",
  detail: "As many callers as may wait for the next forecast: ask without wait, or again.",
  headers: { "retry-after": "1" },
};

export const latestRoute = createRoute({
  ...{ method: "get", path: "/latest", tags: ["Reading"], summary: "The current prediction" },
  request: {
    query: queryOf({
      ...{ symbol: symbolParameter, ...liveSeriesParameters },
      client: z
        .string()
        .min(1, "expected the client's key")
        .max(CLIENT_CHARS_MAX)
        .meta({ description: "The caller's own key, for its side of a trial; or the header X-Client-Id." })
        .optional(),
      wait: integerParameter(1, LIMITS.latest_wait_s_max)
        .optional()
        .meta({ description: "Seconds to wait for a forecast that the caller has not; then as without it." }),
    }),
  },
  responses: {
    200: json(predictionSchema, "The current prediction."),
    304: { description: "The caller has it: If-None-Match or If-Modified-Since names it." },
    ...problems(400, 404, 503),
  },
});

export function getLatest(
  ports: ServePorts,
  clock: Clock,
  waiters: TickWaiters,
): RouteHandler<typeof latestRoute, RequestScope> {
  const answers = new LatestAnswers();
  /** Whether a caller that says what it has is to be answered at once: it has another. */
  const isNews = (latest: Prediction | Unavailable, headers: Headers): boolean =>
    !("reason" in latest) &&
    (headers.has("if-none-match") || headers.has("if-modified-since")) &&
    !isKnown(headers, answers.of(latest));
  return async (c) => {
    const query = c.req.valid("query");
    const symbol = servedSymbol(c, ports, query.symbol);
    if (!symbol.ok) return symbol.response;
    const client = query.client ?? c.req.header("x-client-id")?.slice(0, CLIENT_CHARS_MAX);
    const choice = choiceOf(query, "served");
    const now = (): Prediction | Unavailable => ports.latest(symbol.value, choice, client || undefined);
    const asked = c.req.raw;
    let latest = now();
    if (query.wait !== undefined && !isNews(latest, asked.headers)) {
      const seen = "reason" in latest ? undefined : latest;
      const holds = (): boolean => {
        const next = now();
        return !("reason" in next) && next !== seen;
      };
      const waited = waiters.until({
        symbol: symbol.value,
        ms: query.wait * 1_000,
        signal: asked.signal,
        holds,
      });
      if (!waited) return problem(c, TOO_MANY_WAIT);
      c.set("waited", true);
      c.env?.timeout?.(asked, query.wait + IDLE_BEYOND_WAIT_S);
      await waited;
      latest = now();
    }
    if ("reason" in latest) return unavailable(c, latest);
    const answer = answers.of(latest);
    const whose = c.var.identity ? "private, " : "";
    const headers = {
      ...answer.headers,
      "cache-control": whose + cacheControl(maxAgeS(ports, clock, latest)),
    };
    const is_known = isKnown(asked.headers, answer);
    return (is_known ? c.body(null, 304, headers) : c.body(answer.body, 200, headers)) as Untyped;
  };
}

/** Until the next tick, in whole seconds. */
export function maxAgeS(
  ports: Pick<ServePorts, "intervalMs">,
  clock: Clock,
  { symbol, feature_set, emitted_at_us }: Prediction,
): number {
  const every_us = Math.max(ports.intervalMs(symbol) * US_PER_MS, cadenceOf(feature_set) * US_PER_SEC);
  return Math.max(0, Math.floor((emitted_at_us + every_us - clock.now()) / US_PER_SEC));
}

export const cacheControl = (max_age_s: number): string => `max-age=${max_age_s}`;
