/** How long a request waits for the database. */

import type { Clock } from "../base/clock.ts";
import { ForetickError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";

/** `answer`, or STORE_QUERY once it is later than a caller should wait. */
export async function inTime<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<T>();
  const wait_ms = LIMITS.query_wait_max_ms;
  const timer = clock.after(wait_ms, () =>
    late.reject(new ForetickError("STORE_QUERY", `expected rows within ${wait_ms} ms, had none yet`)),
  );
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    timer.cancel();
  }
}
