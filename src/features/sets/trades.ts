/**
 * Feature set trades: what a history of trades alone can say, for the public archives hold no quotes. Columns 1 to
 * 19 are those of v1; the others look back further. With the label `last` it is trained on years of history.
 */

import {
  bar,
  blockQuantile,
  coalesce,
  div,
  floorDiv,
  ge,
  gt,
  int,
  lag,
  lt,
  max,
  mul,
  nowUs,
  ratio,
  sqrt,
  sub,
  sum,
  toFloat,
  when,
} from "../algebra/build.ts";
import type { Bool, Float, Int } from "../algebra/expr.ts";
import { amount, buy, close, imbalance, sell } from "../algebra/terms.ts";
import { type Column, column, featureSet } from "./feature_set.ts";
import { HOUR_COLUMNS } from "./hour_columns.ts";
import { TRADE_COLUMNS } from "./v1.ts";

const US_PER_SEC = 1_000_000;
/** How far back a large trade is looked for (s). */
const LARGE_S = 300;
/** How far back a second of the other taker side is looked for (s). */
const RUN_S = 60;

const zero = int(0);
const net = sub(buy, sell);

/** B − S over the last `seconds`, base units. */
const flow = (seconds: number): Column =>
  column(
    `flow_${seconds}s`,
    "base",
    `Signed order flow: quantity bought less quantity sold by takers in ${seconds} s.`,
    amount(sum(net, seconds)),
  );

const tvi = (seconds: number): Column =>
  column(
    `tvi_${seconds}s`,
    "ratio",
    `Taker volume imbalance of ${seconds} s, −1 to 1; 0 with no volume.`,
    imbalance(sum(buy, seconds), sum(sell, seconds)),
  );

const change = sub(close, lag(close, 1));
const change_squared = mul(change, change);

/** √Σ(change of the last price over 1 s)² ÷ the last price. The squares are integers, so a window is one exact sum. */
const realisedVolatility = (seconds: number): Column =>
  column(
    `realised_vol_${seconds}s`,
    "ratio",
    `Realised volatility of ${seconds} s: root of the sum of squared 1-second price changes, of the last price.`,
    div(sqrt(toFloat(sum(change_squared, seconds))), toFloat(close)),
  );

const large_threshold = blockQuantile(300, 95, 100);

/** The last instant within `seconds` at whose end the condition held (µs); without one, `seconds` ago. */
function lastTime(condition: Bool, seconds: number): Int {
  // A condition that is not known, because there is no threshold, did not hold.
  const at_us = coalesce(when(condition, nowUs, zero), zero);
  const found = max(at_us, seconds);
  return when(gt(found, zero), found, sub(nowUs, int(seconds * US_PER_SEC)));
}

const wholeSeconds = (us: Int): Float => toFloat(floorDiv(us, US_PER_SEC));
const last_large_us = lastTime(ge(bar("qty_max_e8"), large_threshold), LARGE_S);
const last_buying_us = lastTime(gt(net, zero), RUN_S);
const last_selling_us = lastTime(lt(net, zero), RUN_S);

export const trades = featureSet({
  name: "trades",
  about:
    "For histories of trades without quotes, as the exchange's archives are. Columns 1 to 19 are those of v1; the others look further back: signed order flow, realised volatility, large trades, runs of one taker side, the hour. A trade is large if it reaches the 95th percentile of the previous 5-minute block's sizes.",
  terms: {
    net,
    change,
    change_squared,
    large_threshold,
    last_large_us,
    last_buying_us,
    last_selling_us,
  },
  columns: [
    ...TRADE_COLUMNS,
    ...[1, 5, 10, 30, 60].map(flow),
    ...[10, 60].map(tvi),
    ...[10, 60, 300].map(realisedVolatility),
    column(
      "size_tail_60s",
      "ratio",
      "Largest trade of 60 s as a multiple of the 95th percentile of the previous 5-minute block's sizes.",
      ratio(max(bar("qty_max_e8"), 60), large_threshold),
    ),
    column(
      "time_since_large_trade_s",
      "s",
      "Whole seconds since the last second with a large trade; 300 with none in 300 s.",
      wholeSeconds(sub(nowUs, last_large_us)),
    ),
    column(
      "side_run_s",
      "s",
      "Seconds for which takers of one side have led: above 0 buyers, below 0 sellers, from the last second led by the others; at most 60.",
      wholeSeconds(sub(last_buying_us, last_selling_us)),
    ),
    ...HOUR_COLUMNS,
  ],
});
