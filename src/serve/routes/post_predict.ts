/** `POST /predict` and `POST /batch-predict`: forecasts of vectors that the caller brings, with a signal. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { ForetickError } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import { LIMITS } from "../../base/limits.ts";
import { inTurns, type Steps } from "../../base/turns.ts";
import { US_PER_MS } from "../../base/units.ts";
import { json, problems } from "../describe/answers.ts";
import { askedJson, askedSchema, askOf, askSchema, batchAskedSchema } from "../messages/ask.ts";
import type { ServePorts } from "../ports.ts";
import type { Ask, AskedAnswer, AskFault } from "../ports_ask.ts";
import { jsonBody } from "../request/json_body.ts";
import type { LongAnswers } from "../request/long_answers.ts";
import { problem, type RequestScope, type Untyped } from "../request/problem.ts";
import { faultOf } from "../request/refuse.ts";

const tags = ["Predicting"];
const middleware = jsonBody(LIMITS.ask_body_bytes_max);
const refused = problems(400, 404, 409, 413, 415, 503);

export const predictRoute = createRoute({
  ...{ method: "post", path: "/predict", tags, summary: "A forecast of a vector you bring" },
  middleware,
  request: { body: { required: true, content: { "application/json": { schema: askSchema } } } },
  responses: { 200: json(askedSchema, "The forecast and its signal."), ...refused },
});

/** Each is looked at by itself, so that one that is wrong costs the others nothing. */
const batchSchema = z
  .array(z.unknown())
  .min(1)
  .max(LIMITS.ask_rows_max)
  .meta({ items: { $ref: "#/components/schemas/PredictRequest" } });

export const batchPredictRoute = createRoute({
  ...{ method: "post", path: "/batch-predict", tags, summary: "Forecasts of many vectors in one call" },
  middleware,
  request: { body: { required: true, content: { "application/json": { schema: batchSchema } } } },
  responses: {
    200: json(batchAskedSchema, "Those that could be answered, and why the others could not."),
    ...refused,
  },
});

export function postPredict(
  ports: ServePorts,
  clock: Clock,
): RouteHandler<typeof predictRoute, RequestScope> {
  return async (c) => {
    const began_us = clock.monotonicUs();
    const ask = askOf(c.req.valid("json"));
    const answers = await answersOf(ports, [ask]);
    if (answers instanceof ForetickError) return later(c, answers);
    const [answer] = answers;
    if ("code" in answer!) return problem(c, answer);
    return c.json(askedJson(ask.symbol, answer!, (clock.monotonicUs() - began_us) / US_PER_MS), 200);
  };
}

export function postBatchPredict(
  ports: ServePorts,
  clock: Clock,
  long: LongAnswers,
): RouteHandler<typeof batchPredictRoute, RequestScope> {
  return async (c) => {
    const began_us = clock.monotonicUs();
    const given = c.req.valid("json");
    const is_long = given.length > LIMITS.asks_a_turn;
    const begun = is_long
      ? long.begin(given.length * (LIMITS.answer_rows_a_turn / LIMITS.asks_a_turn))
      : () => {};
    if (typeof begun !== "function") return problem(c, begun);
    const checked = await inTurns(checkedAsks(given));
    const asks = checked.flatMap((one) => ("code" in one ? [] : one));
    const answers = await answersOf(ports, asks).catch((error: unknown) => {
      begun();
      throw error;
    });
    if (answers instanceof ForetickError) {
      begun();
      return later(c, answers);
    }
    const rest = answers.values();
    const all = checked.map((one) => ("code" in one ? one : rest.next().value!));
    const took_ms = (clock.monotonicUs() - began_us) / US_PER_MS;
    const symbolOf = (index: number): string | null => {
      const { symbol } = Object(given[index]) as { symbol?: unknown };
      return typeof symbol === "string" ? symbol : null;
    };
    const answered = all.flatMap((one, index) => ("code" in one ? [] : { one, index }));
    const resultOf = ({ one, index }: (typeof answered)[number]) => askedJson(symbolOf(index)!, one, took_ms);
    const errors = all.flatMap((one, index) =>
      "code" in one
        ? {
            ...{ index, symbol: symbolOf(index), error: one.detail, code: one.code },
            ...(one.field === undefined ? {} : { field: one.field }),
          }
        : [],
    );
    const body = {
      ...{ success: errors.length === 0, total_requests: all.length },
      ...{ successful_predictions: answered.length, errors },
    };
    if (!is_long) return c.json({ ...body, results: answered.map(resultOf) }, 200);
    const rows_a_turn = LIMITS.asks_a_turn;
    return long.answer(c, {
      body,
      field: "results",
      rows: answered,
      json: resultOf,
      rows_a_turn,
      done: begun,
    });
  };
}

function* checkedAsks(given: readonly unknown[]): Steps<(Ask | AskFault)[]> {
  const checked: (Ask | AskFault)[] = [];
  for (const one of given) {
    checked.push(checkedAsk(one));
    yield LIMITS.turn_rows_max / LIMITS.asks_a_turn;
  }
  return checked;
}

function checkedAsk(given: unknown): Ask | AskFault {
  const parsed = parsedBy(askSchema, given);
  if (parsed.success) return askOf(parsed.data);
  return { code: "REQUEST_INVALID", ...faultOf(parsed.error.issues[0]!, given, "body") };
}

/** What is of no symbol that is served is not asked for. */
async function answersOf(
  ports: ServePorts,
  asks: readonly Ask[],
): Promise<readonly (AskedAnswer | AskFault)[] | ForetickError> {
  const { asks: port, symbols } = ports;
  if (!port) return new ForetickError("TRY_AGAIN", "this process has no models: ask one that forecasts");
  const known = asks.filter(({ symbol }) => symbols.includes(symbol));
  try {
    const answers = (known.length === 0 ? [] : await port.predict(known)).values();
    return asks.map(({ symbol }) => {
      if (symbols.includes(symbol)) return answers.next().value!;
      const detail = `symbol expected one of ${symbols.join(", ")}, was ${symbol}.`;
      return { code: "SYMBOL_UNKNOWN", field: "symbol", detail };
    });
  } catch (error) {
    if (error instanceof ForetickError && error.http !== 500) return error;
    throw error;
  }
}

function later(c: Parameters<typeof problem>[0], { message }: ForetickError): Untyped {
  return problem(c, { code: "TRY_AGAIN", detail: `${message}.`, headers: { "retry-after": "1" } });
}
