/**
 * The JSON of a prediction: one spelling for REST, WebSocket and the page, which imports these types.
 * Built field by field, so that what is internal to a record never leaks into an answer.
 */

import { z } from "zod";
import { LABELS } from "../../features/label.ts";
import { ROLES } from "../../model/role.ts";
import {
  type JoinedPrediction,
  type Outcome,
  type Prediction,
  type Realized,
  realizedOf,
} from "../../predict/prediction.ts";
import type { Series } from "../../predict/series.ts";
import { SOURCES } from "../../predict/source.ts";
import { instant, whole } from "../describe/answers.ts";

const number = z.number();
const nullable = number.nullable();

/** Which forecasts these are: one model in one role, looking one horizon ahead. */
const seriesShape = {
  model_version: z.string(),
  role: z.enum(ROLES),
  horizon_s: whole,
};
const seriesSchema = z.strictObject(seriesShape).meta({ id: "Series" });
export type SeriesJson = z.output<typeof seriesSchema>;

const predictionShape = {
  symbol: z.string(),
  ts_sec: whole.meta({ description: "As of this instant by the exchange's clock (s)." }),
  ...seriesShape,
  label: z
    .enum(LABELS)
    .meta({ description: 'What price the forecast is of: "mid", or "last", the last trade\'s.' }),
  yhat_log_return: number.meta({ description: "Forecast of ln(price(ts_sec + horizon_s) ÷ price(ts_sec))." }),
  current_price: number,
  predicted_price: number,
  feature_set: z.string(),
  set_hash: z.string(),
  source: z.enum(SOURCES).meta({
    description:
      "What it was made from, and by what: the live vector by the native session (onnx) or the evaluator in TypeScript (fallback), another model (fallback_model, fallback_set), or an approximation, which counts in no model's figures.",
  }),
  features_age_ms: number,
  latency_ms: number,
  warm: z.boolean(),
  emitted_at_us: whole,
  served: z.boolean().meta({
    description:
      "Given as the symbol's forecast: the champion's, or what stood in where the champion gave none.",
  }),
  lower_price: nullable.meta({
    description: "Null while nothing is known of the volatility, and in rows of older versions.",
  }),
  upper_price: nullable,
  interval_coverage: nullable,
  p_up: nullable,
  confidence: nullable,
};
const yhatNamed = { "^yhat_log_return_\\d+s$": { type: "number" } };
const realizedNamed = { "^realized_log_return_\\d+s$": { type: ["number", "null"] } };
/** The same number under its horizon's name: `yhat_log_return_10s` of a ten-second model. */
interface YhatNamed {
  readonly [named: `yhat_log_return_${number}s`]: number;
}

export const predictionSchema = z
  .strictObject(predictionShape)
  .meta({ id: "Prediction", patternProperties: yhatNamed });
export type PredictionJson = z.output<typeof predictionSchema> & YhatNamed;

/** By the mid, and by the last trade's price, whatever the forecast's label; null where that is not known. */
const realizedShape = {
  realized_log_return: nullable,
  realized_price: nullable,
  realized_mid_log_return: nullable,
  realized_last_log_return: nullable,
};
/** The outcome of a prediction. */
export type RealizedJson = z.output<z.ZodObject<typeof realizedShape>> & {
  /** The same under its horizon's name. */
  readonly [named: `realized_log_return_${number}s`]: number | null;
};

const predictionRowSchema = z
  .strictObject({ ...predictionShape, ...realizedShape })
  .meta({ id: "PredictionRow", patternProperties: { ...yhatNamed, ...realizedNamed } });
export type PredictionRowJson = PredictionJson & RealizedJson;

/** Answer of `/predictions`. */
export const predictionsSchema = z
  .strictObject({
    symbol: z.string(),
    from: instant.meta({ description: "The range is half-open: from ≤ ts_sec < to." }),
    to: instant,
    limit: whole,
    series: seriesSchema.nullable().meta({
      description: "Whose predictions these are, all of them; null where the range has none that fit.",
    }),
    served_from: z.enum(["database", "memory"]).meta({
      description: '"memory" when the database did not answer: then only what this process still holds.',
    }),
    truncated: z
      .boolean()
      .meta({ description: "Older predictions of the range were left out, or may have been." }),
    predictions: z.array(predictionRowSchema),
  })
  .meta({ id: "Predictions" });
export type PredictionsJson = Omit<z.output<typeof predictionsSchema>, "predictions"> & {
  predictions: PredictionRowJson[];
};

export function seriesJson({ model_version, role, horizon_s }: Series): SeriesJson {
  return { model_version, role, horizon_s };
}

export function predictionJson(prediction: Prediction): PredictionJson {
  return {
    symbol: prediction.symbol,
    ts_sec: prediction.ts_sec,
    role: prediction.role,
    horizon_s: prediction.horizon_s,
    label: prediction.label,
    yhat_log_return: prediction.yhat_log_return,
    ...namedYhat(prediction),
    current_price: prediction.current_price,
    predicted_price: prediction.predicted_price,
    model_version: prediction.model_version,
    feature_set: prediction.feature_set,
    set_hash: prediction.set_hash,
    source: prediction.source,
    features_age_ms: prediction.features_age_ms,
    latency_ms: prediction.latency_ms,
    warm: prediction.warm,
    emitted_at_us: prediction.emitted_at_us,
    served: prediction.served,
    lower_price: prediction.lower_price,
    upper_price: prediction.upper_price,
    interval_coverage: prediction.interval_coverage,
    p_up: prediction.p_up,
    confidence: prediction.confidence,
  };
}

function namedYhat({ horizon_s, yhat_log_return }: Prediction): Record<`yhat_log_return_${number}s`, number> {
  return { [`yhat_log_return_${horizon_s}s`]: yhat_log_return };
}

export function predictionRowJson(row: JoinedPrediction): PredictionRowJson {
  return { ...predictionJson(row), ...realizedJson(row) };
}

export function realizedJson(of: Realized & Pick<Outcome, "horizon_s">): RealizedJson {
  return { ...realizedOf(of), [`realized_log_return_${of.horizon_s}s`]: of.realized_log_return };
}
