/**
 * `GET /parity`: whether the live vectors and SQL are equal, run by run, each difference with its cause
 * (docs/parity.md). Answered from the database alone: where it does not answer there is no other source.
 */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { isoOf } from "../../base/units.ts";
import { json, problems } from "../describe/answers.ts";
import { type ParityJson, parityRunJson, paritySchema, parityTotalsJson } from "../messages/parity.ts";
import type { ServePorts } from "../ports.ts";
import { inTime } from "../request/in_time.ts";
import type { LongAnswers } from "../request/long_answers.ts";
import { noStore } from "../request/no_store.ts";
import {
  type Checked,
  integerParameter,
  queryOf,
  servedSymbol,
  symbolParameter,
} from "../request/parameters/query.ts";
import { problem, type RequestScope } from "../request/problem.ts";

const LIMIT_DEFAULT = 20;
export const parityRoute = createRoute({
  ...{ method: "get", path: "/parity", tags: ["Reading"] },
  summary: "Whether live and SQL are equal, run by run",
  request: {
    query: queryOf({
      symbol: symbolParameter,
      feature_set: z
        .string()
        .regex(/^[a-z][a-z0-9_]{0,62}$/, "expected a set's name such as v1")
        .optional(),
      limit: integerParameter(1, LIMITS.parity_runs_max).optional(),
    }),
  },
  responses: { 200: json(paritySchema, "Runs, oldest first."), ...problems(400, 404, 503) },
});

export function getParity(
  ports: ServePorts,
  clock: Clock,
  log: Logger,
  long: LongAnswers,
): RouteHandler<typeof parityRoute, RequestScope> {
  return async (c) => {
    const query = c.req.valid("query");
    const symbol = servedSymbol(c, ports, query.symbol);
    if (!symbol.ok) return symbol.response;
    const feature_set = knownSet(c, ports, query.feature_set);
    if (!feature_set.ok) return feature_set.response;
    const limit = query.limit ?? LIMIT_DEFAULT;
    // A run tells of every feature and of its first differences: it weighs as much as several rows.
    const is_long = limit > LIMITS.parity_runs_a_turn;
    const begun = is_long
      ? long.begin(limit * (LIMITS.answer_rows_a_turn / LIMITS.parity_runs_a_turn))
      : () => {};
    if (typeof begun !== "function") return problem(c, begun);
    try {
      const wanted = { symbol: symbol.value, feature_set: feature_set.value, limit };
      const { runs, totals, totals_since_us } = await inTime(clock, c.req.raw.signal, (signal) =>
        ports.parity(wanted, signal),
      );
      const body: Omit<ParityJson, "runs"> = {
        symbol: symbol.value,
        limit,
        totals_since: isoOf(totals_since_us),
        totals: totals.map(parityTotalsJson),
      };
      if (!is_long) return c.json({ ...body, runs: runs.map(parityRunJson) }, 200);
      const rows_a_turn = LIMITS.parity_runs_a_turn;
      return long.answer(c, {
        body,
        field: "runs",
        rows: runs,
        json: parityRunJson,
        rows_a_turn,
        done: begun,
      });
    } catch (error) {
      begun();
      const what = "no comparisons could be read";
      const otherwise = "The comparisons are in the database, which gives no answer now.";
      return noStore(c, log, error, { what, otherwise });
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
