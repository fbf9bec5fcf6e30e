/**
 * How the process waits for what may neither answer nor fail: a socket, a database, a disk, a model. Every such
 * wait has a limit (limits.ts) and goes through here, so that a timer is never left behind and a rejection that
 * comes too late is never an unhandled one.
 */

import type { Clock, Timer } from "./clock.ts";
import { type ErrorCode, ForetickError } from "./errors.ts";
import type { DeadlineName } from "./limits/kinds.ts";
import { LIMITS } from "./limits.ts";
import { limitReached } from "./reached.ts";

/** How long to wait. */
export type HowLong =
  | {
      /** A limit of this kind: its milliseconds, and met where nothing came within them. */
      readonly limit: DeadlineName;
      readonly ms?: undefined;
    }
  | {
      readonly limit?: undefined;
      /** A time that is no limit of the process: a setting, or what is left of something (ms). */
      readonly ms: number;
    };

export type DeadlineOptions = HowLong & {
  readonly clock: Clock;
  /** What is waited for, as the subject of a sentence, e.g. "the registry's answer". */
  readonly what: string;
  /** Code of the rejection; DEADLINE where it is left out. */
  readonly code?: ErrorCode;
  /** What a person can do about it, as a sentence; goes to the end of the message. */
  readonly remedy?: string;
  /** Ends the wait early, with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** Called once where the wait ends without an answer: cut the connection, abort the request. */
  readonly onGivenUp?: () => void;
};

/**
 * The promise's value or rejection, where it comes in time. The work itself goes on unless `onGivenUp` ends it;
 * its later result is ignored.
 * @throws ForetickError `code` once `ms` have passed; CANCELLED once `signal` is aborted.
 */
export function withDeadline<T>(promise: PromiseLike<T>, options: DeadlineOptions): Promise<T> {
  const { clock, what } = options;
  const ms = msOf(options);
  return waited(promise, options, (late) =>
    clock.after(ms, () => late(`${what} expected within ${ms} ms, did not come`)),
  );
}

/**
 * As `withDeadline`, for work that may take long as long as it goes on: the wait ends where `progress` is
 * the same after `ms` as before.
 */
export function whileProgressing<T>(
  promise: PromiseLike<T>,
  progress: () => number,
  options: DeadlineOptions,
): Promise<T> {
  const { clock, what } = options;
  const ms = msOf(options);
  return waited(promise, options, (late) => {
    let before = progress();
    const look = (): void => {
      const now = progress();
      if (now === before) late(`${what} expected to go on within ${ms} ms, stopped at ${now}`);
      else timer = clock.after(ms, look);
      before = now;
    };
    let timer = clock.after(ms, look);
    return { cancel: () => timer.cancel() };
  });
}

const msOf = ({ limit, ms }: HowLong): number => (limit === undefined ? ms : LIMITS[limit]);

async function waited<T>(
  promise: PromiseLike<T>,
  { limit, what, code = "DEADLINE", remedy, signal, onGivenUp }: DeadlineOptions,
  arm: (late: (message: string) => void) => Timer,
): Promise<T> {
  const givenUp = Promise.withResolvers<never>();
  const giveUp = (error: ForetickError): void => {
    givenUp.reject(error);
    onGivenUp?.();
  };
  const tail = remedy === undefined ? "" : `. ${remedy}`;
  const timer = arm((message) => {
    if (limit !== undefined) limitReached(limit);
    giveUp(new ForetickError(code, `${message}${tail}`));
  });
  const onAbort = (): void => giveUp(new ForetickError("CANCELLED", `${what} is no longer waited for`));
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    return await Promise.race([promise, givenUp.promise]);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Resolves after `delay_ms`, or as soon as `signal` is aborted; the caller looks at the signal. */
export function pause(clock: Clock, delay_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.after(delay_ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
