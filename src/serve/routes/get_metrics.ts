/** `GET /metrics`: the Prometheus text format. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { problems } from "../describe/answers.ts";
import type { ServePorts } from "../ports.ts";
import type { RequestScope, Untyped } from "../request/problem.ts";

export const metricsRoute = createRoute({
  ...{ method: "get", path: "/metrics", tags: ["Health"], summary: "The Prometheus text format" },
  responses: {
    200: { description: "What is counted.", content: { "text/plain": { schema: z.string() } } },
    ...problems(),
  },
});

export function getMetrics({ metrics }: ServePorts): RouteHandler<typeof metricsRoute, RequestScope> {
  return async (c) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType }) as Untyped;
}
