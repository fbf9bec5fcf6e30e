/**
 * Feature set indicators: sixteen measures of chart reading on one-minute bars, every second. The bars end at
 * t: at a full minute they are a minute chart's, and between two they are no staler.
 */

import { div, float, int, lag, lnr, mean, mul, ratio, stddev, sub, sum, toFloat } from "../algebra/build.ts";
import {
  barHigh,
  barLow,
  bollinger,
  directionalIndex,
  ema,
  macd,
  rsi,
  stochastic,
  trueRange,
} from "../algebra/candles.ts";
import type { Float } from "../algebra/expr.ts";
import { close, meanPrice, notional, qty } from "../algebra/terms.ts";
import { column, type FeatureSet, featureSet } from "./feature_set.ts";

const ABOUT =
  "Sixteen measures of chart reading on bars of one minute. The bars end at t, so they move on every second; at a full minute they are those of a minute chart. Periods are the customary ones: 14 for ADX, RSI, ATR and the stochastic, 20 for Bollinger bands, 12/26/9 for MACD.";

/** The set on bars of another length; the product's are minutes. */
export function indicatorsOn(bar_s: number): FeatureSet {
  const before = lag(close, bar_s);
  const bar_return = lnr(close, before);
  const bands = bollinger(20, bar_s);
  const strength = rsi(14, bar_s);
  const direction = directionalIndex(14, bar_s);
  const k = stochastic(14, bar_s);
  const { line, signal } = macd(bar_s);
  const qty_60 = sum(qty, 60 * bar_s);
  const price = (e8: Float): Float => div(e8, float(1e8));

  return featureSet({
    name: "indicators",
    about: ABOUT,
    terms: {
      qty,
      qty_60,
      before,
      bar_return,
      bar_high: barHigh(bar_s),
      bar_low: barLow(bar_s),
      true_range: trueRange(bar_s),
      rise: direction.rise,
      fall: direction.fall,
      ups_14: direction.ups,
      downs_14: direction.downs,
      dx_14: direction.index,
      rises_14: strength.rises,
      falls_14: strength.falls,
      high_14: k.high,
      low_14: k.low,
      closes_20: bands.total,
      squares_20: bands.squares,
      deviation_20: bands.deviation,
      macd_e8: line,
    },
    columns: [
      column(
        "adx_value",
        "index",
        "ADX 14: mean of the last 14 directional indexes, 0 to 100: how strong a trend is, up or down.",
        mean(direction.index, 14, bar_s),
      ),
      column(
        "rsi_value",
        "index",
        "RSI 14 (Cutler's): share of rises in the last 14 changes, 0 to 100; 50 where nothing moved.",
        strength.index,
      ),
      column("ema_12", "quote", "Exponential mean of closes, span 12.", price(ema(12, bar_s))),
      column("ema_21", "quote", "Exponential mean of closes, span 21.", price(ema(21, bar_s))),
      column("ema_50", "quote", "Exponential mean of closes, span 50.", price(ema(50, bar_s))),
      column(
        "vwap",
        "quote",
        "Volume-weighted price of the last 60 bars; the last price with no trade.",
        meanPrice(sum(notional, 60 * bar_s), qty_60),
      ),
      column(
        "atr_value",
        "quote",
        "ATR 14: mean true range of the last 14 bars.",
        div(toFloat(sum(trueRange(bar_s), 14, bar_s)), float(14e8)),
      ),
      column(
        "bollinger_upper",
        "quote",
        "Upper Bollinger band: mean of 20 closes plus two standard deviations.",
        price(bands.upper),
      ),
      column(
        "bollinger_lower",
        "quote",
        "Lower Bollinger band: mean of 20 closes minus two standard deviations.",
        price(bands.lower),
      ),
      column(
        "stoch_k",
        "index",
        "Stochastic %K 14: the last price in the range of 14 bars, 0 to 100; 50 where the range is one price.",
        k.index,
      ),
      column("stoch_d", "index", "Stochastic %D: mean of the last three %K.", mean(k.index, 3, bar_s)),
      column(
        "macd_line",
        "quote",
        "MACD: exponential mean of closes of span 12 minus that of span 26.",
        price(line),
      ),
      column("macd_signal", "quote", "Exponential mean of span 9 of the MACD.", price(signal)),
      column(
        "volume_ma",
        "base",
        "Mean quantity traded a bar, over 20 bars.",
        div(toFloat(sum(qty, 20 * bar_s)), float(20e8)),
      ),
      column(
        "price_change_pct",
        "percent",
        "Change of the last price over one bar, in percent.",
        ratio(mul(int(100), sub(close, before)), before),
      ),
      column(
        "volatility",
        "ln",
        "Sample standard deviation of the last 20 log-returns of a bar.",
        stddev(bar_return, 20, bar_s),
      ),
    ],
  });
}

export const indicators = indicatorsOn(60);
