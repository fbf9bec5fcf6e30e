/**
 * One runner for everything that is tried again: how often, how long in all, how long between two tries, which
 * errors are worth another one, and a way to stop.
 */

import type { Clock } from "./clock.ts";
import { pause, withDeadline } from "./deadline.ts";
import { ForetickError } from "./errors.ts";
import { US_PER_MS } from "./units.ts";

export interface RetryOptions {
  readonly clock: Clock;
  /** What is tried, as the subject of a sentence, e.g. "the look-back". */
  readonly what: string;
  /** Tries in all; without it only the budget or the signal ends them. */
  readonly attempts?: number;
  /** Time for all tries together, the waits included (ms). A try under way is cut when it is used up. */
  readonly budget_ms?: number;
  /** Time for one try (ms); one that takes longer has failed with DEADLINE. */
  readonly attempt_ms?: number;
  /** Wait after `failures` failed tries (ms), failures ≥ 1. */
  readonly backoffMs: (failures: number) => number;
  /** Whether another try can help; by default yes unless the error's remedy is "stop" or "reject". */
  readonly worthAnother?: (error: unknown) => boolean;
  /** Called before each wait. */
  readonly onFailure?: (error: unknown, failures: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The first value that comes.
 * @throws the last try's error where none is left or worth it; DEADLINE where the budget cuts a try; CANCELLED.
 */
export async function retrying<T>(run: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, what, budget_ms, signal, backoffMs } = options;
  const { attempts = Number.POSITIVE_INFINITY, worthAnother = canHelp, onFailure } = options;
  const started_us = clock.monotonicUs();
  const leftMs = (): number =>
    budget_ms === undefined
      ? Number.POSITIVE_INFINITY
      : budget_ms - (clock.monotonicUs() - started_us) / US_PER_MS;
  for (let failures = 0; ; ) {
    if (signal?.aborted) throw new ForetickError("CANCELLED", `${what} is no longer tried`);
    try {
      return await bounded(run(failures + 1), Math.min(leftMs(), options.attempt_ms ?? leftMs()), options);
    } catch (error) {
      failures++;
      if (isCancel(error) || failures >= attempts || !worthAnother(error)) throw error;
      const wait_ms = backoffMs(failures);
      if (wait_ms >= leftMs()) throw error;
      onFailure?.(error, failures);
      await pause(clock, wait_ms, signal);
    }
  }
}

function bounded<T>(
  promise: Promise<T>,
  ms: number,
  { clock, what, signal }: Pick<RetryOptions, "clock" | "what" | "signal">,
): Promise<T> {
  if (ms === Number.POSITIVE_INFINITY && !signal) return promise;
  // A timer takes 32 bits of milliseconds, 24 days; nothing is meant to be tried for longer.
  return withDeadline(promise, {
    clock,
    what,
    signal,
    ms: Math.max(0, Math.ceil(Math.min(ms, 2 ** 31 - 1))),
  });
}

const isCancel = (error: unknown): boolean => error instanceof ForetickError && error.code === "CANCELLED";

const canHelp = (error: unknown): boolean =>
  !(error instanceof ForetickError) || !["stop", "reject"].includes(error.remedy);
