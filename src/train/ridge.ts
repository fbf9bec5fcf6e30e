/**
 * Ridge regression of the label on standardised features: w = (ZᵀZ + λ·n·I)⁻¹ Zᵀy, by the normal equations.
 * y is divided by its own root mean square on the training rows, so λ means the same on every market.
 *
 * There is no intercept: a mean ten-second return is a bet on drift, and a training set cannot tell it from
 * zero. λ is chosen on the last quarter of the training rows, apart by the same purge and embargo as the test;
 * its grid ends where the forecast is all but zero, so "there is nothing here" can win. Where that quarter is
 * too short to choose by, λ is the one that expects a signal of the published size and no more.
 */

import { fail } from "../base/errors.ts";
import { solveCholesky } from "./cholesky.ts";
import { type Dataset, type RowRange, rowsOf } from "./dataset.ts";
import type { Forecaster } from "./forecaster.ts";
import { fitScaler, type Scaler, standardise } from "./scaler.ts";
import { findSplit, type SplitOptions } from "./split.ts";
import type { FitSplit } from "./trainable.ts";

/** λ relative to the number of rows. */
const LAMBDAS: readonly number[] = [1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10, 30, 100, 1000];
const VALIDATION_SHARE = 0.25;
/** Fewer validation rows than this (a minute's worth of independent labels) choose by chance. */
const VALIDATION_ROWS_MIN = 600;
/** R² of the next ten seconds in the largest published study (3.9 million rows). */
const R2_PUBLISHED = 0.002;

export interface RidgeModel extends Forecaster {
  readonly scaler: Scaler;
  readonly weights: Float64Array;
  /** Multiplies the standardised forecast: root mean square of the training labels (log-return). */
  readonly target_scale: number;
  readonly lambda: number;
  readonly lambda_from: "validation" | "prior" | "caller";
}

export type RidgeSplitOptions = Pick<SplitOptions, "horizon_s" | "look_back_s" | "purge_s" | "embargo_s">;

/** Fits on `train`, choosing λ inside it. */
export function fitRidge(dataset: Dataset, train: RowRange, options: RidgeSplitOptions): RidgeModel {
  const inner = findSplit(dataset.ts_sec, train, { ...options, train_share: 1 - VALIDATION_SHARE });
  return fitRidgeBy(dataset, train, inner && { train: inner.train, validation: inner.test });
}

/** Fits on `all`, choosing λ by the split inside it. */
export function fitRidgeBy(dataset: Dataset, all: RowRange, inner: FitSplit | undefined): RidgeModel {
  if (!inner || rowsOf(inner.validation) < VALIDATION_ROWS_MIN) {
    return { ...fitRidgeAt(dataset, all, priorLambda(dataset, all)), lambda_from: "prior" };
  }
  const lambda = chooseLambda(dataset, inner);
  return { ...fitRidgeAt(dataset, all, lambda), lambda_from: "validation" };
}

/** @throws ForetickError TRAIN_DATA where every label is zero. */
export function fitRidgeAt(dataset: Dataset, train: RowRange, lambda: number): RidgeModel {
  const scaler = fitScaler(dataset, train);
  const target_scale = rootMeanSquare(dataset.y, train);
  const moments = momentsOf(dataset, train, scaler, target_scale);
  const weights = solveRidge(moments, lambda);
  const forecast = (data: Dataset, range: RowRange): Float64Array =>
    forecastLinear(data, range, scaler, weights, target_scale);
  return { name: "ridge", scaler, weights, target_scale, lambda, lambda_from: "caller", forecast };
}

// Ridge is the Bayes estimate for weights of variance R² ÷ columns against noise of variance 1, of which
// `horizon` overlapping labels hold one independent draw.
function priorLambda(dataset: Dataset, train: RowRange): number {
  return (dataset.names.length * dataset.horizon_s) / (R2_PUBLISHED * rowsOf(train));
}

function chooseLambda(dataset: Dataset, { train: fit, validation }: FitSplit): number {
  const scaler = fitScaler(dataset, fit);
  const target_scale = rootMeanSquare(dataset.y, fit);
  const inner = momentsOf(dataset, fit, scaler, target_scale);
  const outer = momentsOf(dataset, validation, scaler, target_scale);
  let best = { lambda: LAMBDAS[0]!, loss: Number.POSITIVE_INFINITY };
  for (const lambda of LAMBDAS) {
    const loss = squaredError(outer, solveRidge(inner, lambda));
    // Of equals the larger λ: the simpler model.
    if (loss <= best.loss) best = { lambda, loss };
  }
  return best.lambda;
}

/** ZᵀZ, Zᵀy and yᵀy: all a linear fit or its squared error needs of the rows. */
interface Moments {
  readonly rows: number;
  readonly zz: Float64Array;
  readonly zy: Float64Array;
  readonly yy: number;
}

function momentsOf(dataset: Dataset, range: RowRange, scaler: Scaler, target_scale: number): Moments {
  const columns = dataset.names.length;
  const zz = new Float64Array(columns * columns);
  const zy = new Float64Array(columns);
  const z = new Float64Array(columns);
  let yy = 0;
  for (let row = range.from; row < range.to; row++) {
    standardise(dataset, row, scaler, z);
    const y = dataset.y[row]! / target_scale;
    yy += y * y;
    for (let i = 0; i < columns; i++) {
      const zi = z[i]!;
      zy[i]! += zi * y;
      for (let j = 0; j <= i; j++) zz[i * columns + j]! += zi * z[j]!;
    }
  }
  return { rows: rowsOf(range), zz, zy, yy };
}

function solveRidge(moments: Moments, lambda: number): Float64Array {
  const columns = moments.zy.length;
  const a = new Float64Array(moments.zz);
  for (let i = 0; i < columns; i++) a[i * columns + i]! += lambda * moments.rows;
  return solveCholesky(a, moments.zy);
}

// Σ(y − z·w)² = yᵀy − 2·wᵀZᵀy + wᵀZᵀZw, from the lower triangle.
function squaredError(moments: Moments, weights: Float64Array): number {
  const columns = weights.length;
  let error = moments.yy;
  for (let i = 0; i < columns; i++) {
    const wi = weights[i]!;
    error += wi * (moments.zz[i * columns + i]! * wi - 2 * moments.zy[i]!);
    for (let j = 0; j < i; j++) error += 2 * wi * weights[j]! * moments.zz[i * columns + j]!;
  }
  return error;
}

function rootMeanSquare(y: Float64Array, range: RowRange): number {
  let sum = 0;
  for (let row = range.from; row < range.to; row++) sum += y[row]! ** 2;
  if (sum > 0) return Math.sqrt(sum / rowsOf(range));
  return fail("TRAIN_DATA", "expected a price that moves, every label of the training rows is 0");
}

function forecastLinear(
  dataset: Dataset,
  range: RowRange,
  scaler: Scaler,
  weights: Float64Array,
  target_scale: number,
): Float64Array {
  const z = new Float64Array(weights.length);
  const forecasts = new Float64Array(rowsOf(range));
  for (let row = range.from; row < range.to; row++) {
    standardise(dataset, row, scaler, z);
    let sum = 0;
    for (let j = 0; j < weights.length; j++) sum += z[j]! * weights[j]!;
    forecasts[row - range.from] = sum * target_scale;
  }
  return forecasts;
}
