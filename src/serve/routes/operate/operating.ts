/** What routes for operators share: the port, a body, and who may use them. */

import type { z } from "zod";
import { fail } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import { problems } from "../../describe/answers.ts";
import type { ServePorts } from "../../ports.ts";
import type { OperatorPort } from "../../ports_operate.ts";
import { known } from "../../request/actor.ts";
import { jsonBody } from "../../request/json_body.ts";

/** @throws ForetickError TRY_AGAIN where this process leads nothing. */
export const operatorOf = ({ operator }: ServePorts): OperatorPort =>
  operator ?? fail("TRY_AGAIN", "this process leads no symbol now: ask the one that does");

export const bodyOf = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { "application/json": { schema } } },
});

/** Of a route that changes something by its query alone. */
export const changing = [known()];
/** Of a route that changes something and takes a body. */
export const changingBody = [known(), jsonBody(LIMITS.request_body_bytes_max)];

export const readingProblems = problems(400, 404, 503);
export const changingProblems = problems(400, 404, 409, 413, 415, 422, 503, 504);
