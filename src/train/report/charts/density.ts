/** Forecast against outcome as counts on a grid: hundreds of thousands of points as a few hundred squares. */

import type { TestRows } from "../figures/test_rows.ts";

export interface Density {
  /** Largest |forecast| and |outcome| on the grid (log-return); beyond it rows count in the outermost cell. */
  readonly forecast_max: number;
  readonly outcome_max: number;
  /** Cells per side. */
  readonly cells: number;
  /** Rows of the grid from the lowest outcome up, each from the lowest forecast on. */
  readonly counts: readonly number[];
}

const CELLS = 36;
const SHOWN = 0.995;

export function densityOf({ y, p }: TestRows): Density {
  const forecast_max = sizeAt(p, SHOWN);
  const outcome_max = sizeAt(y, SHOWN);
  const counts = new Array<number>(CELLS * CELLS).fill(0);
  for (let row = 0; row < y.length; row++) {
    counts[cell(y[row]!, outcome_max) * CELLS + cell(p[row]!, forecast_max)]!++;
  }
  return { forecast_max, outcome_max, cells: CELLS, counts };
}

function cell(value: number, max: number): number {
  if (max === 0) return CELLS / 2;
  return Math.max(0, Math.min(CELLS - 1, Math.floor(((value / max + 1) / 2) * CELLS)));
}

function sizeAt(values: Float64Array, share: number): number {
  const sizes = values.map(Math.abs).sort();
  return sizes[Math.floor(share * (sizes.length - 1))] ?? 0;
}
