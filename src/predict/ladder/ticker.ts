/**
 * Chart indicators put together from the exchange's ticker of a day, where the streams give none: declared approximate.
 * What a ticker cannot say is neutral: no trend, no momentum, bands as wide as nothing.
 */

import { LIMITS } from "../../base/limits.ts";
import { E8, US_PER_SEC } from "../../base/units.ts";
import type { DayTicker } from "../../binance/rest/body.ts";
import { indicators } from "../../features/sets/indicators.ts";
import type { Model } from "../../model/model.ts";
import type { ClosedSecond } from "../lane/output.ts";
import type { Input } from "../score/input.ts";

/** One answer of REST `ticker/24hr`. */
export type TickerReading = DayTicker;

const DAY_MIN = 1_440;
/** One is asked for a second: with so many, one from before the instant is among them. */
const KEPT = 4;

export class TickerReadings {
  readonly #readings: TickerReading[] = [];

  take(reading: TickerReading): void {
    this.#readings.push(reading);
    if (this.#readings.length > KEPT) this.#readings.shift();
  }

  /** Of a model on the set of chart indicators; undefined where no reading from before the instant is recent. */
  input({ symbol, ts_sec }: ClosedSecond, model: Model): Input | undefined {
    const by_us = ts_sec * US_PER_SEC;
    const reading = this.#readings.findLast(({ at_us }) => at_us < by_us);
    if (!reading || by_us - reading.at_us > LIMITS.fallback_age_s_max * US_PER_SEC) return undefined;
    const { last_e8, bid_e8, ask_e8, at_us } = reading;
    const values = Float64Array.from(indicators.names, (name) => approximated(name, reading));
    const { name: feature_set, hash: set_hash, names } = indicators;
    return {
      vector: { symbol, ts_sec, feature_set, set_hash, names, warm: false, values },
      values,
      price: model.label === "last" ? last_e8 / E8 : (bid_e8 + ask_e8) / (2 * E8),
      made: "fallback_ticker",
      newest_us: at_us,
    };
  }
}

/** Whether a model's vector can be put together so. */
export const readsTicker = ({ feature_set, set_hash, sequence_length }: Model): boolean =>
  feature_set === indicators.name && set_hash === indicators.hash && sequence_length === 1;

function approximated(name: string, { last_e8, mean_e8, change_pct, volume }: TickerReading): number {
  switch (name) {
    case "rsi_value":
    case "stoch_k":
    case "stoch_d":
      return 50;
    case "ema_12":
    case "ema_21":
    case "ema_50":
    case "bollinger_upper":
    case "bollinger_lower":
      return last_e8 / E8;
    case "vwap":
      return mean_e8 / E8;
    case "volume_ma":
      return volume / DAY_MIN;
    case "price_change_pct":
      return change_pct / DAY_MIN;
    default:
      return 0;
  }
}
