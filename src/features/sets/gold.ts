/**
 * Feature set gold: the last seconds of price, volume, quotes and book, and what is commonly engineered from
 * them. Every two seconds.
 */

import {
  add,
  bar,
  div,
  eq,
  float,
  int,
  lag,
  mul,
  ratio,
  stddev,
  sub,
  sum,
  toFloat,
  when,
} from "../algebra/build.ts";
import type { Bool, Float, Int } from "../algebra/expr.ts";
import {
  amount,
  ask,
  bid,
  buy,
  close,
  imbalance,
  n,
  notional,
  qty,
  ratioOr,
  ret,
  sell,
} from "../algebra/terms.ts";
import { column, featureSet } from "./feature_set.ts";
import { HOUR_COLUMNS } from "./hour_columns.ts";

const buy_5s = sum(buy, 5);
const sell_5s = sum(sell, 5);
const qty_5s = add(buy_5s, sell_5s);
const n_5s = sum(n, 5);
const notional_5s = sum(notional, 5);
const mid_sum = add(bid, ask);
const bid_depth = bar("bid_qty_top5_e8");
const ask_depth = bar("ask_qty_top5_e8");

const ret_1s = ret(1);
const volatility = stddev(ret_1s, 10);
const momentum = ret(30);
const spread_bp = ratio(mul(int(20_000), sub(ask, bid)), mid_sum);
const ob_imbalance = imbalance(bar("bid_qty_top20_e8"), bar("ask_qty_top20_e8"));

const zero = int(0);
const zeroIf = (condition: Bool, otherwise: Float): Float => when(condition, float(0), otherwise);

/** (close·Q − PQ) ÷ PQ, 0 with no trade. */
const vwapDev = (count: Int, q: Int, pq: Int): Float =>
  zeroIf(eq(count, zero), ratio(sub(mul(close, q), pq), pq));
const dollars = (e16: Int): Float => div(toFloat(e16), float(1e16));

export const gold = featureSet({
  name: "gold",
  about:
    "The last seconds of price, volume, quotes and book, and what is commonly engineered from them. Columns of the book are null while it is not in step with the exchange.",
  cadence_s: 2,
  terms: { qty, qty_5s, n_5s, notional_5s, mid_sum },
  columns: [
    column("price", "quote", "Last trade price.", amount(close)),
    column("mid_price", "quote", "Middle of best bid and ask.", div(toFloat(mid_sum), float(2e8))),
    column("ret_1s", "ln", "Log-return of the last trade price over 1 s.", ret_1s),
    column("ret_5s", "ln", "Log-return of the last trade price over 5 s.", ret(5)),
    column("ret_10s", "ln", "Log-return of the last trade price over 10 s.", ret(10)),
    column("volume_1s", "base", "Quantity traded in 1 s.", amount(qty)),
    column("volume_5s", "base", "Quantity traded in 5 s.", amount(qty_5s)),
    column(
      "vol_imbalance_1s",
      "ratio",
      "Taker volume imbalance of 1 s, −1 to 1; 0 with no volume.",
      imbalance(buy, sell),
    ),
    column(
      "vol_imbalance_5s",
      "ratio",
      "Taker volume imbalance of 5 s, −1 to 1; 0 with no volume.",
      imbalance(buy_5s, sell_5s),
    ),
    column("spread_bp", "bp", "Best ask minus best bid, in hundredths of a percent of the mid.", spread_bp),
    column(
      "ob_imbalance",
      "ratio",
      "Imbalance of the quantities over the best 20 levels per side, −1 to 1.",
      ob_imbalance,
    ),
    column("bid_strength", "base", "Quantity over the best 5 bid levels.", amount(bid_depth)),
    column("ask_strength", "base", "Quantity over the best 5 ask levels.", amount(ask_depth)),
    column("trade_intensity_1s", "count", "Trades in the last 1 s.", toFloat(n)),
    column(
      "avg_trade_size_1s",
      "base",
      "Mean trade size of 1 s; 0 with no trade.",
      zeroIf(eq(n, zero), ratio(qty, mul(n, int(1e8)))),
    ),
    column("dollar_volume_1s", "quote", "Amount of quote currency traded in 1 s.", dollars(notional)),
    column(
      "vwap_dev_1s",
      "ratio",
      "How far the last price is above the volume-weighted price of 1 s; 0 with no trade.",
      vwapDev(n, qty, notional),
    ),
    column(
      "vwap_dev_5s",
      "ratio",
      "How far the last price is above the volume-weighted price of 5 s; 0 with no trade.",
      vwapDev(n_5s, qty_5s, notional_5s),
    ),
    column(
      "price_volatility",
      "ln",
      "Sample standard deviation of the last ten 1-second log-returns.",
      volatility,
    ),
    column("momentum", "ln", "Log-return of the last trade price over 30 s.", momentum),

    column(
      "price_acceleration",
      "ln",
      "The last second's log-return less that of the second before.",
      sub(ret_1s, lag(ret_1s, 1)),
    ),
    column(
      "volume_momentum",
      "ratio",
      "The last second's volume as a multiple of the 5 s mean; 0 with no volume.",
      ratioOr(0, mul(int(5), qty), qty_5s),
    ),
    column(
      "vol_adj_ret_1s",
      "ratio",
      "1 s log-return in units of price_volatility; 0 where that is 0.",
      zeroIf(eq(volatility, float(0)), div(ret_1s, volatility)),
    ),
    column(
      "vol_adj_ret_5s",
      "ratio",
      "5 s log-return in units of price_volatility; 0 where that is 0.",
      zeroIf(eq(volatility, float(0)), div(ret(5), volatility)),
    ),
    column(
      "volume_change_5s",
      "ratio",
      "Growth of the 5 s volume against the 5 s before; 0 where those had none.",
      ratioOr(0, sub(qty_5s, lag(qty_5s, 5)), lag(qty_5s, 5)),
    ),
    column(
      "dollar_intensity",
      "quote",
      "Amount of quote currency a trade, over 1 s; 0 with no trade.",
      zeroIf(eq(n, zero), div(dollars(notional), toFloat(n))),
    ),
    column(
      "trade_size_trend",
      "ratio",
      "Mean trade size of 1 s as a multiple of that of 5 s; 0 with no trade in 1 s.",
      zeroIf(eq(n, zero), ratio(mul(qty, n_5s), mul(n, qty_5s))),
    ),
    column(
      "spread_adj_imbalance",
      "ratio",
      "ob_imbalance, weakened by a wide spread: over 1 + spread_bp.",
      div(ob_imbalance, add(float(1), spread_bp)),
    ),
    column(
      "bid_ask_ratio",
      "ratio",
      "bid_strength as a multiple of ask_strength; 0 where there is no ask.",
      ratioOr(0, bid_depth, ask_depth),
    ),
    column(
      "mid_last_diff",
      "quote",
      "Mid price minus last trade price.",
      div(toFloat(sub(mid_sum, mul(int(2), close))), float(2e8)),
    ),
    ...HOUR_COLUMNS,
    column("price_volume_int", "mixed", "Price with volume: ret_1s × volume_1s.", mul(ret_1s, amount(qty))),
    column(
      "spread_momentum_int",
      "mixed",
      "Spread with momentum: spread_bp × momentum.",
      mul(spread_bp, momentum),
    ),
    column(
      "vol_imbalance_int",
      "mixed",
      "Volatility with the book's imbalance: price_volatility × ob_imbalance.",
      mul(volatility, ob_imbalance),
    ),
  ],
});
