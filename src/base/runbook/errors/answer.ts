/** Of answers to callers. */

import type { ErrorCode } from "../../errors.ts";
import type { Advice } from "./advice.ts";

export const ANSWER_ERRORS = {
  REQUEST_INVALID: {
    means: "A request has a parameter or a field that is not allowed.",
    to_do: "The answer names it and what was expected.",
  },
  SYMBOL_UNKNOWN: {
    means: "The symbol is not served here.",
    to_do: "/symbols, or SYMBOLS, lists those that are.",
  },
  NOT_FOUND: { means: "There is nothing at this path.", to_do: "docs/api.md lists the paths." },
  UNAUTHENTICATED: {
    means: "The caller is not known: no key, or one that is wrong, expired or revoked.",
    to_do: "bun run keys create makes one.",
  },
  FORBIDDEN: {
    means: "The caller is known, and its role may not do this.",
    to_do: "The answer names the role that may.",
  },
  RATE_LIMITED: { means: "Too many requests from one caller.", to_do: "Wait as long as Retry-After says." },
  BODY_TOO_LARGE: { means: "A body is larger than is taken.", to_do: "The answer says how large it may be." },
  BUSY: {
    means: "As many long answers as are allowed are under way.",
    to_do: "Wait as long as Retry-After says.",
  },
  IDEMPOTENCY_KEY: {
    means: "The Idempotency-Key was used for another request.",
    to_do: "A new request has a new key.",
  },
  IDEMPOTENCY_BUSY: {
    means: "The request with this Idempotency-Key is still under way.",
    to_do: "Ask again in a moment.",
  },
  REQUEST_TIME: {
    means: "A request took longer than one may, and was ended.",
    to_do: "Ask for less at once. Where small ones end too, look at the database and the load.",
  },
  MEDIA_TYPE: {
    means: "The body is of a kind this path does not take.",
    to_do: "Send JSON with Content-Type: application/json, or what docs/api.md says of the path.",
  },
  TRY_AGAIN: {
    means: "What was asked for is not ready yet, or could not be done now.",
    to_do: "Ask again in a moment, as Retry-After says.",
  },
  METHOD_NOT_ALLOWED: {
    means: "The path has no such method.",
    to_do: "The Allow header lists those it has.",
  },
  UPGRADE_REQUIRED: { means: "This path is a WebSocket.", to_do: "Connect with a WebSocket client." },
  TOO_MANY_CLIENTS: {
    means: "As many clients as are allowed are connected.",
    to_do: "Raise the limit, or add an API machine.",
  },
  LISTEN_FAILED: {
    means: "The port cannot be listened on.",
    to_do: "Another program has it, or the right is missing. Choose another PORT.",
  },
  INTERNAL: {
    means: "An error nobody foresaw.",
    to_do: "The log has it under the request id of the answer. It is a defect to be reported.",
  },
} satisfies Partial<Record<ErrorCode, Advice>>;
