/**
 * `GET /predictions`: what one model forecast in a range of time, and the outcomes. Answered from the
 * database; while that is away or slow, from what this process still holds, and the answer says so. A long answer is
 * written in slices, so that no tick waits for it.
 */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { isoOf, type Micros, micros, startOf, US_PER_SEC } from "../../base/units.ts";
import type { JoinedPrediction } from "../../predict/prediction.ts";
import { json, problems } from "../describe/answers.ts";
import {
  type PredictionsJson,
  predictionRowJson,
  predictionsSchema,
  seriesJson,
} from "../messages/predictions.ts";
import type { PredictionQuery, ServePorts } from "../ports.ts";
import { inTime } from "../request/in_time.ts";
import type { LongAnswers } from "../request/long_answers.ts";
import {
  instantParameter,
  integerParameter,
  queryOf,
  servedSymbol,
  symbolParameter,
} from "../request/parameters/query.ts";
import { choiceOf, seriesParameters } from "../request/parameters/series_query.ts";
import { problem, type RequestScope } from "../request/problem.ts";

const RANGE_DEFAULT_US = 3_600 * US_PER_SEC;
const LIMIT_DEFAULT = 100;
const EVERY_S_MAX = 3_600;

export const predictionsRoute = createRoute({
  ...{ method: "get", path: "/predictions", tags: ["Reading"] },
  summary: "Predictions of a range, with outcomes",
  request: {
    query: queryOf({
      symbol: symbolParameter,
      from: instantParameter.optional(),
      to: instantParameter.optional(),
      limit: integerParameter(1, LIMITS.query_rows_max).optional(),
      every_s: integerParameter(1, EVERY_S_MAX)
        .meta({
          description: "Only those of whole multiples of so many seconds: an even sample of a long range.",
        })
        .optional(),
      ...seriesParameters,
    }),
  },
  responses: { 200: json(predictionsSchema, "All of one series, oldest first."), ...problems(400, 404, 503) },
});

export function getPredictions(
  ports: ServePorts,
  clock: Clock,
  log: Logger,
  long: LongAnswers,
): RouteHandler<typeof predictionsRoute, RequestScope> {
  let from_memory = 0;
  ports.metrics.observe(
    "counter",
    "foretick_predictions_from_memory_total",
    "Answers of /predictions given from memory because the database gave none.",
    () => from_memory,
  );
  return async (c) => {
    const query = c.req.valid("query");
    const symbol = servedSymbol(c, ports, query.symbol);
    if (!symbol.ok) return symbol.response;
    const choice = choiceOf(query, "champion");
    const recent = ports.recent(symbol.value, choice);
    const range = rangeOf(recent, clock, query);
    if (range.from_us >= range.to_us) {
      const detail = `from expected an instant before to, was ${isoOf(range.from_us)} with to ${isoOf(range.to_us)}.`;
      return problem(c, { code: "REQUEST_INVALID", field: "from", detail });
    }

    const limit = query.limit ?? LIMIT_DEFAULT;
    const is_long = limit > LIMITS.answer_rows_a_turn;
    const begun = is_long ? long.begin(limit) : () => {};
    if (typeof begun !== "function") return problem(c, begun);
    // One row more than asked for tells whether older ones were left out.
    const { every_s = 1 } = query;
    const wanted: PredictionQuery = { symbol: symbol.value, choice, ...range, every_s, limit: limit + 1 };
    let served_from: PredictionsJson["served_from"] = "database";
    let rows: readonly JoinedPrediction[];
    try {
      rows = await inTime(clock, c.req.raw.signal, (signal) => ports.predictions(wanted, signal));
    } catch (error) {
      const why = { error: describeError(error), request_id: c.var.request_id };
      log.warn(why, "the database gave no predictions; answered from memory");
      from_memory++;
      served_from = "memory";
      rows = within(recent, wanted);
    }
    const given = rows.slice(-limit);
    const body: Omit<PredictionsJson, "predictions"> = {
      symbol: symbol.value,
      from: isoOf(range.from_us),
      to: isoOf(range.to_us),
      limit,
      series: rows[0] ? seriesJson(rows[0]) : null,
      served_from,
      truncated: rows.length > limit || served_from === "memory",
    };
    if (!is_long) return c.json({ ...body, predictions: given.map(predictionRowJson) }, 200);
    return long.answer(c, { body, field: "predictions", rows: given, json: predictionRowJson, done: begun });
  };
}

/**
 * The default range is the hour up to the newest prediction: the exchange's clock, not ours.
 * A `from` later than that is a range with nothing in it yet, not a mistake.
 */
function rangeOf(
  recent: readonly JoinedPrediction[],
  clock: Clock,
  { from, to }: { from?: Micros | undefined; to?: Micros | undefined },
): { from_us: Micros; to_us: Micros } {
  const newest = recent.at(-1);
  const now_us = newest ? startOf(newest.ts_sec + 1) : clock.now();
  const to_us = to ?? micros(Math.max(now_us, (from ?? 0) + 1));
  return { from_us: from ?? micros(Math.max(0, to_us - RANGE_DEFAULT_US)), to_us };
}

function within(rows: readonly JoinedPrediction[], query: PredictionQuery): JoinedPrediction[] {
  return rows
    .filter((row) => startOf(row.ts_sec) >= query.from_us && startOf(row.ts_sec) < query.to_us)
    .filter((row) => row.ts_sec % query.every_s === 0)
    .slice(-query.limit);
}
