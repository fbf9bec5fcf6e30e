/** Rows that have enough vectors before them for a model that looks at several. */

import type { Dataset } from "./dataset.ts";
import { held, pieces } from "./numbers.ts";
import type { RowRange } from "./row_range.ts";

/**
 * Rows of the range whose last `sequence_length` vectors follow each other without a gap. The older ones may
 * be before the range: they are inputs, known by then.
 */
export function rowsWithHistory(dataset: Dataset, range: RowRange, sequence_length: number): Uint32Array {
  const rows = new Uint32Array(range.to - range.from);
  const reach = sequence_length - 1;
  if (reach === 0) return rows.map((_, index) => range.from + index);
  const reach_s = reach * dataset.cadence_s;
  let count = 0;
  for (const { from, to } of pieces(range)) {
    const begin = Math.max(0, from - reach);
    const ts_sec = held(dataset.ts_sec, begin, to);
    for (let row = Math.max(from, reach); row < to; row++) {
      if (ts_sec[row - begin]! - ts_sec[row - reach - begin]! === reach_s) rows[count++] = row;
    }
  }
  return rows.subarray(0, count);
}
