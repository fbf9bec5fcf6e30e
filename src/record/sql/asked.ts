/**
 * The one way to wait for an answer of the database: what fails is a ForetickError, STORE_UNREACHABLE or STORE_QUERY, and
 * what does not answer has failed too. The server's own statement timeout does not help against a server that
 * hangs.
 */

import type { Sql } from "postgres";
import { type Clock, systemClock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import { storeError } from "./store_errors.ts";

export async function asked<T>(query: PromiseLike<T>, clock: Clock = systemClock): Promise<T> {
  try {
    return await answered(query, clock);
  } catch (error) {
    throw storeError(error, "STORE_QUERY");
  }
}

/**
 * The rows of a long answer, fetched page by page, so that memory stays bounded and the process goes on in
 * between. The query ends where the consumer stops.
 */
export async function* askedByPage<Row extends object>(
  sql: Sql,
  text: string,
  parameters: string[],
  clock: Clock = systemClock,
): AsyncGenerator<Row> {
  const pages = sql.unsafe<Row[]>(text, parameters).cursor(LIMITS.cursor_rows_max)[Symbol.asyncIterator]();
  let ended: Promise<unknown> | undefined;
  try {
    for (;;) {
      const { done, value: page } = await answered(pages.next(), clock);
      if (done) return;
      for (const row of page) yield row as unknown as Row;
    }
  } catch (error) {
    // The end of a query that does not answer is not waited for.
    ended = Promise.resolve();
    void end(pages);
    throw storeError(error, "STORE_QUERY");
  } finally {
    await (ended ?? end(pages));
  }
}

/** Never rejects: a query that has failed has ended. */
async function end(pages: AsyncIterator<unknown>): Promise<void> {
  try {
    await pages.return?.();
  } catch {
    // The consumer gets the failure itself.
  }
}

function answered<T>(answer: PromiseLike<T>, clock: Clock): Promise<T> {
  return withDeadline(answer, {
    ...{ clock, limit: "answer_ms_max", what: "the database's answer", code: "STORE_UNREACHABLE" },
    remedy: "Check the database: it accepts connections and does not answer",
  });
}
