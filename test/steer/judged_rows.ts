/** Stored forecasts of several models and the one outcome they share, as the service writes them. */

import type { Sql } from "postgres";
import { seriesFrom } from "./series.ts";

export interface StoredForecast {
  readonly version: string;
  readonly role: string;
  /** Undefined: none at that tick. */
  readonly yhat: (tick: {
    readonly ts_sec: number;
    readonly y: number;
    readonly mean: number;
  }) => number | undefined;
  readonly latency_ms?: number;
}

export interface StoredTicks {
  readonly symbol?: string;
  readonly seed?: number;
  /** Share of the label's variance that its mean explains. */
  readonly r2?: number;
  readonly from_sec: number;
  readonly seconds: number;
  readonly forecasts: readonly StoredForecast[];
}

export async function storeTicks(
  sql: Sql,
  { symbol = "BTCUSDT", seconds, forecasts, ...series }: StoredTicks,
) {
  const predictions: object[] = [];
  const outcomes: object[] = [];
  for (const tick of seriesFrom(series, seconds)) {
    for (const { version, role, yhat, latency_ms = 3 } of forecasts) {
      const forecast = yhat(tick);
      if (forecast === undefined) continue;
      const { ts_sec, y } = tick;
      predictions.push({ ts_sec, version, role, yhat: forecast, latency_ms });
      outcomes.push({ ts_sec, version, y });
    }
  }
  await sql`
    insert into predictions (
      symbol, ts, model_version, horizon_s, yhat_log_return, current_price, predicted_price, feature_set,
      set_hash, source, features_age_ms, latency_ms, warm, emitted_at, role, served
    )
    select
      ${symbol}, to_timestamp(ts_sec), version, 10, yhat, 61000, 61000 * exp(yhat), 'v1',
      repeat('0', 64), 'onnx', 1, latency_ms, true, to_timestamp(ts_sec), role, role = 'champion'
    from jsonb_to_recordset(${JSON.stringify(predictions)}::text::jsonb)
      as row (ts_sec bigint, version text, role text, yhat double precision, latency_ms double precision)`;
  await sql`
    insert into outcomes (symbol, ts, model_version, horizon_s, realized_log_return, joined_at)
    select ${symbol}, to_timestamp(ts_sec), version, 10, y, to_timestamp(ts_sec + 11)
    from jsonb_to_recordset(${JSON.stringify(outcomes)}::text::jsonb)
      as row (ts_sec bigint, version text, y double precision)`;
}
