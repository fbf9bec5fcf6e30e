/**
 * How good forecasts are, always against forecasting no move at all. Each figure is a sum over rows divided
 * by another, so that the bootstrap can recompute it from sums of blocks.
 */

import { assert } from "../../base/errors.ts";
import { ratios, type Sums, variance } from "../../judge/statistics/ratios.ts";
import type { Score } from "../../model/bundle/manifest.ts";
import { held, type Numbers, pieces } from "../data/numbers.ts";

export type Metrics = Omit<Score, "model" | "intervals">;

/**
 * @param y outcomes, log-return.
 * @param forecasts of the same rows, log-return.
 * @param terms of both, where they are at hand.
 */
export function measure(y: Numbers, forecasts: Numbers, terms = termsOf(y, forecasts)): Metrics {
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
    ic_spearman: orNull(rankCorrelation(y, forecasts)),
    hit_rate: orNull(ratios.hit_rate(sums, rows)),
    rows_hit_rate: sums.counted,
    rows_zero_move: zeros(y),
    calibration_slope: orNull(ratios.calibration_slope(sums, rows)),
    dispersion: sd_y > 0 ? Math.sqrt(var_p) / sd_y : null,
  };
}

/** What rows add to the sums the figures are made of, one column each. */
export type Terms = Readonly<Record<keyof Sums, Float64Array>>;

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
export function termsOf(y: Numbers, forecasts: Numbers, cell_rows = 1): Terms {
  const columns = Object.entries(TERMS).map(([name, term]) => [name, cellsOf(y, forecasts, cell_rows, term)]);
  return Object.fromEntries(columns);
}

/** One term per row, of its outcome and its forecast, added up over cells. */
export function cellsOf(
  y: Numbers,
  forecasts: Numbers,
  cell_rows: number,
  term: (y: number, forecast: number) => number,
): Float64Array {
  const cells = new Float64Array(Math.ceil(y.length / cell_rows));
  for (const { from, to } of pieces({ from: 0, to: y.length })) {
    const [outcomes, values] = [held(y, from, to), held(forecasts, from, to)];
    for (let row = from; row < to; row++) {
      cells[Math.floor(row / cell_rows)]! += term(outcomes[row - from]!, values[row - from]!);
    }
  }
  return cells;
}

function zeros(y: Numbers): number {
  let count = 0;
  for (const { from, to } of pieces({ from: 0, to: y.length })) {
    for (const value of held(y, from, to)) if (value === 0) count++;
  }
  return count;
}

function totals(terms: Terms): Sums {
  const sum = (column: Float64Array): number => column.reduce((total, value) => total + value, 0);
  return Object.fromEntries(
    Object.entries(terms).map(([name, column]) => [name, sum(column)]),
  ) as unknown as Sums;
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Spearman's: Pearson's correlation of the ranks. Those of a sample always have their middle for a mean. */
function rankCorrelation(y: Numbers, forecasts: Numbers): number {
  const [ranks_y, ranks_p] = [new Ranks(y), new Ranks(forecasts)];
  const mean = (y.length + 1) / 2;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (const { from, to } of pieces({ from: 0, to: y.length })) {
    const [outcomes, values] = [held(y, from, to), held(forecasts, from, to)];
    for (let at = 0; at < to - from; at++) {
      const da = ranks_y.of(outcomes[at]!) - mean;
      const db = ranks_p.of(values[at]!) - mean;
      ab += da * db;
      aa += da * da;
      bb += db * db;
    }
  }
  return ab / Math.sqrt(aa * bb);
}

/** Ranks from 1; equal values share their mean rank. Found in the sorted values: no order of rows is held. */
export class Ranks {
  readonly #sorted: Float64Array;

  constructor(values: Numbers) {
    this.#sorted = new Float64Array(values.length);
    for (const { from, to } of pieces({ from: 0, to: values.length })) {
      this.#sorted.set(held(values, from, to), from);
    }
    this.#sorted.sort();
  }

  /** @param value one of them. */
  of(value: number): number {
    const before = this.#count((other) => other < value);
    const through = this.#count((other) => other <= value);
    return (before + 1 + through) / 2;
  }

  /** How many of the sorted values are so; those that are come first. */
  #count(is: (value: number) => boolean): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (is(this.#sorted[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
