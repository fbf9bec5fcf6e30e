/** Stored forecasts as the columns of a chart. Pure, so that it is tested without a browser. */

import type { PredictionRowJson } from "../../messages/predictions.ts";

/** A value a row, null where it is not known or the line is to break. Times are seconds since 1970. */
export interface LongSeries {
  readonly at: readonly number[];
  readonly price: readonly (number | null)[];
  /** The interval given with the forecast made at that second: where the price was to be one horizon later. */
  readonly lower: readonly (number | null)[];
  readonly upper: readonly (number | null)[];
  /** Basis points. */
  readonly forecast: readonly (number | null)[];
  readonly came: readonly (number | null)[];
}

/** Points of a chart: as many as a screen can show apart, and few enough to fetch on a phone. */
const POINTS = 480;
const EVERY_S = [1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600];

/** How far apart the rows of a range are to be so that they are not more than a chart needs. */
export function everyFor(span_s: number): number {
  return EVERY_S.find((every_s) => span_s / every_s <= POINTS) ?? EVERY_S.at(-1)!;
}

/** @param rows oldest first, `every_s` apart. */
export function longSeries(rows: readonly PredictionRowJson[], every_s: number): LongSeries {
  const at: number[] = [];
  const [price, lower, upper, forecast, came]: (number | null)[][] = [[], [], [], [], []];
  const add = (ts_sec: number, values: readonly (number | null)[]): void => {
    at.push(ts_sec);
    for (const [i, column] of [price, lower, upper, forecast, came].entries())
      column!.push(values[i] ?? null);
  };
  let before: PredictionRowJson | undefined;
  for (const row of rows) {
    if (before && row.ts_sec - before.ts_sec > 2 * every_s) add(before.ts_sec + every_s, []);
    const { current_price, lower_price, upper_price, yhat_log_return, realized_log_return } = row;
    const realized = realized_log_return === null ? null : realized_log_return * 1e4;
    add(row.ts_sec, [current_price, lower_price, upper_price, yhat_log_return * 1e4, realized]);
    before = row;
  }
  return { at, price: price!, lower: lower!, upper: upper!, forecast: forecast!, came: came! };
}
