/**
 * Ridge regression of the label on standardised features: w = (ZᵀWZ + λ·ΣW·I)⁻¹ ZᵀWy, by the normal equations; W is 1
 * for every row unless older ones weigh less.
 * y is divided by its own root mean square on the training rows, so λ means the same on every market.
 *
 * There is no intercept: a mean ten-second return is a bet on drift, and a training set cannot tell it from
 * zero. λ is chosen on the last quarter of the training rows, apart by the same purge and embargo as the test;
 * its grid ends where the forecast is all but zero, so "there is nothing here" can win. Where that quarter is
 * too short to choose by, λ is the one that expects a signal of the published size and no more.
 */

import type { Dataset } from "../data/dataset.ts";
import { held, pieces } from "../data/numbers.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import { type RowWeights, rowWeights } from "../data/row_weights.ts";
import { fitScaler, type Scaler, standardise, targetScale } from "../data/scaler.ts";
import { findSplit, type SplitOptions } from "../data/split.ts";
import { solveCholesky } from "./cholesky.ts";
import type { Forecaster } from "./forecaster.ts";
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
  /** How older rows weigh less; empty where they do not. */
  readonly weighting: RowWeights["parameters"];
}

export interface RidgeOptions {
  /** The older a row, the less it weighs, by half in so many seconds; undefined: all alike. */
  readonly half_life_s?: number | undefined;
}

export type RidgeSplitOptions = Pick<SplitOptions, "horizon_s" | "look_back_s" | "purge_s" | "embargo_s">;

/** Fits on `train`, choosing λ inside it. */
export function fitRidge(
  dataset: Dataset,
  train: RowRange,
  options: RidgeSplitOptions & RidgeOptions,
): RidgeModel {
  const inner = findSplit(dataset.ts_sec, train, { ...options, train_share: 1 - VALIDATION_SHARE });
  return fitRidgeBy(dataset, train, inner && { train: inner.train, validation: inner.test }, options);
}

/** Fits on `all`, choosing λ by the split inside it. */
export function fitRidgeBy(
  dataset: Dataset,
  all: RowRange,
  inner: FitSplit | undefined,
  { half_life_s }: RidgeOptions = {},
): RidgeModel {
  if (!inner || rowsOf(inner.validation) < VALIDATION_ROWS_MIN) {
    const lambda = priorLambda(dataset, rowWeights(dataset, all, half_life_s));
    return { ...fitRidgeAt(dataset, all, lambda, { half_life_s }), lambda_from: "prior" };
  }
  const lambda = chooseLambda(dataset, inner, half_life_s);
  return { ...fitRidgeAt(dataset, all, lambda, { half_life_s }), lambda_from: "validation" };
}

/** @throws ForetickError TRAIN_DATA where every label is zero. */
export function fitRidgeAt(
  dataset: Dataset,
  train: RowRange,
  lambda: number,
  { half_life_s }: RidgeOptions = {},
): RidgeModel {
  const scaler = fitScaler(dataset, train);
  const target_scale = targetScale(dataset, train);
  const row_weights = rowWeights(dataset, train, half_life_s);
  const moments = momentsOf(dataset, train, scaler, target_scale, row_weights);
  const weights = solveRidge(moments, lambda);
  const forecast = (data: Dataset, range: RowRange): Float64Array =>
    forecastLinear(data, range, scaler, weights, target_scale);
  const weighting = row_weights.parameters;
  return { name: "ridge", scaler, weights, target_scale, lambda, lambda_from: "caller", weighting, forecast };
}

// Ridge is the Bayes estimate for weights of variance R² ÷ columns against noise of variance 1, of which
// `horizon` overlapping labels hold one independent draw.
function priorLambda({ names, horizon_s, cadence_s }: Dataset, { effective_rows }: RowWeights): number {
  return (names.length * horizon_s) / (R2_PUBLISHED * effective_rows * cadence_s);
}

function chooseLambda(
  dataset: Dataset,
  { train: fit, validation }: FitSplit,
  half_life_s: number | undefined,
): number {
  const scaler = fitScaler(dataset, fit);
  const target_scale = targetScale(dataset, fit);
  const inner = momentsOf(dataset, fit, scaler, target_scale, rowWeights(dataset, fit, half_life_s));
  // What a model is worth on later rows: those count alike.
  const alike = rowWeights(dataset, validation, undefined);
  const outer = momentsOf(dataset, validation, scaler, target_scale, alike);
  let best = { lambda: LAMBDAS[0]!, loss: Number.POSITIVE_INFINITY };
  for (const lambda of LAMBDAS) {
    const loss = squaredError(outer, solveRidge(inner, lambda));
    // Of equals the larger λ: the simpler model.
    if (loss <= best.loss) best = { lambda, loss };
  }
  return best.lambda;
}

/** ZᵀWZ, ZᵀWy and yᵀWy: all a linear fit or its squared error needs of the rows. */
interface Moments {
  /** Sum of the rows' weights. */
  readonly weight: number;
  readonly zz: Float64Array;
  readonly zy: Float64Array;
  readonly yy: number;
}

function momentsOf(
  dataset: Dataset,
  range: RowRange,
  scaler: Scaler,
  target_scale: number,
  weights: RowWeights,
): Moments {
  const columns = dataset.names.length;
  const zz = new Float64Array(columns * columns);
  const zy = new Float64Array(columns);
  const z = new Float64Array(columns);
  let yy = 0;
  for (const { from, to } of pieces(range)) {
    const values = held(dataset.values, from * columns, to * columns);
    const labels = held(dataset.y, from, to);
    const times = held(dataset.ts_sec, from, to);
    for (let at = 0; at < to - from; at++) {
      standardise(values, at * columns, scaler, z);
      const weight = weights.of(times[at]!);
      const y = labels[at]! / target_scale;
      yy += weight * y * y;
      for (let i = 0; i < columns; i++) {
        const zi = weight * z[i]!;
        zy[i]! += zi * y;
        for (let j = 0; j <= i; j++) zz[i * columns + j]! += zi * z[j]!;
      }
    }
  }
  return { weight: weights.sum, zz, zy, yy };
}

function solveRidge(moments: Moments, lambda: number): Float64Array {
  const columns = moments.zy.length;
  const a = new Float64Array(moments.zz);
  for (let i = 0; i < columns; i++) a[i * columns + i]! += lambda * moments.weight;
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

function forecastLinear(
  dataset: Dataset,
  range: RowRange,
  scaler: Scaler,
  weights: Float64Array,
  target_scale: number,
): Float64Array {
  const z = new Float64Array(weights.length);
  const forecasts = new Float64Array(rowsOf(range));
  const columns = weights.length;
  for (const { from, to } of pieces(range)) {
    const values = held(dataset.values, from * columns, to * columns);
    for (let row = from; row < to; row++) {
      standardise(values, (row - from) * columns, scaler, z);
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += z[j]! * weights[j]!;
      forecasts[row - range.from] = sum * target_scale;
    }
  }
  return forecasts;
}
