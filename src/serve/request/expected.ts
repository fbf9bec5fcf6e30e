/** Errors a caller can act on, as problems; what is not among them is a fault of ours. */

import { type ErrorCode, ForetickError } from "../../base/errors.ts";
import type { Problem } from "./problem.ts";

/** Whose sentence is for the caller. */
const SAID: readonly ErrorCode[] = [
  "REQUEST_INVALID",
  "UNIT_RANGE",
  "NOT_FOUND",
  "MODEL_UNKNOWN",
  "MODEL_CONFLICT",
  "MODEL_REFUSED",
  "TRY_AGAIN",
];
const RETRY_AFTER_S = 5;

export function expectedProblem(error: unknown): Problem | undefined {
  if (!(error instanceof ForetickError)) return undefined;
  const { code, message, details } = error;
  const field = typeof details.field === "string" ? { field: details.field } : {};
  if (SAID.includes(code)) return { code, detail: `${message}.`, ...field };
  if (error.http < 503) return undefined;
  const detail = "What this needs gives no answer now: ask again.";
  return { code, detail, headers: { "retry-after": String(RETRY_AFTER_S) } };
}
