/**
 * How good forecasts are, always against forecasting no move at all. Each figure is a sum over rows divided
 * by another, so that the bootstrap can recompute it from sums of blocks.
 */

import { assert } from "../base/errors.ts";
import type { Score } from "../model/manifest.ts";

export type Metrics = Omit<Score, "model" | "intervals">;

/**
 * @param y outcomes, log-return.
 * @param forecasts of the same rows, log-return.
 * @param terms of both, where they are at hand.
 */
export function measure(y: Float64Array, forecasts: Float64Array, terms = termsOf(y, forecasts)): Metrics {
  assert(y.length === forecasts.length, `expected ${y.length} forecasts, was ${forecasts.length}`);
  const sums = totals(terms);
  const rows = y.length;
  const sd_y = Math.sqrt(sums.yy / rows - (sums.y / rows) ** 2);
  const var_p = variance(sums.pp, sums.p, rows);
  return {
    rows,
    r2: ratios.r2(sums, rows),
    mae_cut: ratios.mae_cut(sums, rows),
    mae: sums.abs_error / rows,
    rmse: Math.sqrt(sums.error2 / rows),
    ic_pearson: orNull(ratios.ic_pearson(sums, rows)),
    ic_spearman: orNull(correlation(ranks(y), ranks(forecasts))),
    hit_rate: orNull(ratios.hit_rate(sums, rows)),
    rows_hit_rate: sums.counted,
    rows_zero_move: y.reduce((count, value) => count + (value === 0 ? 1 : 0), 0),
    calibration_slope: orNull(ratios.calibration_slope(sums, rows)),
    dispersion: sd_y > 0 ? Math.sqrt(var_p) / sd_y : null,
  };
}

/** What rows add to the sums the figures are made of. */
export interface Terms<Column = Float64Array> {
  readonly error2: Column;
  readonly abs_error: Column;
  readonly abs_y: Column;
  readonly y: Column;
  readonly yy: Column;
  readonly p: Column;
  readonly pp: Column;
  readonly py: Column;
  /** 1 where the sign was right; `counted` where neither move nor forecast is exactly 0. */
  readonly hit: Column;
  readonly counted: Column;
}

export type Sums = Terms<number>;

const TERMS: Readonly<Record<keyof Terms, (y: number, p: number) => number>> = {
  error2: (y, p) => (y - p) ** 2,
  abs_error: (y, p) => Math.abs(y - p),
  abs_y: (y) => Math.abs(y),
  y: (y) => y,
  yy: (y) => y * y,
  p: (_, p) => p,
  pp: (_, p) => p * p,
  py: (y, p) => y * p,
  hit: (y, p) => (y * p !== 0 && y > 0 === p > 0 ? 1 : 0),
  counted: (y, p) => (y !== 0 && p !== 0 ? 1 : 0),
};

/** @param cell_rows rows whose terms are added up to one; the last cell may hold fewer. */
export function termsOf(y: Float64Array, forecasts: Float64Array, cell_rows = 1): Terms {
  const columns = Object.entries(TERMS).map(([name, term]) => [
    name,
    cellsOf(y.length, cell_rows, (row) => term(y[row]!, forecasts[row]!)),
  ]);
  return Object.fromEntries(columns);
}

/** One term a row, added up over cells. */
export function cellsOf(rows: number, cell_rows: number, term: (row: number) => number): Float64Array {
  const cells = new Float64Array(Math.ceil(rows / cell_rows));
  for (let row = 0; row < rows; row++) cells[Math.floor(row / cell_rows)]! += term(row);
  return cells;
}

export function totals(terms: Terms): Sums {
  const sum = (column: Float64Array): number => column.reduce((total, value) => total + value, 0);
  return Object.fromEntries(
    Object.entries(terms).map(([name, column]) => [name, sum(column)]),
  ) as unknown as Sums;
}

/** The figures that get an interval. */
export type RatioName = "r2" | "mae_cut" | "ic_pearson" | "hit_rate" | "calibration_slope";

/** Each from sums; NaN where undefined. */
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

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

// A constant's variance comes out as rounding dust; it is 0.
function variance(sum2: number, sum: number, rows: number): number {
  const mean2 = sum2 / rows;
  const value = mean2 - (sum / rows) ** 2;
  return value > 1e-12 * mean2 ? value : 0;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const rows = a.length;
  const mean_a = a.reduce((sum, value) => sum + value, 0) / rows;
  const mean_b = b.reduce((sum, value) => sum + value, 0) / rows;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let row = 0; row < rows; row++) {
    const da = a[row]! - mean_a;
    const db = b[row]! - mean_b;
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Ranks from 1; equal values share their mean rank. */
export function ranks(values: Float64Array): Float64Array {
  const order = new Uint32Array(values.length).map((_, row) => row).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let at = from; at < to; at++) result[order[at]!] = (from + 1 + to) / 2;
    from = to;
  }
  return result;
}
