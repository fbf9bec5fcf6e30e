/**
 * Errors as RFC 9457 problem details. Code and request id are always there; a sentence (`detail`) and the
 * `field` only where the caller can act on them. What went wrong inside stays in the log, under the same id.
 */

import type { Context } from "hono";
import { ERROR_TABLE, type ErrorCode } from "../base/errors.ts";

/** What a request carries through the handlers. */
export interface RequestScope {
  Variables: { request_id: string };
}

export interface Problem {
  readonly code: ErrorCode;
  /** For the caller: what was expected, what was found, the remedy. */
  readonly detail?: string;
  /** The query parameter at fault. */
  readonly field?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ProblemJson {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly request_id: string;
  readonly detail?: string;
  readonly field?: string;
}

const TITLES: Partial<Record<ErrorCode, string>> = {
  REQUEST_INVALID: "The request is not valid",
  SYMBOL_UNKNOWN: "The symbol is not served here",
  FEATURE_SET_UNKNOWN: "The feature set is not computed here",
  STORE_UNREACHABLE: "The database gives no answer",
  NOT_FOUND: "There is nothing at this path",
  METHOD_NOT_ALLOWED: "The method is not allowed here",
  UPGRADE_REQUIRED: "This path speaks WebSocket",
  NO_PREDICTION_YET: "There is no current prediction",
  TOO_MANY_CLIENTS: "Too many stream clients are connected",
};

export function problem(c: Context<RequestScope>, { code, detail, field, headers }: Problem): Response {
  const status = ERROR_TABLE[code].http;
  const body: ProblemJson = {
    type: `urn:foretick:problem:${code.toLowerCase()}`,
    title: TITLES[code] ?? "The service could not answer",
    status,
    code,
    request_id: c.var.request_id,
    ...(detail === undefined ? {} : { detail }),
    ...(field === undefined ? {} : { field }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}
