/**
 * How often each limit of the process has been met: a number in a place of its own for each, so that counting is an addition and
 * allocates nothing. One process is one service; `foretick_limit_reached_total` reads it.
 */

import type { QueueName } from "./limits/kinds.ts";
import { LIMITS, type LimitName } from "./limits.ts";

const NAMES = Object.keys(LIMITS) as readonly LimitName[];
const counts = Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<LimitName, number>;

/** Something came up against the limit, and its policy has begun. */
export function limitReached(limit: LimitName): void {
  counts[limit]++;
}

export const timesReached = (limit: LimitName): number => counts[limit];

/** Those that have been met since the process began. */
export function* reachedLimits(): Generator<readonly [limit: LimitName, times: number]> {
  for (const name of NAMES) if (counts[name] > 0) yield [name, counts[name]];
}

/** Whether there are as many as there may be: one more is refused, and counted as such. */
export function isFull(limit: QueueName, waiting: number): boolean {
  if (waiting < LIMITS[limit]) return false;
  counts[limit]++;
  return true;
}
