/** One forecast, and its outcome. Field names are the ones of the database. */

import type { Micros, ModelVersion, SetHash, UnixSec } from "../base/units.ts";
import type { Label } from "../features/label.ts";
import type { Role } from "../model/role.ts";
import type { ForecastSource } from "./source.ts";

/** The exchange whose market is forecast. */
export const VENUE = "binance";

/** The key of a forecast. */
export interface PredictionKey {
  readonly venue: string;
  readonly symbol: string;
  /** As of this instant, by the exchange's clock. */
  readonly ts_sec: UnixSec;
  readonly model_version: ModelVersion;
  /** How far ahead it looks (s). */
  readonly horizon_s: number;
}

/** What a forecast is worth, from what came of those before it. Null while nothing is known of the volatility. */
export interface Worth {
  /** Interval of the price at ts_sec + horizon_s (quote units), and the share of outcomes promised to be inside. */
  readonly lower_price: number | null;
  readonly upper_price: number | null;
  /** The same interval as log-returns from the price at ts_sec: what an outcome is held against, without rounding. */
  readonly lower_log_return: number | null;
  readonly upper_log_return: number | null;
  readonly interval_coverage: number | null;
  /** Probability that the move is up, given that the price moves. */
  readonly p_up: number | null;
  /** Probability that the direction is right, from 0.5. */
  readonly confidence: number | null;
  /** Of the label over the horizon, as it was known at ts_sec (natural log). */
  readonly volatility: number | null;
}

export interface Prediction extends PredictionKey, Worth {
  /** The role of the model for the symbol at that tick. */
  readonly role: Role;
  /** Given as the symbol's forecast: the champion's, or what stood in where the champion gave none. */
  readonly served: boolean;
  /** What price the forecast is of. */
  readonly label: Label;
  /** Forecast of ln(price(ts_sec + horizon_s) / price(ts_sec)), the label's price. */
  readonly yhat_log_return: number;
  /** The label's price as of ts_sec, quote units. */
  readonly current_price: number;
  /** current_price × exp(yhat): quote units. */
  readonly predicted_price: number;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  /** What it was made from, and by what. */
  readonly source: ForecastSource;
  /** Age of the newest event in the vector when it was closed, exchange clock (ms). */
  readonly features_age_ms: number;
  /** From the second's close being decided to the prediction being ready (ms). */
  readonly latency_ms: number;
  readonly warm: boolean;
  /** Wall clock when it became readable at `/latest`. */
  readonly emitted_at_us: Micros;
  /**
   * (bid + ask) at ts_sec as an integer at 1e-8, twice the mid: what the mid's outcome is computed from. Null where no
   * quote was known, which a forecast of the last price does without.
   */
  readonly mid_sum_e8: number | null;
  /** The last trade's price at ts_sec (e8): what the last price's outcome is computed from. Null before the first. */
  readonly close_e8: number | null;
}

/** What a prediction is joined with; null until it is known, and across a gap. */
export interface Realized {
  /** lnr of the label's price at ts_sec + horizon_s and at ts_sec. */
  readonly realized_log_return: number | null;
  /** The label's price at ts_sec + horizon_s. */
  readonly realized_price: number | null;
  /** By the mid, and by the last trade's price, whatever the label. */
  readonly realized_mid_log_return: number | null;
  readonly realized_last_log_return: number | null;
}

/** Joined `horizon_s` later, from the quote and the trade as of ts_sec + horizon_s. */
export interface Outcome
  extends PredictionKey,
    Realized,
    Pick<Prediction, "yhat_log_return" | "lower_log_return" | "upper_log_return" | "source"> {
  /** The prediction's. */
  readonly role: Role;
  readonly served: boolean;
  readonly label: Label;
}

/** A prediction and its outcome. */
export type JoinedPrediction = Prediction & Realized;

/** Nothing is known of it. */
export const NO_WORTH: Worth = {
  lower_price: null,
  upper_price: null,
  lower_log_return: null,
  upper_log_return: null,
  interval_coverage: null,
  p_up: null,
  confidence: null,
  volatility: null,
};

/** Nothing is known yet. */
export const UNREALIZED: Realized = {
  realized_log_return: null,
  realized_price: null,
  realized_mid_log_return: null,
  realized_last_log_return: null,
};

export const realizedOf = (of: Realized): Realized => ({
  realized_log_return: of.realized_log_return,
  realized_price: of.realized_price,
  realized_mid_log_return: of.realized_mid_log_return,
  realized_last_log_return: of.realized_last_log_return,
});
