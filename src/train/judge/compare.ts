/**
 * Two models on the same rows. What differs between them is far less noisy than either by itself, for both err
 * alike where the market cannot be foreseen: differences are taken row by row, and the interval is of those.
 *
 * Diebold and Mariano (1995), "Comparing predictive accuracy", with the variance of Newey and West (1987):
 * labels overlap, so that the differences of neighbouring rows go together.
 */

import { seededRng } from "../../base/rng.ts";
import { normalTail } from "../../judge/statistics/normal.ts";
import { held, type Numbers, pieces } from "../data/numbers.ts";
import { type Blocks, intervalsOf } from "./bootstrap.ts";
import { cellsOf } from "./metrics.ts";

export interface Comparison {
  readonly model: string;
  readonly against: string;
  /** R² of `model` minus R² of `against`, both against zero: positive where `model` errs less. */
  readonly r2_gain: number;
  /** Its interval, by blocks drawn in pairs; null where the rows are too few. */
  readonly interval: readonly [number, number] | null;
  readonly diebold_mariano: {
    /** Standard normal where both are as good; positive where `model` errs less. null: they do not differ. */
    readonly statistic: number | null;
    /** Two-sided. */
    readonly p_value: number | null;
    /** Lags of the autocovariances taken in (rows). */
    readonly lags: number;
  };
}

export interface Forecasts {
  readonly name: string;
  /** Log-return, one per row. */
  readonly values: Numbers;
}

/** How differences are drawn. */
export interface Draws {
  readonly seed: number;
  readonly blocks: Blocks;
}

export function compare(y: Numbers, model: Forecasts, against: Forecasts, draws: Draws): Comparison {
  const { seed, blocks } = draws;
  const { cell_rows } = blocks;
  const better = differences(y, model.values, against.values);
  const terms = {
    better: cellsOf(better, better, cell_rows, (difference) => difference),
    yy: cellsOf(y, y, cell_rows, (outcome) => outcome ** 2),
  };
  const gain = (sums: { readonly better: number; readonly yy: number }): number => sums.better / sums.yy;
  const options = { rng: seededRng(seed), blocks };
  const { r2 } = intervalsOf(terms, y.length, { r2: gain }, options);
  return {
    model: model.name,
    against: against.name,
    r2_gain: gain({ better: sum(terms.better), yy: sum(terms.yy) }),
    interval: r2,
    diebold_mariano: dieboldMariano(better, blocks.block_rows),
  };
}

/** By how much the squared error of `model` is smaller, row by row. */
function differences(y: Numbers, model: Numbers, against: Numbers): Float64Array {
  const better = new Float64Array(y.length);
  for (const { from, to } of pieces({ from: 0, to: y.length })) {
    const [outcomes, own, other] = [held(y, from, to), held(model, from, to), held(against, from, to)];
    for (let at = 0; at < to - from; at++) {
      const outcome = outcomes[at]!;
      better[from + at] = (outcome - other[at]!) ** 2 - (outcome - own[at]!) ** 2;
    }
  }
  return better;
}

/** @param lags autocovariances past this one are taken for 0; those before count less the later they are. */
export function dieboldMariano(better: Float64Array, lags: number): Comparison["diebold_mariano"] {
  const rows = better.length;
  const mean = sum(better) / rows;
  const variance = longRunVariance(better, mean, lags);
  if (rows <= lags || !(variance > 0)) return { statistic: null, p_value: null, lags };
  const statistic = mean / Math.sqrt(variance / rows);
  return { statistic, p_value: 2 * normalTail(Math.abs(statistic)), lags };
}

// γ₀ + 2·Σ (1 − k/(lags+1))·γₖ: never negative.
function longRunVariance(values: Float64Array, mean: number, lags: number): number {
  let variance = 0;
  for (let lag = 0; lag <= Math.min(lags, values.length - 1); lag++) {
    let product = 0;
    for (let row = lag; row < values.length; row++)
      product += (values[row]! - mean) * (values[row - lag]! - mean);
    variance += (lag === 0 ? 1 : 2 * (1 - lag / (lags + 1))) * (product / values.length);
  }
  return variance;
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
