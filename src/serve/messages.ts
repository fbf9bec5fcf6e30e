/**
 * The JSON the service speaks: one spelling for REST, WebSocket and the page, which imports these types.
 * Built field by field, so that what is internal to a record never leaks into an answer.
 */

import { US_PER_MS } from "../base/units.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { Outcome, Prediction } from "../predict/prediction.ts";
import type { ParityRun, ParityTotals } from "../record/parity_runs.ts";
import type { MarketView, PredictionRow } from "./ports.ts";

export interface PredictionJson {
  readonly symbol: string;
  readonly ts_sec: number;
  readonly horizon_s: number;
  readonly yhat_log_return_10s: number;
  readonly current_price: number;
  readonly predicted_price: number;
  readonly model_version: string;
  readonly feature_set: string;
  readonly set_hash: string;
  readonly source: "onnx" | "fallback";
  readonly features_age_ms: number;
  readonly latency_ms: number;
  readonly warm: boolean;
  readonly emitted_at_us: number;
}

export interface PredictionRowJson extends PredictionJson {
  readonly realized_log_return_10s: number | null;
  readonly realized_price: number | null;
}

/** Answer of `/predictions`. */
export interface PredictionsJson {
  readonly symbol: string;
  /** ISO 8601, UTC; the range is half-open: from ≤ ts_sec < to. */
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  /** "memory" when the database did not answer: then only what this process still holds. */
  readonly served_from: "database" | "memory";
  /** Older predictions of the range were left out, or may have been. */
  readonly truncated: boolean;
  readonly predictions: readonly PredictionRowJson[];
}

/** Rows of a comparison of live vectors with SQL. */
export interface ParityCountsJson {
  readonly feature_set: string;
  readonly rows_compared: number;
  readonly rows_mismatched: number;
  readonly rows_missing: number;
  readonly rows_extra: number;
  readonly rows_unexplained: number;
}

export interface ParityTotalsJson extends ParityCountsJson {
  readonly runs: number;
  /** ISO 8601, UTC: the instants compared end here. */
  readonly to: string;
}

export interface ParityRunJson extends ParityCountsJson {
  readonly symbol: string;
  readonly set_hash: string;
  readonly asked_by: "service" | "command";
  readonly from: string;
  readonly to: string;
  readonly started_at: string;
  readonly took_ms: number;
  readonly largest_difference: number | null;
  readonly worst_feature: string | null;
  readonly features: Readonly<Record<string, { readonly rows: number; readonly largest: number | null }>>;
  readonly causes: Readonly<Record<string, number>>;
  readonly differences: readonly {
    readonly ts_sec: number;
    readonly kind: "mismatched" | "missing" | "extra";
    readonly features: readonly string[];
    readonly cause: string;
    readonly detail: string;
  }[];
}

/** Answer of `/parity`. */
export interface ParityJson {
  readonly symbol: string;
  readonly limit: number;
  /** Totals are of the service's runs begun since then. */
  readonly totals_since: string;
  readonly totals: readonly ParityTotalsJson[];
  readonly runs: readonly ParityRunJson[];
}

/** The kinds of message `/stream` sends on request. */
export const STREAM_KINDS = ["prediction", "outcome", "market"] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** First message on every connection: what was subscribed to, and what there is. */
export interface HelloMessage {
  readonly type: "hello";
  readonly symbols: readonly string[];
  readonly subscribed: { readonly symbols: readonly string[]; readonly kinds: readonly StreamKind[] };
  readonly server_time_us: number;
}

export type PredictionMessage = { readonly type: "prediction" } & PredictionJson;

export interface OutcomeMessage {
  readonly type: "outcome";
  readonly symbol: string;
  readonly ts_sec: number;
  readonly model_version: string;
  readonly realized_log_return_10s: number | null;
  readonly realized_price: number | null;
}

export type MarketMessage = { readonly type: "market" } & MarketView;

export type StreamMessage = HelloMessage | PredictionMessage | OutcomeMessage | MarketMessage;

export function predictionJson(prediction: Prediction): PredictionJson {
  return {
    symbol: prediction.symbol,
    ts_sec: prediction.ts_sec,
    horizon_s: prediction.horizon_s,
    yhat_log_return_10s: prediction.yhat_log_return_10s,
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
  };
}

export function predictionRowJson(row: PredictionRow): PredictionRowJson {
  return {
    ...predictionJson(row),
    realized_log_return_10s: row.realized_log_return_10s,
    realized_price: row.realized_price,
  };
}

const isoText = (time_us: number): string => new Date(time_us / US_PER_MS).toISOString();

function parityCounts(rows: ParityRun | ParityTotals): ParityCountsJson {
  return {
    feature_set: rows.feature_set,
    rows_compared: rows.rows_compared,
    rows_mismatched: rows.rows_mismatched,
    rows_missing: rows.rows_missing,
    rows_extra: rows.rows_extra,
    rows_unexplained: rows.rows_unexplained,
  };
}

export function parityTotalsJson(totals: ParityTotals): ParityTotalsJson {
  return { ...parityCounts(totals), runs: totals.runs, to: isoText(totals.to_us) };
}

export function parityRunJson(run: ParityRun): ParityRunJson {
  return {
    symbol: run.symbol,
    ...parityCounts(run),
    set_hash: run.set_hash,
    asked_by: run.asked_by,
    from: isoText(run.from_us),
    to: isoText(run.to_us),
    started_at: isoText(run.started_us),
    took_ms: run.took_ms,
    largest_difference: run.largest_difference,
    worst_feature: run.worst_feature,
    features: run.features,
    causes: run.causes,
    differences: run.differences.map(({ ts_sec, kind, features, cause, detail }) => ({
      ...{ ts_sec, kind, features, cause, detail },
    })),
  };
}

export function outcomeMessage(outcome: Outcome): OutcomeMessage {
  return {
    type: "outcome",
    symbol: outcome.symbol,
    ts_sec: outcome.ts_sec,
    model_version: outcome.model_version,
    realized_log_return_10s: outcome.realized_log_return_10s,
    realized_price: outcome.realized_price,
  };
}

/**
 * A feature vector as JSON text, every value to the last bit: JSON.stringify would write −0 as 0, and the
 * vector served must be the vector computed. NaN stands for null.
 */
export function vectorJsonText(vector: FeatureVector): string {
  const values: string[] = [];
  for (const value of vector.values) {
    values.push(Number.isFinite(value) ? (Object.is(value, -0) ? "-0" : String(value)) : "null");
  }
  const head = JSON.stringify({
    symbol: vector.symbol,
    ts_sec: vector.ts_sec,
    feature_set: vector.feature_set,
    set_hash: vector.set_hash,
    warm: vector.warm,
    names: vector.names,
  });
  return `${head.slice(0, -1)},"values":[${values.join(",")}]}`;
}
