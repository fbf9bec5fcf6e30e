/** What the report's figures are made of: the test rows of one model, one column per quantity. */

import { columnOf, type Dataset, rowsIn } from "../../data/dataset.ts";
import { held, heldDoubles, pieces } from "../../data/numbers.ts";
import { type RowRange, rowsOf } from "../../data/row_range.ts";

export interface TestRows {
  readonly horizon_s: number;
  /** Seconds from one row to the next. */
  readonly cadence_s: number;
  readonly ts_sec: Float64Array;
  /** Outcome and forecast, log-return. */
  readonly y: Float64Array;
  readonly p: Float64Array;
  /** The label's price, quote units. */
  readonly price: Float64Array;
  /** Outcome by the other label; NaN where it is not known. */
  readonly y_other: Float64Array;
  /** Ask minus bid, quote units; undefined for a set without it. */
  readonly spread: Float64Array | undefined;
  /** How much the price has moved lately, known at the row's time (log-return over the horizon, mean size). */
  readonly volatility: Float64Array;
}

/** @param p forecasts of the range. */
export function testRows(dataset: Dataset, range: RowRange, p: Float64Array): TestRows {
  const { from, to } = range;
  return {
    horizon_s: dataset.horizon_s,
    cadence_s: dataset.cadence_s,
    ts_sec: heldDoubles(dataset.ts_sec, from, to),
    y: heldDoubles(dataset.y, from, to),
    p,
    price: heldDoubles(dataset.price, from, to),
    y_other: heldDoubles(dataset.y_other, from, to),
    spread: dataset.names.includes("spread") ? columnValues(dataset, range, "spread") : undefined,
    volatility: recentVolatility(dataset, range),
  };
}

function columnValues(dataset: Dataset, range: RowRange, name: string): Float64Array {
  const column = columnOf(dataset, name);
  const columns = dataset.names.length;
  const result = new Float64Array(rowsOf(range));
  for (const { from, to } of pieces(range)) {
    const values = held(dataset.values, from * columns, to * columns);
    for (let row = from; row < to; row++) {
      result[row - range.from] = values[(row - from) * columns + column]!;
    }
  }
  return result;
}

const HALF_LIFE_S = 60;
/** Time before the range that the average begins with (s). */
const RUN_UP_S = 600;

/**
 * Exponentially weighted mean of the size of the last horizon's return, half-life a minute. The last return of a
 * row is over by then, so nothing of the future is in it.
 */
function recentVolatility(dataset: Dataset, { from, to }: RowRange): Float64Array {
  const half_life = rowsIn(dataset, HALF_LIFE_S);
  const keep = 0.5 ** (1 / half_life);
  const begin = Math.max(0, from - rowsIn(dataset, RUN_UP_S));
  const last_return = heldDoubles(dataset.last_return, begin, to);
  const first = Math.min(to, begin + half_life) - begin;
  let level = firstLevel(last_return.subarray(0, first), heldDoubles(dataset.y, begin, begin + first));
  const volatility = new Float64Array(to - from);
  for (let row = begin; row < to; row++) {
    const size = Math.abs(last_return[row - begin]!);
    if (!Number.isNaN(size)) level = keep * level + (1 - keep) * size;
    if (row >= from) volatility[row - from] = level;
  }
  return volatility;
}

// The first minute's mean, so that the average does not have to climb from nothing.
function firstLevel(last_return: Float64Array, y: Float64Array): number {
  const known = last_return.filter(Number.isFinite);
  const values = known.length > 0 ? known : y;
  const level = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
  return level > 0 ? level : Number.MIN_VALUE;
}

/** Row numbers in rising order of `values`. */
export const ascending = (values: Float64Array): Uint32Array =>
  new Uint32Array(values.length).map((_, row) => row).sort((a, b) => values[a]! - values[b]! || a - b);

/** `order` cut into `parts` of equal size, the last ones one longer where it does not divide. */
export function cut(order: Uint32Array, parts: number): Uint32Array[] {
  const at = (part: number): number => Math.floor((part * order.length) / parts);
  return Array.from({ length: parts }, (_, part) => order.subarray(at(part), at(part + 1)));
}

/** The values of some rows. */
export function pick(values: Float64Array, rows: Uint32Array): Float64Array {
  const picked = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at++) picked[at] = values[rows[at]!]!;
  return picked;
}

/** Mean of `of` over values or row numbers. Counted loops here: iterators allocate, and a month has millions of rows. */
export function meanOf(values: ArrayLike<number>, of: (value: number) => number): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += of(values[at]!);
  return sum / values.length;
}

/** The same over the rows 0 … rows − 1. */
export function meanOver(rows: number, of: (row: number) => number): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += of(row);
  return sum / rows;
}
