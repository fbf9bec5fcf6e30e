import { type ErrorCode, ForetickError } from "../../src/base/errors.ts";

/**
 * What a promise was rejected with. Used in place of `expect(promise).rejects`, which under `bun test` waits in
 * an event loop nested in the caller's: inside a `setImmediate` callback that loop never reaches the rest of the
 * batch (oven-sh/bun#39103), and a test of half a second took ten minutes.
 */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new TypeError(`expected a rejection with an Error, was ${String(error)}`);
  }
  throw new TypeError(`expected a rejection, the promise resolved to ${JSON.stringify(value)}`);
}

/** The same, where one of the product's own errors is expected. */
export async function refusal(promise: Promise<unknown>): Promise<ForetickError> {
  const error = await rejection(promise);
  if (error instanceof ForetickError) return error;
  throw error;
}

export const codeOf = async (promise: Promise<unknown>): Promise<ErrorCode> => (await refusal(promise)).code;
