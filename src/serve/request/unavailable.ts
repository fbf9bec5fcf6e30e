/** The one answer for "not now": 503 with the reason and when to ask again. */

import type { Context } from "hono";
import type { Unavailable } from "../ports.ts";
import { problem, type RequestScope, type Untyped } from "./problem.ts";

export function unavailable(c: Context<RequestScope>, { reason, retry_after_s = 1 }: Unavailable): Untyped {
  const headers = { "retry-after": String(Math.max(1, Math.ceil(retry_after_s))) };
  return problem(c, { code: "NO_PREDICTION_YET", detail: reason, headers });
}
