/** `GET /metrics`: the Prometheus text format. */

import type { Handler } from "hono";
import type { ServePorts } from "../ports.ts";
import type { RequestScope } from "../problem.ts";

export function getMetrics({ metrics }: ServePorts): Handler<RequestScope> {
  return async (c) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
}
