/** `GET /data/days`: what is stored of each day, hour by hour. From the database alone, a few days at a time. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { DAY_US, US_PER_MS } from "../../base/units.ts";
import { json, problems } from "../describe/answers.ts";
import { storedDayJson, storedDaysSchema } from "../messages/data.ts";
import type { ServePorts } from "../ports.ts";
import { inTime } from "../request/in_time.ts";
import { noStore } from "../request/no_store.ts";
import { integerParameter, queryOf, servedSymbol, symbolParameter } from "../request/parameters/query.ts";
import type { RequestScope } from "../request/problem.ts";

export const dataDaysRoute = createRoute({
  ...{ method: "get", path: "/data/days", tags: ["Reading"] },
  summary: "What is stored of each day, hour by hour",
  request: {
    query: queryOf({
      symbol: symbolParameter,
      before: z.iso
        .date("expected a day such as 2026-01-31")
        .meta({ description: "The first day that is left out, UTC; left out itself, tomorrow." })
        .optional(),
      days: integerParameter(1, LIMITS.stored_days_max).optional(),
    }),
  },
  responses: { 200: json(storedDaysSchema, "Days, newest first."), ...problems(400, 404, 503) },
});

export function getDataDays(
  ports: ServePorts,
  clock: Clock,
  log: Logger,
): RouteHandler<typeof dataDaysRoute, RequestScope> {
  return async (c) => {
    const { symbol: name, before, days = LIMITS.stored_days_max } = c.req.valid("query");
    const symbol = servedSymbol(c, ports, name);
    if (!symbol.ok) return symbol.response;
    const now_us = clock.now();
    const tomorrow_us = (Math.floor(now_us / DAY_US) + 1) * DAY_US;
    const before_us = before === undefined ? tomorrow_us : Date.parse(before) * US_PER_MS;
    try {
      const asked = { symbol: symbol.value, before_us, days };
      const ask = (signal: AbortSignal) => ports.storedDays(asked, signal);
      const stored = await inTime(clock, c.req.raw.signal, ask, LIMITS.stored_days_wait_max_ms);
      return c.json({ symbol: symbol.value, days: stored.map((day) => storedDayJson(day, now_us)) }, 200);
    } catch (error) {
      const what = "no stored days could be read";
      const otherwise = "The days are in the database, which gives no answer now: ask again, or for fewer.";
      return noStore(c, log, error, { what, otherwise });
    }
  };
}
