/** `GET /latest`: the current prediction, or why there is none. */

import type { Handler } from "hono";
import { predictionJson } from "../messages.ts";
import type { ServePorts } from "../ports.ts";
import type { RequestScope } from "../problem.ts";
import { symbolQuery } from "../query.ts";
import { unavailable } from "../unavailable.ts";

export function getLatest(ports: ServePorts): Handler<RequestScope> {
  return (c) => {
    const symbol = symbolQuery(c, ports);
    if (!symbol.ok) return symbol.response;
    const latest = ports.latest(symbol.value);
    return "reason" in latest ? unavailable(c, latest) : c.json(predictionJson(latest));
  };
}
