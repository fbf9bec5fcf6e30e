/**
 * What the outcomes of a minute add to a model's figures. Sums of integers, so that order and grouping do not matter
 * and what is added can be taken back to the last digit: returns are rounded to 1e-8 (a ten-thousandth of a basis
 * point) and bounded at 5 %, which keeps every sum of a minute below 2^53. SQL gets the same by the same steps:
 *
 *   p = floor(least(greatest(yhat_log_return, -0.05), 0.05) * 1e8 + 0.5)::bigint, y from the outcome likewise,
 *   error = y - p, and sum(bigint) of what is below.
 *
 * Not round(): PostgreSQL takes halves to the even number, JavaScript upwards. A minute is floor(ts_sec / 60) of the
 * forecast, not of the outcome. Totals of windows stay exact up to 2^53, which at usual moves is a hundred days of
 * seconds; beyond it they are right to sixteen digits.
 */

import type { Sums } from "./statistics/ratios.ts";

/** A forecast, its outcome, and its interval where it had one; log-returns. */
export interface QualityRow {
  readonly yhat_log_return: number;
  readonly realized_log_return: number;
  readonly lower?: number | null | undefined;
  readonly upper?: number | null | undefined;
}

/** Returns in 1e-8, squares and products in 1e-16. Empty is all 0. */
export interface MinuteSums extends Sums {
  readonly n: number;
  /** Rows with an interval, how many outcomes of these were inside (ends included), and their widths (1e-8). */
  readonly intervals: number;
  readonly inside: number;
  readonly width: number;
}

/** Names and order of the sums: the columns of `quality_1m`. */
export const SUM_NAMES = [
  "n",
  "error2",
  "abs_error",
  "y",
  "yy",
  "abs_y",
  "p",
  "pp",
  "py",
  "hit",
  "counted",
  "intervals",
  "inside",
  "width",
] as const satisfies readonly (keyof MinuteSums)[];

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

export const emptySums = (): Mutable<MinuteSums> => ({
  n: 0,
  error2: 0,
  abs_error: 0,
  y: 0,
  yy: 0,
  abs_y: 0,
  p: 0,
  pp: 0,
  py: 0,
  hit: 0,
  counted: 0,
  intervals: 0,
  inside: 0,
  width: 0,
});

const RETURN_MAX = 0.05;

/** A log-return as an integer at 1e-8, within ±5,000,000. */
export const returnE8 = (value: number): number =>
  Math.floor(Math.min(Math.max(value, -RETURN_MAX), RETURN_MAX) * 1e8 + 0.5);

/** Adds a row in place. */
export function addRow(sums: MinuteSums, row: QualityRow): void {
  count(sums, row, 1);
}

/** Takes back a row that was added: its outcome became unknown, or another. */
export function removeRow(sums: MinuteSums, row: QualityRow): void {
  count(sums, row, -1);
}

function count(into: Mutable<MinuteSums>, row: QualityRow, times: 1 | -1): void {
  const p = returnE8(row.yhat_log_return);
  const y = returnE8(row.realized_log_return);
  const error = y - p;
  into.n += times;
  into.error2 += times * error * error;
  into.abs_error += times * Math.abs(error);
  into.y += times * y;
  into.yy += times * y * y;
  into.abs_y += times * Math.abs(y);
  into.p += times * p;
  into.pp += times * p * p;
  into.py += times * p * y;
  if (y !== 0 && p !== 0) {
    into.counted += times;
    if (y > 0 === p > 0) into.hit += times;
  }
  const { lower = null, upper = null } = row;
  if (lower === null || upper === null) return;
  into.intervals += times;
  // By the numbers as they are stored, not as they are rounded.
  if (lower <= row.realized_log_return && row.realized_log_return <= upper) into.inside += times;
  into.width += times * (returnE8(upper) - returnE8(lower));
}

/** Adds the sums of `other` in place. */
export function merge(into: Mutable<MinuteSums>, other: MinuteSums): void {
  for (const name of SUM_NAMES) into[name] += other[name];
}

export function totalOf(all: Iterable<MinuteSums>): MinuteSums {
  const total = emptySums();
  for (const sums of all) merge(total, sums);
  return total;
}
