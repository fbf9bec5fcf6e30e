/**
 * The figures people ask for first. Every one is shown beside what forecasting no move gives on the same
 * rows, without which an error of three dollars says nothing.
 */

import { measure } from "../../judge/metrics.ts";
import { ascending, cut, meanOf, pick, type TestRows } from "./test_rows.ts";

export interface PriceErrors {
  /** Log-return. */
  readonly mae: number;
  readonly rmse: number;
  /** Mean of |forecast price − price| ÷ price, a share. */
  readonly mape: number;
  /** Mean and root mean square of |forecast price − price|, quote units. */
  readonly price_mae: number;
  readonly price_rmse: number;
}

/** A third of the rows, by how wide the interval was when the forecast was made. */
export interface ConfidenceThird {
  readonly rows: number;
  readonly mae: number;
  readonly mae_no_move: number;
  readonly hit_rate: number | null;
}

export interface PlanFigures {
  readonly model: PriceErrors;
  readonly no_move: PriceErrors;
  readonly directional_accuracy: number | null;
  readonly correlation: number | null;
  /** Among the tenth of rows with the largest forecasts. */
  readonly hit_rate_top_tenth: number | null;
  readonly rows_top_tenth: number;
  readonly confidence: Readonly<Record<"high" | "medium" | "low", ConfidenceThird>>;
}

/** @param half_width of the interval of each row, log-return: the narrower, the more confident. */
export function planFigures(rows: TestRows, half_width: Float64Array): PlanFigures {
  const { y, p } = rows;
  const { hit_rate, ic_pearson } = measure(y, p);
  const top = cut(ascending(p.map(Math.abs)), 10).at(-1)!;
  const [high, medium, low] = cut(ascending(half_width), 3).map((third) => confidenceThird(rows, third));
  return {
    model: priceErrors(rows, p),
    no_move: priceErrors(rows, new Float64Array(p.length)),
    directional_accuracy: hit_rate,
    correlation: ic_pearson,
    hit_rate_top_tenth: measured(rows, top).hit_rate,
    rows_top_tenth: top.length,
    confidence: { high: high!, medium: medium!, low: low! },
  };
}

function priceErrors({ y, price }: TestRows, p: Float64Array): PriceErrors {
  const errors = y.map((outcome, row) => outcome - p[row]!);
  // price_then·(exp(p − y) − 1) = price·(exp(p) − exp(y)).
  const price_errors = y.map((outcome, row) => price[row]! * (Math.exp(p[row]!) - Math.exp(outcome)));
  const square = (values: Float64Array): number => Math.sqrt(meanOf(values, (value) => value * value));
  return {
    mae: meanOf(errors, Math.abs),
    rmse: square(errors),
    mape: meanOf(errors, (error) => Math.abs(Math.exp(-error) - 1)),
    price_mae: meanOf(price_errors, Math.abs),
    price_rmse: square(price_errors),
  };
}

function confidenceThird(rows: TestRows, third: Uint32Array): ConfidenceThird {
  const { mae, hit_rate } = measured(rows, third);
  return { rows: third.length, mae, mae_no_move: meanOf(third, (row) => Math.abs(rows.y[row]!)), hit_rate };
}

const measured = ({ y, p }: TestRows, chosen: Uint32Array) => measure(pick(y, chosen), pick(p, chosen));
