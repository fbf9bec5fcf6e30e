/** What routes for operators share: the port, a body, and who may use them. */

import type { Context } from "hono";
import type { z } from "zod";
import { fail } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import { problems } from "../../describe/answers.ts";
import type { ServePorts } from "../../ports.ts";
import type { OperatorPort } from "../../ports_operate.ts";
import { known } from "../../request/actor.ts";
import { jsonBody } from "../../request/json_body.ts";
import type { RequestScope } from "../../request/problem.ts";

/**
 * What it changes is in the request's transaction, where that has one.
 * @throws ForetickError TRY_AGAIN where this process leads nothing.
 */
export function operatorOf({ operator }: ServePorts, { var: { work } }: Context<RequestScope>): OperatorPort {
  if (!operator) return fail("TRY_AGAIN", "this process leads no symbol now: ask the one that does");
  return work ? operator.during(work) : operator;
}

export const bodyOf = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { "application/json": { schema } } },
});

/** Of a route that changes something by its query alone. */
export const changing = [known()];
/** Of a route that changes something and takes a body. */
export const changingBody = [known(), jsonBody(LIMITS.request_body_bytes_max)];

export const readingProblems = problems(400, 404, 503);
export const changingProblems = problems(400, 404, 409, 413, 415, 422, 503, 504);
