/**
 * How long a request waits for the database. A question that nobody waits for any more, because it took too long or its
 * caller has gone, is taken back in the database too.
 */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";

/** @param signal aborted once the answer is not wanted any more. */
export type Question<T> = (signal: AbortSignal) => Promise<T>;

/** @param caller aborted where the caller has gone. @throws ForetickError STORE_QUERY once it is late, CANCELLED once the caller has gone. */
export function inTime<T>(
  clock: Clock,
  caller: AbortSignal,
  ask: Question<T>,
  ms: number = LIMITS.query_wait_max_ms,
): Promise<T> {
  const unwanted = new AbortController();
  return withDeadline(ask(unwanted.signal), {
    ...{ clock, ms, what: "the stored rows", code: "STORE_QUERY", signal: caller },
    onGivenUp: () => unwanted.abort(),
  });
}

/** Why nothing stored is given, for the caller: that there is no database, or `otherwise`, that it gives no answer. */
export const noAnswer = (error: unknown, otherwise: string): string =>
  error instanceof ForetickError && error.code === "NO_DATABASE" ? `${error.message}.` : otherwise;
