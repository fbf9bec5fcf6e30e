/**
 * Queries that end with the wish for them: once the signal is aborted, what waits is not sent, and what runs is cancelled in
 * the server. For reading alone.
 */

import type { Sql } from "postgres";
import { fail } from "../../base/errors.ts";

/** A query as the driver has it: it is resolved or rejected through these two. */
interface DriverQuery {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
  cancel(): unknown;
}

/**
 * `sql`, of a client that is not pipelined, whose queries end with `signal`: those made after it are refused with CANCELLED.
 * @param onCancelled called for each that had not ended by itself.
 */
export function abandonable(sql: Sql, signal: AbortSignal, onCancelled: () => void = () => {}): Sql {
  const watched = <T>(query: T): T => {
    if (!isQuery(query)) return query;
    if (signal.aborted) fail("CANCELLED", "the answer is no longer waited for");
    const end = (): void => {
      query.cancel();
      onCancelled();
    };
    signal.addEventListener("abort", end, { once: true });
    // Its connection has the next query by then, which must not be met.
    const done = (): void => signal.removeEventListener("abort", end);
    const { resolve, reject } = query;
    query.resolve = (answer) => {
      done();
      resolve(answer);
    };
    query.reject = (error) => {
      done();
      reject(error);
    };
    return query;
  };
  return new Proxy(sql, {
    apply: (target, self, parameters) => watched(Reflect.apply(target, self, parameters)),
    get: (target, name, receiver) => {
      if (name !== "unsafe") return Reflect.get(target, name, receiver);
      return (...parameters: Parameters<Sql["unsafe"]>) => watched(target.unsafe(...parameters));
    },
  });
}

const isQuery = (value: unknown): value is DriverQuery => {
  const { cancel, resolve } = (value ?? {}) as Partial<DriverQuery>;
  return typeof cancel === "function" && typeof resolve === "function";
};

/** A cancelling that came late and met the next query of its connection: the server says so without saying whose it was. */
export const isStrayCancel = (error: unknown): boolean => {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  return cause?.code === "57014" && String(cause.message).includes("user request");
};
