/** Forecasts and their outcomes as entries and back, every field; the forecast under its horizon's name too. */

import { fail } from "../../../base/errors.ts";
import { ROLES } from "../../../model/role.ts";
import type { Outcome, Prediction } from "../../../predict/prediction.ts";
import { decodeFields, type Entry, encodeFields, type FieldKinds } from "./fields.ts";

const KEY = {
  venue: "text",
  symbol: "text",
  ts_sec: "number",
  model_version: "text",
  horizon_s: "number",
  role: "text",
  served: "boolean",
  label: "text",
  yhat_log_return: "number",
  lower_log_return: "number or null",
  upper_log_return: "number or null",
  source: "text",
} as const;

const PREDICTION: FieldKinds<Prediction> = {
  ...KEY,
  current_price: "number",
  predicted_price: "number",
  lower_price: "number or null",
  upper_price: "number or null",
  interval_coverage: "number or null",
  p_up: "number or null",
  confidence: "number or null",
  volatility: "number or null",
  feature_set: "text",
  set_hash: "text",
  features_age_ms: "number",
  latency_ms: "number",
  warm: "boolean",
  emitted_at_us: "number",
  mid_sum_e8: "number or null",
  close_e8: "number or null",
};

const OUTCOME: FieldKinds<Outcome> = {
  ...KEY,
  realized_log_return: "number or null",
  realized_price: "number or null",
  realized_mid_log_return: "number or null",
  realized_last_log_return: "number or null",
};

export const predictionEntry = (prediction: Prediction): string[] => [
  ...encodeFields(PREDICTION, prediction),
  ...[`yhat_log_return_${prediction.horizon_s}s`, String(prediction.yhat_log_return)],
];

/** JSON of the same fields. */
export const predictionText = (prediction: Prediction): string =>
  JSON.stringify({
    ...prediction,
    [`yhat_log_return_${prediction.horizon_s}s`]: prediction.yhat_log_return,
  });

export const outcomeEntry = (outcome: Outcome): string[] => encodeFields(OUTCOME, outcome);

/** @throws ForetickError REDIS_RECORD. */
export const predictionOfEntry = (entry: Entry): Prediction => withRole(decodeFields(PREDICTION, entry));

/** @throws ForetickError REDIS_RECORD. */
export const outcomeOfEntry = (entry: Entry): Outcome =>
  // A leader of an earlier version, beside which this machine was started, knows no approximations.
  withRole(decodeFields(OUTCOME, entry.includes("source") ? entry : [...entry, "source", "onnx"]));

function withRole<T extends Outcome | Prediction>(record: T): T {
  if (ROLES.includes(record.role)) return record;
  return fail(
    "REDIS_RECORD",
    `field role of an entry in Redis expected one of ${ROLES.join(", ")}, was ${record.role}`,
  );
}
