/**
 * Feature set v1: the 22 columns of FEATURES.md, in its order and its words. Columns 1 to 19 read trades
 * alone, 20 to 22 the best bid and ask.
 */

import {
  add,
  bar,
  blockQuantile,
  div,
  eq,
  flag,
  float,
  floorDiv,
  ge,
  gt,
  int,
  lag,
  lnr,
  max,
  median,
  mul,
  nowUs,
  ratio,
  stddev,
  sub,
  sum,
  toFloat,
  when,
} from "../algebra/build.ts";
import type { Float, Int } from "../algebra/expr.ts";
import { type Column, column, featureSet } from "./feature_set.ts";

const close = bar("close_e8");
const n = bar("n");
const buy = bar("buy_qty_e8");
const sell = bar("sell_qty_e8");
const bid = bar("bid_price_e8");
const ask = bar("ask_price_e8");
const bid_qty = bar("bid_qty_e8");
const ask_qty = bar("ask_qty_e8");

const n_5s = sum(n, 5);
const buy_5s = sum(buy, 5);
const sell_5s = sum(sell, 5);
const qty_1s = add(buy, sell);
const qty_5s = add(buy_5s, sell_5s);
const notional_5s = sum(bar("notional_e16"), 5);

const zero = int(0);
const amount = (e8: Int): Float => div(toFloat(e8), float(1e8));
const ret = (seconds: number): Float => lnr(close, lag(close, seconds));
const change = (seconds: number): Float => amount(sub(close, lag(close, seconds)));
const imbalance = (b: Int, s: Int): Float => ratio(sub(b, s), add(b, s));
/** (B − S) ÷ (B + S), 0 with no volume. */
const tvi = (b: Int, s: Int): Float => when(eq(add(b, s), zero), float(0), imbalance(b, s));

const vwap_5s_dev = ratio(sub(mul(close, qty_5s), notional_5s), notional_5s);
const avg_trade_size = ratio(qty_1s, mul(n, int(1e8)));

/** −1 means "no trade": smaller than any threshold, so the flag is 0. A null threshold makes it null. */
const largest_5s = when(gt(n_5s, zero), max(bar("qty_max_e8"), 5), int(-1));
const large_threshold = blockQuantile(300, 95, 100);

const twice_close = mul(int(2), close);

/** Columns 1 to 19: trades alone. */
export const TRADE_COLUMNS: readonly Column[] = [
  column("ret_1s", "ln", "Log-return of the last trade price over 1 s.", ret(1)),
  column("ret_2s", "ln", "Log-return of the last trade price over 2 s.", ret(2)),
  column("ret_5s", "ln", "Log-return of the last trade price over 5 s.", ret(5)),
  column(
    "vwap_5s_dev",
    "ratio",
    "How far the last price is above the volume-weighted price of 5 s; 0 with no trade.",
    when(eq(n_5s, zero), float(0), vwap_5s_dev),
  ),
  column("n_trades_1s", "count", "Trades in the last 1 s.", toFloat(n)),
  column("n_trades_5s", "count", "Trades in the last 5 s.", toFloat(n_5s)),
  column("buy_vol_1s", "base", "Quantity bought by takers in 1 s.", amount(buy)),
  column("sell_vol_1s", "base", "Quantity sold by takers in 1 s.", amount(sell)),
  column("tvi_1s", "ratio", "Taker volume imbalance of 1 s, −1 to 1; 0 with no volume.", tvi(buy, sell)),
  column("buy_vol_5s", "base", "Quantity bought by takers in 5 s.", amount(buy_5s)),
  column("sell_vol_5s", "base", "Quantity sold by takers in 5 s.", amount(sell_5s)),
  column("tvi_5s", "ratio", "Taker volume imbalance of 5 s; 0 with no volume.", tvi(buy_5s, sell_5s)),
  column(
    "avg_trade_size_1s",
    "base",
    "Mean trade size of 1 s; 0 with no trade.",
    when(eq(n, zero), float(0), avg_trade_size),
  ),
  column(
    "vol_ret_10s",
    "ln",
    "Sample standard deviation of the last ten 1-second log-returns.",
    stddev(ret(1), 10),
  ),
  column(
    "burst_1s",
    "0/1",
    "1 if the last second's trade count exceeds the lower median of the 60 counts before it.",
    flag(gt(n, lag(median(n, 60), 1))),
  ),
  column(
    "large_trade_flag_5s",
    "0/1",
    "1 if the largest trade of 5 s reaches the 95th percentile of the previous 5-minute block's sizes.",
    flag(ge(largest_5s, large_threshold)),
  ),
  column(
    "time_since_last_trade_ms",
    "ms",
    "Whole milliseconds since the last trade.",
    toFloat(floorDiv(sub(nowUs, bar("last_trade_ts_us")), 1_000)),
  ),
  column("last_price_minus_1s", "quote", "Change of the last price over 1 s.", change(1)),
  column("last_price_minus_5s", "quote", "Change of the last price over 5 s.", change(5)),
];

export const v1 = featureSet({
  name: "v1",
  about:
    "The set the ten-second forecast is made from. Columns 1 to 19 read trades alone, 20 to 22 the best bid and ask.",
  terms: { qty_1s, qty_5s, notional_5s, n_5s, largest_5s, large_threshold },
  columns: [
    ...TRADE_COLUMNS,
    column("spread", "quote", "Best ask minus best bid.", amount(sub(ask, bid))),
    column(
      "mid_dev",
      "ratio",
      "How far the mid price is above the last trade price.",
      ratio(sub(add(bid, ask), twice_close), twice_close),
    ),
    column(
      "book_imbalance",
      "ratio",
      "Imbalance of the sizes at best bid and ask.",
      imbalance(bid_qty, ask_qty),
    ),
  ],
});
