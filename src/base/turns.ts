/** Long work without I/O, in slices: sockets, timers and ticks have their turn between two of them. */

import { LIMITS } from "./limits.ts";

/** Work that yields what a step of it has cost, in rows. */
export type Steps<T> = Generator<number, T, void>;

/**
 * Runs `work` to its end, a slice of at most `LIMITS.turn_rows_max` rows and a step at a time.
 * @param turn what is awaited between two slices; what it throws ends the work.
 */
export async function inTurns<T>(work: Steps<T>, turn: () => Promise<void> = nextTurn): Promise<T> {
  for (let rows = 0; ; ) {
    const step = work.next();
    if (step.done) return step.value;
    rows += step.value;
    if (rows < LIMITS.turn_rows_max) continue;
    rows = 0;
    await turn();
  }
}

/** Runs `work` to its end at once. */
export function atOnce<T>(work: Steps<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
