/** `GET /features/latest`: the newest feature vector, every value to the last bit, null for null. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { vectorJsonText } from "../../features/vector_json.ts";
import { json, problems } from "../describe/answers.ts";
import { vectorSchema } from "../messages/vector.ts";
import type { ServePorts } from "../ports.ts";
import { servedSymbol, symbolQuery } from "../request/parameters/query.ts";
import type { RequestScope, Untyped } from "../request/problem.ts";
import { unavailable } from "../request/unavailable.ts";

export const featuresLatestRoute = createRoute({
  ...{ method: "get", path: "/features/latest", tags: ["Reading"], summary: "The newest feature vector" },
  request: { query: symbolQuery },
  responses: { 200: json(vectorSchema, "To the last bit."), ...problems(400, 404, 503) },
});

export function getFeaturesLatest(ports: ServePorts): RouteHandler<typeof featuresLatestRoute, RequestScope> {
  return (c) => {
    const symbol = servedSymbol(c, ports, c.req.valid("query").symbol);
    if (!symbol.ok) return symbol.response;
    const vector = ports.latestVector(symbol.value);
    if ("reason" in vector) return unavailable(c, vector);
    return c.body(vectorJsonText(vector), 200, { "content-type": "application/json" }) as Untyped;
  };
}
