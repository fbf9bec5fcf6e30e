/** `GET /features/contributions`: what each feature did to the current forecast of the champion. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { isoOf, startOf } from "../../base/units.ts";
import { instant, json, problems, whole } from "../describe/answers.ts";
import type { ServePorts } from "../ports.ts";
import { servedSymbol, symbolQuery } from "../request/parameters/query.ts";
import type { RequestScope } from "../request/problem.ts";
import { unavailable } from "../request/unavailable.ts";

const contributionsSchema = z
  .strictObject({
    ...{ symbol: z.string(), ts_sec: whole, timestamp: instant, model_version: z.string().nullable() },
    yhat_log_return: z.number().nullable(),
    reason: z
      .string()
      .nullable()
      .meta({ description: "Why nothing is said, e.g. of a model that reads several vectors in a row." }),
    features: z
      .array(
        z.strictObject({
          name: z.string(),
          value: z.number(),
          usual: z.number().meta({ description: "Its mean in training." }),
          contribution: z
            .number()
            .meta({ description: "The forecast less that with this feature as usual; log-return." }),
        }),
      )
      .meta({ description: "The largest effect first." }),
  })
  .meta({ id: "Contributions" });
export type ContributionsJson = z.output<typeof contributionsSchema>;

export const contributionsRoute = createRoute({
  ...{ method: "get", path: "/features/contributions", tags: ["Reading"] },
  summary: "What each feature did to the current forecast",
  request: { query: symbolQuery },
  responses: { 200: json(contributionsSchema, "Of the champion."), ...problems(400, 404, 503) },
});

export function getContributions(ports: ServePorts): RouteHandler<typeof contributionsRoute, RequestScope> {
  return async (c) => {
    const symbol = servedSymbol(c, ports, c.req.valid("query").symbol);
    if (!symbol.ok) return symbol.response;
    const vector = ports.latestVector(symbol.value);
    if ("reason" in vector) return unavailable(c, vector);
    const found = await ports.asks?.contributions(vector);
    const of = { symbol: symbol.value, ts_sec: vector.ts_sec, timestamp: isoOf(startOf(vector.ts_sec)) };
    const NOTHING = { model_version: null, yhat_log_return: null, features: [] };
    if (!found) return c.json({ ...of, ...NOTHING, reason: "this process has no models" }, 200);
    if ("code" in found) return c.json({ ...of, ...NOTHING, reason: found.detail }, 200);
    const { model_version, yhat_log_return, features } = found;
    const sorted = features
      .map((one) => ({ ...one }))
      .sort((one, other) => Math.abs(other.contribution) - Math.abs(one.contribution));
    return c.json({ ...of, model_version, yhat_log_return, features: sorted, reason: null }, 200);
  };
}
