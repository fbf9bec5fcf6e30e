/** How forecasts err: the shape of outcome minus forecast, beside a normal one of the same spread. */

import { meanOf, type TestRows } from "./test_rows.ts";

export interface Residuals {
  /** Log-return. */
  readonly mean: number;
  readonly sd: number;
  readonly skewness: number;
  /** 3 for a normal distribution. */
  readonly kurtosis: number;
  /** Share of rows farther than 3 sd from the mean; 0.0027 for a normal distribution. */
  readonly beyond_3_sd: number;
  /** Counts of bins of equal width from −limit_sd to limit_sd; those beyond are in the outermost. */
  readonly limit_sd: number;
  readonly counts: readonly number[];
}

const BINS = 60;
const LIMIT_SD = 5;

export function residualsOf({ y, p }: TestRows): Residuals {
  const errors = y.map((outcome, row) => outcome - p[row]!);
  const mean = meanOf(errors, (error) => error);
  const sd = Math.sqrt(meanOf(errors, (error) => (error - mean) ** 2));
  const moment = (power: number): number =>
    sd > 0 ? meanOf(errors, (error) => ((error - mean) / sd) ** power) : 0;
  const counts = new Array<number>(BINS).fill(0);
  for (let row = 0; row < errors.length; row++) {
    const error = errors[row]!;
    const at = sd > 0 ? ((error - mean) / sd / LIMIT_SD + 1) / 2 : 0.5;
    counts[Math.max(0, Math.min(BINS - 1, Math.floor(at * BINS)))]!++;
  }
  return {
    mean,
    sd,
    skewness: moment(3),
    kurtosis: moment(4),
    beyond_3_sd: meanOf(errors, (error) => (Math.abs(error - mean) > 3 * sd ? 1 : 0)),
    limit_sd: LIMIT_SD,
    counts,
  };
}
