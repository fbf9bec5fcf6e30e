/** One second's forecast, and what came of it. Field names are the ones of the database and of `/latest`. */

import type { Micros, ModelVersion, SetHash, UnixSec } from "../base/units.ts";
import type { InferenceSource } from "../model/model.ts";

export interface Prediction {
  readonly symbol: string;
  /** As of this instant, by the exchange's clock. */
  readonly ts_sec: UnixSec;
  readonly horizon_s: number;
  /** Forecast of ln(mid(ts_sec + horizon_s) / mid(ts_sec)). */
  readonly yhat_log_return_10s: number;
  /** Mid price as of ts_sec, quote units. */
  readonly current_price: number;
  /** current_price × exp(yhat): quote units. */
  readonly predicted_price: number;
  readonly model_version: ModelVersion;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly source: InferenceSource;
  /** Age of the newest event in the vector when it was closed, exchange clock (ms). */
  readonly features_age_ms: number;
  /** From the second's close being decided to the prediction being ready (ms). */
  readonly latency_ms: number;
  readonly warm: boolean;
  /** Wall clock when it became readable at `/latest`. */
  readonly emitted_at_us: Micros;
  /**
   * (bid + ask) at ts_sec as an integer at 1e-8, twice the mid: what the outcome is computed from.
   */
  readonly mid_sum_e8: number;
}

/** Joined `horizon_s` later, from the quote as of ts_sec + horizon_s. */
export interface Outcome {
  readonly symbol: string;
  readonly ts_sec: UnixSec;
  readonly model_version: ModelVersion;
  /** lnr(mid at ts_sec + horizon, mid at ts_sec); null across a gap or where no quote stood. */
  readonly realized_log_return_10s: number | null;
  readonly realized_price: number | null;
}
