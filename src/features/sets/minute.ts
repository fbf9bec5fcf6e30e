/**
 * Feature set minute: twelve inputs for a forecast sixty seconds ahead. Its chart measures are made of
 * 5-second closes: they describe the last minutes, and are warm within six.
 */

import { div, float, sub, sum, toFloat } from "../algebra/build.ts";
import { bollinger, macd, rsi } from "../algebra/candles.ts";
import {
  amount,
  ask,
  ask_qty,
  bid,
  bid_qty,
  close,
  imbalance,
  meanPrice,
  n,
  notional,
  qty,
  ret,
} from "../algebra/terms.ts";
import { column, featureSet } from "./feature_set.ts";

const BAR_S = 5;

const qty_60s = sum(qty, 60);
const strength = rsi(60, BAR_S);
const bands = bollinger(20, BAR_S);
const { line, signal } = macd(BAR_S);

export const minute = featureSet({
  name: "minute",
  about:
    "Twelve inputs for a forecast sixty seconds ahead, alone or as a sequence of the last five vectors. RSI, MACD and Bollinger bands are of closes 5 s apart, so that they describe the last minutes.",
  terms: {
    qty,
    qty_60s,
    rises_60: strength.rises,
    falls_60: strength.falls,
    closes_20: bands.total,
    squares_20: bands.squares,
    deviation_20: bands.deviation,
    macd_e8: line,
  },
  columns: [
    column("current_price", "quote", "Last trade price.", amount(close)),
    column("price_change_1m", "ln", "Log-return of the last trade price over 60 s.", ret(60)),
    column("price_change_5m", "ln", "Log-return of the last trade price over 300 s.", ret(300)),
    column(
      "vwap",
      "quote",
      "Volume-weighted price of 60 s; the last price with no trade.",
      meanPrice(sum(notional, 60), qty_60s),
    ),
    column("volume", "base", "Quantity traded in the last 1 s.", amount(qty)),
    column(
      "volume_avg_1m",
      "base",
      "Mean quantity traded a second, over 60 s.",
      div(toFloat(qty_60s), float(60e8)),
    ),
    column(
      "trade_intensity",
      "count",
      "Mean number of trades a second, over 60 s.",
      div(toFloat(sum(n, 60)), float(60)),
    ),
    column("bid_ask_spread", "quote", "Best ask minus best bid.", amount(sub(ask, bid))),
    column(
      "order_book_imbalance",
      "ratio",
      "Imbalance of the sizes at best bid and ask, −1 to 1.",
      imbalance(bid_qty, ask_qty),
    ),
    column(
      "rsi_5m",
      "index",
      "RSI (Cutler's) of the sixty 5-second changes of five minutes, 0 to 100; 50 where nothing moved.",
      strength.index,
    ),
    column(
      "macd_signal",
      "quote",
      "MACD's signal line: exponential mean (9) of the difference of those of 12 and 26 closes, 5 s apart.",
      div(signal, float(1e8)),
    ),
    column(
      "bollinger_position",
      "ratio",
      "Last price between the Bollinger bands of twenty closes 5 s apart: 0 the lower, 1 the upper; ½ where they meet.",
      bands.position,
    ),
  ],
});
