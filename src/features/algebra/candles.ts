/**
 * The measures of chart reading (RSI, MACD, Bollinger bands, ATR, ADX, stochastic), in finite form, over bars
 * of `bar_s` seconds that end at t, t − bar_s, t − 2·bar_s, … A bar's close is the last price at its end;
 * its high and low are those of its seconds, a second without a trade being flat at the last price.
 *
 * Textbooks smooth RSI, ATR and ADX by Wilder's mean, which never ends. Here they are plain means of the
 * same number of bars (for RSI this is Cutler's), which are finite and sums of integers. Exponential means
 * have weights w, w·k, w·k², … with k = (span − 1)/(span + 1), cut after 2·span bars and made to sum to one;
 * what the cut leaves out would have weighed 1.8 %.
 *
 * A measure comes with its parts, so that a set can name them.
 */

import {
  add,
  bar,
  div,
  eq,
  float,
  gt,
  int,
  lag,
  lt,
  max,
  min,
  mul,
  sqrt,
  sub,
  sum,
  toFloat,
  weighted,
  when,
} from "./build.ts";
import { exponentialWeights } from "./exponential_weights.ts";
import type { Float, Int } from "./expr.ts";
import { close, ratioOr } from "./terms.ts";

const zero = int(0);
const close_float = toFloat(close);

/** Exponential mean of `span` bars. */
const exponential = (of: Float, span: number, bar_s: number): Float =>
  weighted(of, exponentialWeights(span, 2 * span), bar_s);

/** Exponential mean of closes, of span `span` (e8). */
export const ema = (span: number, bar_s: number): Float => exponential(close_float, span, bar_s);

/** MACD 12/26: the fast mean of closes less the slow one, and the exponential mean of 9 of that (e8). */
export function macd(bar_s: number) {
  const line = sub(ema(12, bar_s), ema(26, bar_s));
  return { line, signal: exponential(line, 9, bar_s) };
}

/** Cutler's RSI of `count` changes of the close, 0 to 100; 50 where the price did not move. */
export function rsi(count: number, bar_s: number) {
  const before = lag(close, bar_s);
  const rises = sum(when(gt(close, before), sub(close, before), zero), count, bar_s);
  const falls = sum(when(lt(close, before), sub(before, close), zero), count, bar_s);
  return { rises, falls, index: ratioOr(50, mul(int(100), rises), add(rises, falls)) };
}

/**
 * Bollinger bands of `count` closes, two standard deviations (the population's, as Bollinger has it) off
 * their mean. With S = Σc and D = √(count·Σc² − S²), which is count deviations and integer up to the root:
 * the bands are (S ± 2·D) ÷ count (e8), and the close's position between them is 0 at the lower, 1 at the
 * upper, one half where they meet.
 */
export function bollinger(count: number, bar_s: number) {
  const total = sum(close, count, bar_s);
  const squares = sum(mul(close, close), count, bar_s);
  const deviation = sqrt(toFloat(sub(mul(int(count), squares), mul(total, total))));
  const twice = mul(float(2), deviation);
  const above_mean = toFloat(sub(mul(int(count), close), total));
  const position = div(add(above_mean, twice), mul(float(4), deviation));
  return {
    total,
    squares,
    deviation,
    upper: div(add(toFloat(total), twice), float(count)),
    lower: div(sub(toFloat(total), twice), float(count)),
    position: when(eq(deviation, float(0)), float(0.5), position),
  };
}

/** Highest and lowest price of the last bar (e8). */
export const barHigh = (bar_s: number): Int => max(bar("high_e8"), bar_s);
export const barLow = (bar_s: number): Int => min(bar("low_e8"), bar_s);

/** Wilder's true range: the bar's range, stretched to the close before it (e8). */
export function trueRange(bar_s: number): Int {
  const [high, low, before] = [barHigh(bar_s), barLow(bar_s), lag(close, bar_s)];
  return sub(when(gt(high, before), high, before), when(lt(low, before), low, before));
}

/**
 * Wilder's directional index of `count` bars, 0 to 100. A bar moves up by what its high rose, or down by what
 * its low fell, whichever is more. The index is 100·|+DI − −DI| ÷ (+DI + −DI), in which the true range
 * cancels; 0 where no bar left the one before it.
 */
export function directionalIndex(count: number, bar_s: number) {
  const [high, low] = [barHigh(bar_s), barLow(bar_s)];
  const rise = sub(high, lag(high, bar_s));
  const fall = sub(lag(low, bar_s), low);
  const positive = (of: Int): Int => when(gt(of, zero), of, zero);
  const ups = sum(when(gt(rise, fall), positive(rise), zero), count, bar_s);
  const downs = sum(when(gt(fall, rise), positive(fall), zero), count, bar_s);
  const apart = when(gt(ups, downs), sub(ups, downs), sub(downs, ups));
  return { rise, fall, ups, downs, index: ratioOr(0, mul(int(100), apart), add(ups, downs)) };
}

/** Where the close is in the range of the last `count` bars, 0 to 100; 50 where that is a point. */
export function stochastic(count: number, bar_s: number) {
  const low = min(barLow(bar_s), count, bar_s);
  const high = max(barHigh(bar_s), count, bar_s);
  return { low, high, index: ratioOr(50, mul(int(100), sub(close, low)), sub(high, low)) };
}
