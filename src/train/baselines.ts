/**
 * What any model has to beat, reported beside it every time: zero, the training mean, the last return carried
 * on, and one-variable order flow.
 */

import { columnOf, type Dataset, type RowRange, rowsOf } from "./dataset.ts";
import type { Forecaster } from "./forecaster.ts";

export function fitBaselines(dataset: Dataset, train: RowRange): Forecaster[] {
  return [zero, fitMean(dataset, train), lastReturn, ...fitOrderFlow(dataset, train)];
}

export const zero: Forecaster = {
  name: "zero",
  forecast: (_, range) => new Float64Array(rowsOf(range)),
};

/** The mean label of the training rows, every second. */
export function fitMean(dataset: Dataset, train: RowRange): Forecaster {
  let sum = 0;
  for (let row = train.from; row < train.to; row++) sum += dataset.y[row]!;
  const mean = sum / rowsOf(train);
  return { name: "mean", forecast: (_, range) => new Float64Array(rowsOf(range)).fill(mean) };
}

/** What the price did over the last horizon, it will do again; 0 where that is not known. */
export const lastReturn: Forecaster = {
  name: "last return",
  forecast: (dataset, range) =>
    dataset.last_return.slice(range.from, range.to).map((value) => (Number.isNaN(value) ? 0 : value)),
};

/**
 * Least squares through zero on the net taker volume of five seconds, buy_vol_5s − sell_vol_5s. Left out for a
 * set that has no such columns.
 */
export function fitOrderFlow(dataset: Dataset, train: RowRange): Forecaster[] {
  if (!dataset.names.includes("buy_vol_5s") || !dataset.names.includes("sell_vol_5s")) return [];
  let xx = 0;
  let xy = 0;
  const flow = netVolume(dataset, train);
  for (const [index, x] of flow.entries()) {
    xx += x * x;
    xy += x * dataset.y[train.from + index]!;
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
  for (let row = range.from; row < range.to; row++) {
    net[row - range.from] = dataset.values[row * columns + buy]! - dataset.values[row * columns + sell]!;
  }
  return net;
}
