/**
 * `GET /reliability`: whether a model's probabilities and intervals can be believed, promised against realised, by bin.
 * Answered from the database alone.
 */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { isoOf, micros, US_PER_SEC } from "../../base/units.ts";
import { QUALITY_WINDOWS_S } from "../../predict/quality_minutes.ts";
import { json, problems } from "../describe/answers.ts";
import { type ReliabilityJson, reliabilityJson, reliabilitySchema } from "../messages/reliability.ts";
import type { ServePorts } from "../ports.ts";
import { inTime } from "../request/in_time.ts";
import { noStore } from "../request/no_store.ts";
import { queryOf, servedSymbol, symbolParameter } from "../request/parameters/query.ts";
import { liveSeriesParameters, windowParameter } from "../request/parameters/series_query.ts";
import type { RequestScope } from "../request/problem.ts";
import { unavailable } from "../request/unavailable.ts";

export const reliabilityRoute = createRoute({
  ...{ method: "get", path: "/reliability", tags: ["Reading"] },
  summary: "Whether probabilities and intervals keep their promise",
  request: {
    query: queryOf({
      symbol: symbolParameter,
      model_version: liveSeriesParameters.model_version,
      window: windowParameter.default("1d"),
    }),
  },
  responses: { 200: json(reliabilitySchema, "Promised against realised."), ...problems(400, 404, 503) },
});

export function getReliability(
  ports: ServePorts,
  clock: Clock,
  log: Logger,
): RouteHandler<typeof reliabilityRoute, RequestScope> {
  return async (c) => {
    const query = c.req.valid("query");
    const symbol = servedSymbol(c, ports, query.symbol);
    if (!symbol.ok) return symbol.response;
    const market = ports.market(symbol.value);
    const model_version = query.model_version ?? market.model_version;
    if (model_version === null) return unavailable(c, { reason: market.reason ?? "no model is loaded" });
    const { window } = query;
    const newest = ports.recent(symbol.value, { model_version }).at(-1);
    const to_us = newest ? micros((newest.ts_sec + 1) * US_PER_SEC) : clock.now();
    const from_us = micros(Math.max(0, to_us - QUALITY_WINDOWS_S[window] * US_PER_SEC));
    try {
      const asked = { symbol: symbol.value, model_version, from_us, to_us };
      const ask = (signal: AbortSignal) => ports.reliability(asked, signal);
      const reliability = await inTime(clock, c.req.raw.signal, ask, LIMITS.reliability_wait_max_ms);
      const body: ReliabilityJson = {
        ...{ symbol: symbol.value, model_version, window, from: isoOf(from_us), to: isoOf(to_us) },
        ...reliabilityJson(reliability),
      };
      return c.json(body, 200);
    } catch (error) {
      const what = "no reliability could be read";
      const otherwise =
        "The outcomes are in the database, which gives no answer now: ask again, or for a shorter window.";
      return noStore(c, log, error, { what, otherwise });
    }
  };
}
