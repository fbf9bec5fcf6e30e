/**
 * An end in phases: each begins when the one before it is through, its parts run at the same time, and none takes
 * longer than its budget. A part that hangs is left behind, so that it cannot delay the end of the process.
 */

import type { Clock } from "./clock.ts";
import { withDeadline } from "./deadline.ts";
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import { US_PER_MS } from "./units.ts";

export interface DrainPart {
  readonly name: string;
  /** How long it may take (ms); less where the whole drain has no more left. */
  readonly budget_ms: number;
  run(): Promise<unknown>;
}

export interface DrainPhase {
  readonly name: string;
  readonly parts: readonly DrainPart[];
}

export interface DrainOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** For all phases together (ms). */
  readonly total_ms: number;
}

export interface DrainReport {
  readonly took_ms: number;
  /** Parts that did not end within their budget. */
  readonly left_behind: readonly string[];
  /** What parts threw. */
  readonly failures: readonly unknown[];
}

/** Never rejects. */
export async function drain(phases: readonly DrainPhase[], options: DrainOptions): Promise<DrainReport> {
  const { clock, log, total_ms } = options;
  const started_us = clock.monotonicUs();
  const tookMs = (): number => (clock.monotonicUs() - started_us) / US_PER_MS;
  const left_behind: string[] = [];
  const failures: unknown[] = [];
  for (const { name: phase, parts } of phases) {
    const runOne = async ({ name, budget_ms, run }: DrainPart): Promise<void> => {
      const ms = Math.max(0, Math.min(budget_ms, Math.floor(total_ms - tookMs())));
      let late = false;
      const onGivenUp = (): void => {
        late = true;
      };
      try {
        // A part that throws before its first await fails like any other.
        await withDeadline((async () => await run())(), { clock, ms, what: `the end of ${name}`, onGivenUp });
      } catch (error) {
        if (late) {
          left_behind.push(name);
          log.warn({ phase, part: name, budget_ms: ms }, "does not end: left behind");
        } else {
          failures.push(error);
          log.error({ phase, part: name, error: describeError(error) }, "did not close as it should");
        }
      }
    };
    await Promise.all(parts.map(runOne));
  }
  return { took_ms: tookMs(), left_behind, failures };
}
