/** What a caller is told where the database, the only source of an answer, gives none. */

import type { Context } from "hono";
import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { noAnswer } from "./in_time.ts";
import { problem, type RequestScope } from "./problem.ts";

const RETRY_AFTER_S = 5;

/**
 * @param what for the log, e.g. "no comparisons could be read".
 * @param otherwise for the caller, where it is not that there is no database at all.
 */
export function noStore(
  c: Context<RequestScope>,
  log: Logger,
  error: unknown,
  { what, otherwise }: { readonly what: string; readonly otherwise: string },
) {
  log.warn({ error: describeError(error), request_id: c.var.request_id }, what);
  const detail = noAnswer(error, otherwise);
  return problem(c, {
    ...{ code: "STORE_UNREACHABLE", detail },
    headers: { "retry-after": String(RETRY_AFTER_S) },
  });
}
