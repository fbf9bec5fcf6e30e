/** Lists of models, trainings and deployments: a long one is written in slices, so that no tick waits for its reader. */

import type { Context } from "hono";
import { LIMITS } from "../../../base/limits.ts";
import type { LongAnswers } from "../../request/long_answers.ts";
import { problem, type RequestScope, type Untyped } from "../../request/problem.ts";

export interface Listed<Row> {
  /** What the rows are called in the answer. */
  readonly field: string;
  /** The most that `read` gives. */
  readonly limit: number;
  readonly read: () => Promise<readonly Row[]>;
  readonly json: (row: Row) => unknown;
}

/** The rows and their count. @throws what `read` throws. */
export async function listed<Row>(
  c: Context<RequestScope>,
  long: LongAnswers,
  { field, limit, read, json }: Listed<Row>,
): Promise<Untyped> {
  const rows_a_turn = LIMITS.listed_rows_a_turn;
  // Each is as large as several of those that answers are measured in.
  const begun =
    limit > rows_a_turn ? long.begin(limit * (LIMITS.answer_rows_a_turn / rows_a_turn)) : () => {};
  if (typeof begun !== "function") return problem(c, begun);
  let rows: readonly Row[];
  try {
    rows = await read();
  } catch (error) {
    begun();
    throw error;
  }
  const body = { count: rows.length };
  if (rows.length > rows_a_turn) {
    return long.answer(c, { body, field, rows, json, rows_a_turn, done: begun });
  }
  begun();
  return c.json({ ...body, [field]: rows.map(json) }, 200) as Untyped;
}
