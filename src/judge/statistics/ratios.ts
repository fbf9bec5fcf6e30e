/**
 * How good forecasts are, always against forecasting no move at all: each figure is a ratio of sums over rows, so
 * that it can be had of any set of rows whose sums are known. `p` is the forecast, `y` the outcome.
 */

export interface Sums {
  /** (y − p)². */
  readonly error2: number;
  readonly abs_error: number;
  readonly abs_y: number;
  readonly y: number;
  readonly yy: number;
  readonly p: number;
  readonly pp: number;
  readonly py: number;
  /** Rows whose sign was right, of the `counted`: those where neither move nor forecast is exactly 0. */
  readonly hit: number;
  readonly counted: number;
}

export type RatioName = "r2" | "mae_cut" | "ic_pearson" | "hit_rate" | "calibration_slope";

/** Each from sums; NaN or infinite where undefined. No figure has a unit. */
export const ratios: Readonly<Record<RatioName, (sums: Sums, rows: number) => number>> = {
  r2: (sums) => 1 - sums.error2 / sums.yy,
  mae_cut: (sums) => 1 - sums.abs_error / sums.abs_y,
  ic_pearson: (sums, rows) =>
    (sums.py / rows - (sums.p / rows) * (sums.y / rows)) /
    Math.sqrt(variance(sums.pp, sums.p, rows) * variance(sums.yy, sums.y, rows)),
  hit_rate: (sums) => sums.hit / sums.counted,
  calibration_slope: (sums, rows) =>
    (sums.py / rows - (sums.p / rows) * (sums.y / rows)) / variance(sums.pp, sums.p, rows),
};

/** A constant's variance comes out as rounding dust; it is 0. */
export function variance(sum2: number, sum: number, rows: number): number {
  const mean2 = sum2 / rows;
  const value = mean2 - (sum / rows) ** 2;
  return value > 1e-12 * mean2 ? value : 0;
}
