/**
 * `GET /quality`: how good a model's forecasts have been, against forecasting no move, with an interval that knows how
 * few of the outcomes are independent. From memory.
 */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { describeChoice } from "../../predict/series.ts";
import { json, problems } from "../describe/answers.ts";
import { qualityJson, qualitySchema } from "../messages/quality.ts";
import type { ServePorts } from "../ports.ts";
import { queryOf, servedSymbol, symbolParameter } from "../request/parameters/query.ts";
import {
  choiceOf,
  figureSourceParameter,
  liveSeriesParameters,
  windowParameter,
} from "../request/parameters/series_query.ts";
import type { RequestScope } from "../request/problem.ts";
import { unavailable } from "../request/unavailable.ts";

const RETRY_AFTER_S = 10;

export const qualityRoute = createRoute({
  ...{ method: "get", path: "/quality", tags: ["Reading"] },
  summary: "How good a model's forecasts have been against forecasting no move",
  request: {
    query: queryOf({
      symbol: symbolParameter,
      ...liveSeriesParameters,
      source: figureSourceParameter,
      window: windowParameter.default("1h"),
    }),
  },
  responses: { 200: json(qualitySchema, "With an interval."), ...problems(400, 404, 503) },
});

export function getQuality(ports: ServePorts): RouteHandler<typeof qualityRoute, RequestScope> {
  return (c) => {
    const query = c.req.valid("query");
    const symbol = servedSymbol(c, ports, query.symbol);
    if (!symbol.ok) return symbol.response;
    const choice = choiceOf(query, "champion");
    const { source } = query;
    const view = ports.quality(symbol.value, { ...choice, source }, query.window);
    if (view) return c.json(qualityJson(symbol.value, view), 200);
    const kind = source === "live" ? "" : ` as ${source}`;
    const reason = `no outcome of ${describeChoice(choice)}${kind} is known yet: outcomes come one horizon after each forecast`;
    return unavailable(c, { reason, retry_after_s: RETRY_AFTER_S });
  };
}
