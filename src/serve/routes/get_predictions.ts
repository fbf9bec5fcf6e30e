/**
 * `GET /predictions`: what was forecast in a range of time, and what came of it. Answered from the database;
 * while that is away or slow, from what this process still holds, and the answer says so.
 */

import type { Handler } from "hono";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { type Micros, micros, startOf, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import { inTime } from "../in_time.ts";
import { type PredictionsJson, predictionRowJson } from "../messages.ts";
import type { PredictionQuery, PredictionRow, ServePorts } from "../ports.ts";
import { problem, type RequestScope } from "../problem.ts";
import { instantParameter, integerParameter, parseQuery, servedSymbol, symbolParameter } from "../query.ts";

const RANGE_DEFAULT_US = 3_600 * US_PER_SEC;
const LIMIT_DEFAULT = 100;

const schema = z.object({
  symbol: symbolParameter,
  from: instantParameter.optional(),
  to: instantParameter.optional(),
  limit: integerParameter(1, LIMITS.query_rows_max).optional(),
});

const iso = (time: Micros): string => new Date(time / US_PER_MS).toISOString();

export function getPredictions(ports: ServePorts, clock: Clock, log: Logger): Handler<RequestScope> {
  let from_memory = 0;
  ports.metrics.observe(
    "counter",
    "predictions_from_memory_total",
    "Answers of /predictions given from memory because the database gave none.",
    () => from_memory,
  );
  return async (c) => {
    const query = parseQuery(c, schema);
    if (!query.ok) return query.response;
    const symbol = servedSymbol(c, ports, query.value.symbol);
    if (!symbol.ok) return symbol.response;
    const range = rangeOf(ports.recent(symbol.value), clock, query.value);
    if (range.from_us >= range.to_us) {
      const detail = `from expected an instant before to, was ${iso(range.from_us)} with to ${iso(range.to_us)}.`;
      return problem(c, { code: "REQUEST_INVALID", field: "from", detail });
    }

    const limit = query.value.limit ?? LIMIT_DEFAULT;
    // One row more than asked for tells whether older ones were left out.
    const wanted: PredictionQuery = { symbol: symbol.value, ...range, limit: limit + 1 };
    let served_from: PredictionsJson["served_from"] = "database";
    let rows: readonly PredictionRow[];
    try {
      rows = await inTime(clock, ports.predictions(wanted));
    } catch (error) {
      const why = { error: describeError(error), request_id: c.var.request_id };
      log.warn(why, "the database gave no predictions; answered from memory");
      from_memory++;
      served_from = "memory";
      rows = within(ports.recent(symbol.value), wanted);
    }
    const body: PredictionsJson = {
      symbol: symbol.value,
      from: iso(range.from_us),
      to: iso(range.to_us),
      limit,
      served_from,
      truncated: rows.length > limit || served_from === "memory",
      predictions: rows.slice(-limit).map(predictionRowJson),
    };
    return c.json(body);
  };
}

/**
 * Where nothing is said the range is the hour up to the newest prediction: the exchange's clock, not ours.
 * A `from` later than that is a range with nothing in it yet, not a mistake.
 */
function rangeOf(
  recent: readonly PredictionRow[],
  clock: Clock,
  { from, to }: { from?: Micros | undefined; to?: Micros | undefined },
): { from_us: Micros; to_us: Micros } {
  const newest = recent.at(-1);
  const now_us = newest ? startOf(newest.ts_sec + 1) : clock.now();
  const to_us = to ?? micros(Math.max(now_us, (from ?? 0) + 1));
  return { from_us: from ?? micros(Math.max(0, to_us - RANGE_DEFAULT_US)), to_us };
}

function within(rows: readonly PredictionRow[], query: PredictionQuery): PredictionRow[] {
  return rows
    .filter((row) => startOf(row.ts_sec) >= query.from_us && startOf(row.ts_sec) < query.to_us)
    .slice(-query.limit);
}
