/**
 * The database's errors as the product's: by SQLSTATE and driver code, never by text. What matters to a
 * writer is whether trying again can help, or whether a row itself is at fault.
 */

import { type ErrorCode, ForetickError } from "../../base/errors.ts";

/** Driver and socket codes that mean: no connection, or a lost one. */
const UNREACHABLE = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);

/** The driver's code or the SQLSTATE; "" where there is none. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/**
 * The row's own fault: data exceptions (22), violated constraints (23), and values too large for their
 * place (54). Everything else (no connection, no disk, no table) can pass, and the row must wait for it.
 */
export function isRowFault(error: unknown): boolean {
  return /^(22|23|54)...$/.test(codeOf(error));
}

/**
 * @param fallback the code for what is neither a lost connection nor, where something is written, a timeout.
 */
export function storeError(error: unknown, fallback: ErrorCode = "STORE_WRITE_FAILED"): ForetickError {
  if (error instanceof ForetickError) return error;
  const code = codeOf(error);
  // drizzle wraps the driver's error and puts the whole statement into its message.
  const cause = wrappedCause(error);
  if (cause) return storeError(cause, fallback);
  const message = error instanceof Error ? error.message : String(error);
  const said = code && !message.includes(code) ? `${message} (${code})` : message;
  const options = { cause: error, details: { sqlstate: code } };
  // 08: connection; 57P01–57P05: the server ends sessions; 28, 3D000: not let in, no such database.
  if (UNREACHABLE.has(code) || /^(08...|57P..|28...|3D000|53300)$/.test(code)) {
    const remedy = "Start the database, or check DATABASE_URL";
    return new ForetickError("STORE_UNREACHABLE", `database expected to answer: ${said}. ${remedy}`, options);
  }
  if (code === "FT001") {
    return new ForetickError(
      "STORE_FENCED",
      `${said}: another service has taken over. This one ends`,
      options,
    );
  }
  if (fallback === "STORE_WRITE_FAILED" && (code === "57014" || code === "55P03")) {
    return new ForetickError("STORE_WRITE_TIMEOUT", `statement expected within its time: ${said}`, options);
  }
  return new ForetickError(fallback, said, options);
}

function wrappedCause(error: unknown): unknown {
  return codeOf(error) === "" && error instanceof Error && error.cause instanceof Error
    ? error.cause
    : undefined;
}
