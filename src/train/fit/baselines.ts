/**
 * What any model has to beat, reported beside it every time: zero, the training mean, the last return carried
 * on, and one-variable order flow.
 */

import { columnOf, type Dataset } from "../data/dataset.ts";
import { held, pieces } from "../data/numbers.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import type { Forecaster } from "./forecaster.ts";

export function fitBaselines(dataset: Dataset, train: RowRange): Forecaster[] {
  return [zero, fitMean(dataset, train), lastReturn, ...fitOrderFlow(dataset, train)];
}

const zero: Forecaster = {
  name: "zero",
  forecast: (_, range) => new Float64Array(rowsOf(range)),
};

/** The mean label of the training rows, every second. */
function fitMean(dataset: Dataset, train: RowRange): Forecaster {
  let sum = 0;
  for (const { from, to } of pieces(train)) for (const y of held(dataset.y, from, to)) sum += y;
  const mean = sum / rowsOf(train);
  return { name: "mean", forecast: (_, range) => new Float64Array(rowsOf(range)).fill(mean) };
}

/** What the price did over the last horizon, it will do again; 0 where that is not known. */
const lastReturn: Forecaster = {
  name: "last return",
  forecast: ({ last_return }, { from, to }) =>
    Float64Array.from(held(last_return, from, to), (value) => (Number.isNaN(value) ? 0 : value)),
};

/**
 * Least squares through zero on the net taker volume of five seconds, buy_vol_5s − sell_vol_5s. Left out for a
 * set that has no such columns.
 */
function fitOrderFlow(dataset: Dataset, train: RowRange): Forecaster[] {
  if (!dataset.names.includes("buy_vol_5s") || !dataset.names.includes("sell_vol_5s")) return [];
  let xx = 0;
  let xy = 0;
  for (const piece of pieces(train)) {
    const y = held(dataset.y, piece.from, piece.to);
    for (const [index, x] of netVolume(dataset, piece).entries()) {
      xx += x * x;
      xy += x * y[index]!;
    }
  }
  const slope = xx > 0 ? xy / xx : 0;
  const forecast: Forecaster["forecast"] = (data, range) => netVolume(data, range).map((x) => slope * x);
  return [{ name: "order flow", forecast }];
}

function netVolume(dataset: Dataset, range: RowRange): Float64Array {
  const columns = dataset.names.length;
  const buy = columnOf(dataset, "buy_vol_5s");
  const sell = columnOf(dataset, "sell_vol_5s");
  const net = new Float64Array(rowsOf(range));
  for (const { from, to } of pieces(range)) {
    const values = held(dataset.values, from * columns, to * columns);
    for (let row = from, at = 0; row < to; row++, at += columns) {
      net[row - range.from] = values[at + buy]! - values[at + sell]!;
    }
  }
  return net;
}
