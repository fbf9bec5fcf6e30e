/** Is a forecast of one basis point followed by one, on average? Tenths of the rows by forecast. */

import { ascending, cut, meanOf, type TestRows } from "./test_rows.ts";

export interface CalibrationPoint {
  readonly rows: number;
  /** Means over the tenth, log-return. */
  readonly forecast: number;
  readonly outcome: number;
  /** Standard error of `outcome`, labels that overlap counted once: sd ÷ √(time ÷ horizon). */
  readonly standard_error: number;
}

const TENTHS = 10;

/** In rising order of the forecast; fewer than ten where there are not as many rows. */
export function calibrationPoints({ y, p, horizon_s, cadence_s }: TestRows): CalibrationPoint[] {
  return cut(ascending(p), TENTHS)
    .filter((rows) => rows.length > 0)
    .map((rows) => {
      const outcome = meanOf(rows, (row) => y[row]!);
      const variance = meanOf(rows, (row) => (y[row]! - outcome) ** 2);
      const independent = Math.max(1, (rows.length * cadence_s) / horizon_s);
      return {
        rows: rows.length,
        forecast: meanOf(rows, (row) => p[row]!),
        outcome,
        standard_error: Math.sqrt(variance / independent),
      };
    });
}
