/** How long to wait before trying again: doubling to a cap, half of it random, so that clients spread out. */

import type { Rng } from "../base/rng.ts";

export interface Backoff {
  /** Longest wait before the second try (ms). */
  readonly first_ms: number;
  /** Longest wait ever (ms). */
  readonly cap_ms: number;
}

/** Wait before try `failures + 1` (ms): between half of and the whole of min(cap, first · 2^(failures − 1)). */
export function backoffMs(backoff: Backoff, failures: number, rng: Rng): number {
  const whole = Math.min(backoff.cap_ms, backoff.first_ms * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return whole / 2 + (whole / 2) * rng.uniform();
}
