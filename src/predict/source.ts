/**
 * What a forecast was made from, and by what: the rungs of the ladder that a symbol's forecast comes down where
 * something is missing. `onnx` is the live vector through the native session; everything else says what stood in.
 */

import type { Fallback } from "../judge/confidence.ts";

export const SOURCES = [
  "onnx",
  /** The same bundle on the same vector, by the evaluator in TypeScript. */
  "fallback",
  /** The last good champion, on its own live vector. */
  "fallback_model",
  /** A model of another set, on its own live vector. */
  "fallback_set",
  /** The model, on a vector whose missing values are the last known ones. */
  "fallback_last_value",
  /** A model of chart indicators, on a vector put together from the exchange's REST ticker. */
  "fallback_ticker",
  /** No model: the line through the last minute's prices, drawn on. */
  "fallback_trend",
  /** No model: no move. */
  "fallback_zero",
] as const;
export type ForecastSource = (typeof SOURCES)[number];

/** Made from something else than a model's own live vector. */
export const APPROXIMATIONS = [
  "fallback_last_value",
  "fallback_ticker",
  "fallback_trend",
  "fallback_zero",
] as const satisfies readonly ForecastSource[];
export type Approximation = (typeof APPROXIMATIONS)[number];

/** Whose figures a forecast counts in: the model's own, or those of one kind of approximation. */
export const FIGURE_SOURCES = ["live", ...APPROXIMATIONS] as const;
export type FigureSource = (typeof FIGURE_SOURCES)[number];

export const isApproximation = (source: ForecastSource): source is Approximation =>
  (APPROXIMATIONS as readonly ForecastSource[]).includes(source);

/** As `figure_source` in SQL. */
export const figureSourceOf = (source: ForecastSource): FigureSource =>
  isApproximation(source) ? source : "live";

/** What each takes of a forecast's confidence; the evaluator takes its share beside another's. */
export const FALLBACKS_OF: Readonly<Record<ForecastSource, readonly Fallback[]>> = {
  onnx: [],
  fallback: ["other_evaluator"],
  fallback_model: [],
  fallback_set: ["other_set"],
  fallback_last_value: ["last_value"],
  fallback_ticker: ["rest_ticker"],
  fallback_trend: ["linear_trend"],
  fallback_zero: [],
};
