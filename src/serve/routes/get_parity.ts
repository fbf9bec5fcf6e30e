/**
 * `GET /parity`: whether the live vectors and SQL are equal, run by run, each difference with its cause
 * (docs/parity.md). Answered from the database alone: what it cannot give now is not worth guessing.
 */

import type { Context, Handler } from "hono";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS } from "../../base/units.ts";
import { inTime } from "../in_time.ts";
import { type ParityJson, parityRunJson, parityTotalsJson } from "../messages.ts";
import type { ServePorts } from "../ports.ts";
import { problem, type RequestScope } from "../problem.ts";
import { type Checked, integerParameter, parseQuery, servedSymbol, symbolParameter } from "../query.ts";

const LIMIT_DEFAULT = 20;
const RETRY_AFTER_S = 5;

const schema = z.object({
  symbol: symbolParameter,
  feature_set: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/, "expected a set's name such as v1")
    .optional(),
  limit: integerParameter(1, LIMITS.parity_runs_max).optional(),
});

export function getParity(ports: ServePorts, clock: Clock, log: Logger): Handler<RequestScope> {
  return async (c) => {
    const query = parseQuery(c, schema);
    if (!query.ok) return query.response;
    const symbol = servedSymbol(c, ports, query.value.symbol);
    if (!symbol.ok) return symbol.response;
    const feature_set = knownSet(c, ports, query.value.feature_set);
    if (!feature_set.ok) return feature_set.response;
    const limit = query.value.limit ?? LIMIT_DEFAULT;
    try {
      const wanted = { symbol: symbol.value, feature_set: feature_set.value, limit };
      const { runs, totals, totals_since_us } = await inTime(clock, ports.parity(wanted));
      const body: ParityJson = {
        symbol: symbol.value,
        limit,
        totals_since: new Date(totals_since_us / US_PER_MS).toISOString(),
        totals: totals.map(parityTotalsJson),
        runs: runs.map(parityRunJson),
      };
      return c.json(body);
    } catch (error) {
      log.warn({ error: describeError(error), request_id: c.var.request_id }, "no comparisons could be read");
      const detail = "The comparisons are in the database, which gives no answer now.";
      return problem(c, {
        ...{ code: "STORE_UNREACHABLE", detail },
        headers: { "retry-after": String(RETRY_AFTER_S) },
      });
    }
  };
}

function knownSet(
  c: Context<RequestScope>,
  ports: ServePorts,
  name: string | undefined,
): Checked<string | undefined> {
  if (name === undefined || ports.feature_sets.includes(name)) return { ok: true, value: name };
  const detail = `feature_set expected one of ${ports.feature_sets.join(", ")}, was ${name}.`;
  return { ok: false, response: problem(c, { code: "FEATURE_SET_UNKNOWN", field: "feature_set", detail }) };
}
