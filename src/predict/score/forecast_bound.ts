/**
 * The largest forecast that is used. The bound is far outside what a price does in the time, so that only a
 * model with wrong inputs, or a broken one, reaches it; the price's spread grows with the root of the
 * horizon, and so does it.
 */

import { LIMITS } from "../../base/limits.ts";

/** Horizon of the bound in LIMITS (s). */
const HORIZON_S = 10;

/** Why a forecast is not to be used, as a sentence; undefined where it may be. */
export function forecastFault(yhat_log_return: number, horizon_s: number): string | undefined {
  const max = LIMITS.forecast_log_return_max * Math.sqrt(horizon_s / HORIZON_S);
  if (Math.abs(yhat_log_return) <= max) return undefined;
  return `the forecast expected to be within ±${max.toFixed(4)} for ${horizon_s} s, was ${yhat_log_return}`;
}
