/** Events for the store's tests: valid, and different in every field. */

import {
  micros,
  modelVersion,
  priceE8,
  qtyE8,
  setHash,
  tradeId,
  unixSec,
  updateId,
} from "../../src/base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../src/binance/events.ts";
import type { FeatureVector } from "../../src/features/vector.ts";
import type { Outcome, Prediction } from "../../src/predict/prediction.ts";

export const SYMBOL = "BTCUSDT";
export const START_SEC = 1_723_161_241;
export const START_US = START_SEC * 1_000_000;
export const HASH = setHash("ab".repeat(32));
export const MODEL = modelVersion("ridge-v1/2024-08-08t23-00-00z");

/** The `i`-th trade; ids are consecutive, one every millisecond. */
export function tradeAt(i: number): TradeEvent {
  return {
    kind: "trade",
    epoch: 0,
    symbol: SYMBOL,
    ts_us: micros(START_US + 1_000 * i + 3),
    received_us: micros(START_US + 1_000 * i + 9),
    trade_id: tradeId(3_735_683_259 + i),
    price_e8: priceE8(6_183_763_000_000 + i),
    qty_e8: qtyE8(1_200_000 + i),
    is_buyer_maker: i % 2 === 0,
  };
}

export function quoteAt(i: number): QuoteEvent {
  return {
    kind: "quote",
    epoch: 0,
    symbol: SYMBOL,
    ts_us: micros(START_US + 1_000 * i + 1),
    received_us: micros(START_US + 1_000 * i + 2),
    update_id: updateId(50_000_000_000 + 7 * i),
    bid_price_e8: priceE8(6_183_763_000_000 + i),
    bid_qty_e8: qtyE8(50_000_000 + i),
    ask_price_e8: priceE8(6_183_764_000_000 + i),
    ask_qty_e8: qtyE8(12_000_000 + i),
  };
}

export function disconnectAt(i: number): DisconnectEvent {
  return {
    kind: "disconnect",
    symbol: SYMBOL,
    ts_us: micros(START_US + 1_000 * i + 3),
    received_us: micros(START_US + 1_000 * i + 11),
    reason: 'closed by "peer", {code 1006}\\',
  };
}

export function vectorAt(sec: number, values: number[]): FeatureVector {
  return {
    symbol: SYMBOL,
    ts_sec: unixSec(START_SEC + sec),
    feature_set: "v1",
    set_hash: HASH,
    warm: sec % 2 === 0,
    names: values.map((_, i) => `f${i}`),
    values: Float64Array.from(values),
  };
}

export function predictionAt(sec: number, yhat = 1.5e-5): Prediction {
  return {
    venue: "binance",
    symbol: SYMBOL,
    ts_sec: unixSec(START_SEC + sec),
    role: "champion",
    served: true,
    horizon_s: 10,
    yhat_log_return: yhat,
    current_price: 61_837.635,
    predicted_price: 61_838.5625 + sec,
    model_version: MODEL,
    feature_set: "v1",
    set_hash: HASH,
    source: "onnx",
    features_age_ms: 3.25,
    latency_ms: 0.125,
    warm: true,
    emitted_at_us: micros(START_US + 1_000_000 * sec + 251_007),
    mid_sum_e8: 12_367_527_000_001,
    label: "mid",
    close_e8: 6_183_764_000_000,
    lower_price: 61_830.5 + sec,
    upper_price: 61_846.75 + sec,
    interval_coverage: 0.9,
    p_up: 0.515625,
    confidence: 0.53125,
    volatility: 7.5e-5,
    lower_log_return: Math.log((61_830.5 + sec) / 61_837.635),
    upper_log_return: Math.log((61_846.75 + sec) / 61_837.635),
  };
}

export function outcomeAt(sec: number, realized: number | null): Outcome {
  return {
    venue: "binance",
    symbol: SYMBOL,
    ts_sec: unixSec(START_SEC + sec),
    model_version: MODEL,
    role: "champion",
    served: true,
    horizon_s: 10,
    label: "mid",
    yhat_log_return: predictionAt(sec).yhat_log_return,
    lower_log_return: predictionAt(sec).lower_log_return,
    upper_log_return: predictionAt(sec).upper_log_return,
    source: predictionAt(sec).source,
    realized_log_return: realized,
    realized_mid_log_return: realized,
    realized_last_log_return: realized === null ? null : realized / 2,
    realized_price: realized === null ? null : 61_837.635 * (1 + realized),
  };
}
