/** `GET /features/latest`: the newest feature vector, every value to the last bit, null for null. */

import type { Handler } from "hono";
import { vectorJsonText } from "../messages.ts";
import type { ServePorts } from "../ports.ts";
import type { RequestScope } from "../problem.ts";
import { symbolQuery } from "../query.ts";
import { unavailable } from "../unavailable.ts";

export function getFeaturesLatest(ports: ServePorts): Handler<RequestScope> {
  return (c) => {
    const symbol = symbolQuery(c, ports);
    if (!symbol.ok) return symbol.response;
    const vector = ports.latestVector(symbol.value);
    if ("reason" in vector) return unavailable(c, vector);
    return c.body(vectorJsonText(vector), 200, { "content-type": "application/json" });
  };
}
