import { micros, modelVersion, priceE8, updateId } from "../../../src/base/units.ts";
import type { DisconnectEvent, QuoteEvent } from "../../../src/binance/events.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import type { Outcome, Prediction } from "../../../src/predict/prediction.ts";
import { disconnectAt, outcomeAt, predictionAt, quoteAt, START_SEC } from "../market_events.ts";

const LONG = modelVersion("minute-v1/1");
export const US = 1_000_000;
export const DAY_S = 86_400;
/** bid + ask (e8) of the quote in second `sec`. */
export const sumAt = (sec: number): number => 12_367_527_000_000 + 2 * ((sec * 7_919) % 1_000) * 1_000_000;

/** Half-way through second `sec`. */
export function quoteIn(sec: number, fields: Partial<QuoteEvent> = {}): QuoteEvent {
  const bid = sumAt(sec) / 2 - 500_000;
  return {
    ...quoteAt(0),
    ts_us: micros((START_SEC + sec) * US + 500_000),
    received_us: micros((START_SEC + sec) * US + 500_100),
    update_id: updateId(100_000_000 + sec * 10),
    bid_price_e8: priceE8(bid),
    ask_price_e8: priceE8(bid + 1_000_000),
    ...fields,
  };
}

export const breakIn = (sec: number, fields: Partial<DisconnectEvent> = {}): DisconnectEvent => ({
  ...disconnectAt(0),
  ts_us: micros((START_SEC + sec) * US + 500_000),
  ...fields,
});

/** A forecast as of second `sec`, from the quote of the second before. */
export function forecastAt(sec: number, horizon_s = 10): Prediction {
  const model_version = horizon_s === 10 ? predictionAt(0).model_version : LONG;
  return { ...predictionAt(sec), model_version, horizon_s, mid_sum_e8: sumAt(sec - 1) };
}

/** What the live path joined, or could not. */
export const joinedAt = (sec: number, realized: number | null): Outcome => ({
  ...outcomeAt(sec, realized),
  realized_price: realized === null ? null : 1,
});

/** The label by its definition, second by second. `silent`: seconds without a quote. */
export function label(
  sec: number,
  horizon_s: number,
  silent: readonly number[],
  breaks: readonly number[],
): number | null {
  const lastQuote = (at: number): number => {
    let second = at - 1;
    while (silent.includes(second)) second--;
    return second;
  };
  const end = sec + horizon_s;
  if (breaks.some((at) => at >= sec && at < end)) return null;
  if (breaks.some((at) => at < sec && lastQuote(sec) <= at)) return null;
  return lnr(sumAt(lastQuote(end)), sumAt(sec - 1));
}
