/**
 * Errors as RFC 9457 problem details. Code and request id are always there; a sentence (`detail`) and the
 * `field` only where the caller can act on them. What went wrong inside stays in the log, under the same id.
 */

import type { Context, TypedResponse } from "hono";
import { ERROR_TABLE, type ErrorCode } from "../../base/errors.ts";
import type { Work } from "../../record/sql/work.ts";
import type { Identity } from "../access/identity.ts";
import type { Rate } from "../access/rates.ts";

/** What a request carries through the handlers. */
export interface RequestScope {
  /** The server that was asked, which knows from where; empty where there is none. */
  Bindings: {
    requestIP?(request: Request): { readonly address: string } | null;
    /** How long the connection may be silent (s). */
    timeout?(request: Request, seconds: number): void;
  };
  Variables: {
    request_id: string;
    /** Who asks; undefined without a credential. */
    identity?: Identity | undefined;
    /** What is left to the caller, where that is counted. */
    rate?: Rate | undefined;
    /** The transaction of a request with an Idempotency-Key: what it changes belongs there. */
    work?: Work | undefined;
    /** The answer was waited for, so that its time says nothing. */
    waited?: boolean;
  };
}

export interface Problem {
  readonly code: ErrorCode;
  /** For the caller: what was expected, what was found, the remedy. */
  readonly detail?: string;
  /** The parameter, or the field of the body, at fault. */
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

/** An answer that any route may give: its type says nothing of a body, so that it fits each of those that are described. */
export type Untyped = Response & TypedResponse<never, never, never>;

const TITLES: Partial<Record<ErrorCode, string>> = {
  REQUEST_INVALID: "The request is not valid",
  SYMBOL_UNKNOWN: "The symbol is not served here",
  FEATURE_SET_UNKNOWN: "The feature set is not computed here",
  STORE_UNREACHABLE: "The database gives no answer",
  UNAUTHENTICATED: "Who asks is not known",
  FORBIDDEN: "The caller may not do this",
  REQUEST_TIME: "The request took too long",
  RATE_LIMITED: "The caller asks too often",
  BODY_TOO_LARGE: "The body is too large",
  BUSY: "Too much is asked at once",
  IDEMPOTENCY_KEY: "The key was used for another request",
  IDEMPOTENCY_BUSY: "The same request is under way",
  NOT_FOUND: "There is nothing at this path",
  METHOD_NOT_ALLOWED: "The method is not allowed here",
  MEDIA_TYPE: "The body is of another media type",
  TRY_AGAIN: "The service cannot do it now",
  MODEL_UNKNOWN: "The model is not registered here",
  MODEL_REFUSED: "The models do not allow it now",
  MODEL_CONFLICT: "Another model has that name",
  UPGRADE_REQUIRED: "This path speaks WebSocket",
  NO_PREDICTION_YET: "There is no current prediction",
  TOO_MANY_CLIENTS: "Too many stream clients are connected",
};

export function problem(c: Context<RequestScope>, { code, detail, field, headers }: Problem): Untyped {
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
  }) as Untyped;
}
