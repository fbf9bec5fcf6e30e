/** The JSON of `/predict` and `/batch-predict`. */

import { z } from "zod";
import { isoOf, micros } from "../../base/units.ts";
import { instant, whole } from "../describe/answers.ts";
import type { Ask, AskedAnswer } from "../ports_ask.ts";
import { membersOf } from "../request/parameters/query.ts";
import { figure } from "./nullable.ts";
import { signalShape } from "./signals.ts";

const values = z.record(z.string(), z.number());

export const askSchema = membersOf(
  {
    symbol: z.string().regex(/^[A-Z0-9]{2,20}$/, "expected upper-case letters and digits such as BTCUSDT"),
    features: values
      .meta({
        description: "By name, every one of the model's set and no other: GET /model/info lists them.",
      })
      .optional(),
    indicators: values.meta({ description: "Another name for `features`: one of the two." }).optional(),
    set: z.string().max(63).meta({ description: "Must be the model's set where it is given." }).optional(),
    model_version: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._/-]{0,99}$/, "expected a version such as ridge-v1/2026-11-21t10-00-00z")
      .meta({ description: "Default: the symbol's champion." })
      .optional(),
    include_weights: z.boolean().default(true),
  },
  "body",
)
  .superRefine(({ features, indicators }, context) => {
    if ((features === undefined) !== (indicators === undefined)) return;
    const message = `expected one of features and indicators, was ${features ? "both" : "neither"}`;
    context.addIssue({ code: "custom", path: ["features"], message });
  })
  .meta({ id: "PredictRequest" });

export const askedSchema = z
  .strictObject({
    symbol: z.string(),
    prediction: z.strictObject({
      ...signalShape,
      weights_applied: z.boolean().meta({ description: "Whether the weights had a say in the confidence." }),
      weights: values.optional().meta({ description: "How much the model reads each feature." }),
    }),
    forecast: z.strictObject({
      yhat_log_return: z.number(),
      horizon_s: whole,
      current_price: figure.meta({ description: "Now; null where no price is known." }),
      predicted_price: figure,
      lower_price: figure,
      upper_price: figure,
      interval_coverage: figure,
      p_up: z.number(),
      confidence: z.number(),
      calibrated: z.boolean().meta({
        description:
          "The interval, p_up, confidence and the signal come from the live calibration of this model.",
      }),
      note: z
        .string()
        .nullable()
        .meta({ description: "Why they are neutral; null where they are calibrated." }),
    }),
    model_version: z.string(),
    timestamp: instant,
    processing_time_ms: z.number(),
    cache_hit: z.boolean(),
  })
  .meta({ id: "PredictAnswer" });
export type AskedJson = z.output<typeof askedSchema>;

export const batchAskedSchema = z
  .strictObject({
    success: z.boolean().meta({ description: "None of them failed." }),
    total_requests: whole,
    successful_predictions: whole,
    results: z.array(askedSchema).meta({ description: "Of those that did not fail, in their order." }),
    errors: z.array(
      z.strictObject({
        index: whole,
        symbol: z.string().nullable(),
        error: z.string(),
        code: z.string(),
        field: z.string().optional(),
      }),
    ),
  })
  .meta({ id: "BatchPredictAnswer" });

export function askOf(asked: z.output<typeof askSchema>): Ask {
  const { symbol, features, indicators, set, model_version, include_weights } = asked;
  return {
    ...{ symbol, set, model_version, include_weights, values: features ?? indicators ?? {} },
    values_name: features ? "features" : "indicators",
  };
}

export function askedJson(symbol: string, answer: AskedAnswer, processing_time_ms: number): AskedJson {
  const { current_price, yhat_log_return, lower_log_return, upper_log_return, uncalibrated } = answer;
  const { direction, confidence, probabilities, recommendation, position_multiplier, risk_level, cost_bp } =
    answer.signal;
  const priceAt = (log_return: number | null): number | null =>
    current_price === null || log_return === null ? null : current_price * Math.exp(log_return);
  return {
    symbol,
    prediction: {
      ...{ direction, confidence, probabilities: { ...probabilities }, recommendation, position_multiplier },
      ...{ risk_level, cost_bp, weights_applied: answer.weights_applied },
      ...(answer.weights && { weights: { ...answer.weights } }),
    },
    forecast: {
      ...{ yhat_log_return, horizon_s: answer.horizon_s, current_price },
      predicted_price: priceAt(yhat_log_return),
      lower_price: priceAt(lower_log_return),
      upper_price: priceAt(upper_log_return),
      ...{ interval_coverage: answer.interval_coverage, p_up: answer.p_up, confidence: answer.confidence },
      ...{ calibrated: uncalibrated === null, note: uncalibrated },
    },
    model_version: answer.model_version,
    timestamp: isoOf(micros(answer.at_us)),
    processing_time_ms,
    cache_hit: answer.cache_hit,
  };
}
