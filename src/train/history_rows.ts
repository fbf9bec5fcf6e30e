/** Rows that have enough vectors before them for a model that looks at several. */

import type { Dataset, RowRange } from "./dataset.ts";

/**
 * Rows of the range whose last `sequence_length` vectors follow each other without a gap. The older ones may
 * lie before the range: they are inputs, known by then.
 */
export function rowsWithHistory(dataset: Dataset, range: RowRange, sequence_length: number): Uint32Array {
  const rows = new Uint32Array(range.to - range.from);
  const reach = sequence_length - 1;
  const reach_s = reach * cadenceOf(dataset);
  let count = 0;
  for (let row = range.from; row < range.to; row++) {
    const first = row - reach;
    if (first >= 0 && dataset.ts_sec[row]! - dataset.ts_sec[first]! === reach_s) rows[count++] = row;
  }
  return rows.subarray(0, count);
}

/** Seconds from one vector of the set to the next: the smallest distance between two rows. */
export function cadenceOf({ ts_sec }: Dataset): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let row = 1; row < ts_sec.length; row++)
    smallest = Math.min(smallest, ts_sec[row]! - ts_sec[row - 1]!);
  return Number.isFinite(smallest) ? smallest : 1;
}
