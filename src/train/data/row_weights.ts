/** How much a training row counts: alike, or by half for every half-life it is older than the newest one. */

import type { Dataset } from "./dataset.ts";
import { held, numberAt, pieces } from "./numbers.ts";
import type { RowRange } from "./row_range.ts";

export interface RowWeights {
  /** 1 for the newest row. @param ts_sec of the row. */
  of(ts_sec: number): number;
  readonly sum: number;
  /** Rows of equal weight that would say as much: (Σw)² ÷ Σw², Kish's effective sample size. */
  readonly effective_rows: number;
  /** What a manifest says of it; nothing where all count alike. */
  readonly parameters: Readonly<Record<string, number>>;
}

const DAY_S = 86_400;

/** @param half_life_s undefined: all rows count alike. */
export function rowWeights(dataset: Dataset, range: RowRange, half_life_s: number | undefined): RowWeights {
  const rows = range.to - range.from;
  if (half_life_s === undefined) return { of: () => 1, sum: rows, effective_rows: rows, parameters: {} };
  const newest_sec = numberAt(dataset.ts_sec, range.to - 1);
  const of = (ts_sec: number): number => 2 ** ((ts_sec - newest_sec) / half_life_s);
  let sum = 0;
  let squares = 0;
  for (const { from, to } of pieces(range)) {
    for (const ts_sec of held(dataset.ts_sec, from, to)) {
      const weight = of(ts_sec);
      sum += weight;
      squares += weight * weight;
    }
  }
  const effective_rows = (sum * sum) / squares;
  const parameters = { half_life_days: half_life_s / DAY_S, effective_rows: Math.round(effective_rows) };
  return { of, sum, effective_rows, parameters };
}
