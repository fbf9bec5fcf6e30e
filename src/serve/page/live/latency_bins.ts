/** Latencies counted by step. Pure, so that it is tested without a browser. */

/** Each twice the one before. */
export const STEPS_MS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];

/** How many took up to each step, the last: longer. */
export function latencyBins(latencies_ms: readonly number[]): number[] {
  const bins = new Array<number>(STEPS_MS.length + 1).fill(0);
  for (const ms of latencies_ms) {
    const at = STEPS_MS.findIndex((step_ms) => ms <= step_ms);
    bins[at < 0 ? STEPS_MS.length : at]!++;
  }
  return bins;
}

/** The `share`-th of them in order; undefined of none. */
export function quantileOf(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
