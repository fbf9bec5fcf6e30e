/** `GET /signals/latest`: what one would do about the forecast that is served now, and what that has earned on paper today. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { json, problems } from "../describe/answers.ts";
import { signalsLatestJson, signalsLatestSchema } from "../messages/signals.ts";
import type { ServePorts } from "../ports.ts";
import { servedSymbol, symbolQuery } from "../request/parameters/query.ts";
import type { RequestScope } from "../request/problem.ts";
import { unavailable } from "../request/unavailable.ts";

export const signalsLatestRoute = createRoute({
  ...{ method: "get", path: "/signals/latest", tags: ["Reading"] },
  summary: "What one would do about the current forecast, and what that has earned on paper today",
  request: { query: symbolQuery },
  responses: {
    200: json(signalsLatestSchema, "Of the forecast that is served."),
    ...problems(400, 404, 503),
  },
});

export function getSignalsLatest(ports: ServePorts): RouteHandler<typeof signalsLatestRoute, RequestScope> {
  return (c) => {
    const symbol = servedSymbol(c, ports, c.req.valid("query").symbol);
    if (!symbol.ok) return symbol.response;
    const view = ports.signals(symbol.value);
    return "reason" in view ? unavailable(c, view) : c.json(signalsLatestJson(view), 200);
  };
}
