/** A set of what random expressions seldom hit: signs, zeros, nulls, widths and every way to read a window. */

import * as a from "../../../src/features/algebra/build.ts";
import { exponentialWeights } from "../../../src/features/algebra/exponential_weights.ts";
import type { Bool, Float, Int } from "../../../src/features/algebra/expr.ts";
import { column, featureSet } from "../../../src/features/sets/feature_set.ts";

const close = a.bar("close_e8");
const n = a.bar("n");
const bid = a.bar("bid_price_e8");
const notional = a.bar("notional_e16");
const change = a.sub(close, a.lag(close, 2));
const wide_change = a.sub(notional, a.lag(notional, 1));
const price = a.toFloat(close);
const change_float = a.toFloat(change);

const flagged = (name: string, condition: Bool): [string, Float] => [name, a.flag(condition)];
const whole = (name: string, value: Int): [string, Float] => [name, a.toFloat(value)];
const ops = { lt: a.lt, le: a.le, gt: a.gt, ge: a.ge, eq: a.eq, ne: a.ne } as const;

/** A comparison with a quantile, both ways round, of the window now and two seconds ago. */
const quantileComparisons = Object.entries(ops).flatMap(([name, op], index) => {
  const window = (step_s: number): Int => a.quantile(n, 7 + index, 3, 10, step_s);
  return [
    flagged(`n_${name}_quantile`, op(n, window(1))),
    flagged(`quantile_${name}_n`, op(window(3), n)),
    flagged(`n_${name}_quantile_2s_ago`, op(n, a.lag(window(1), 2))),
    flagged(`bid_${name}_median`, op(bid, a.lag(a.median(bid, 5 + index), 1))),
  ];
});

/** Windows long enough to be cut out of an array of all instants, and one that must not be: its values may be null. */
const longWindows: [string, Float][] = [
  whole("long_median", a.median(n, 30)),
  whole("long_median_7s_ago", a.lag(a.quantile(n, 41, 9, 10), 7)),
  flagged("n_above_long_quantile", a.gt(n, a.quantile(n, 33, 3, 4))),
  flagged("n_above_long_quantile_1s_ago", a.gt(n, a.lag(a.quantile(n, 60, 1, 2), 1))),
  flagged("n_below_long_quantile_3s_ago", a.lt(n, a.lag(a.quantile(n, 30, 1, 4), 3))),
  flagged("bid_above_long_median", a.gt(bid, a.lag(a.median(bid, 31), 1))),
];

const columns: [string, Float][] = [
  ...quantileComparisons,
  ...longWindows,
  whole("floor_of_negative", a.floorDiv(change, 1_000_000_007)),
  whole("floor_of_wide_negative", a.floorDiv(wide_change, 1_000_003)),
  whole("literals_alone", a.mul(a.int(3_000_000_000), a.sub(a.int(-2), a.int(2_000_000_000)))),
  whole("literals_past_bigint", a.mul(a.int(2 ** 52), a.int(-(2 ** 52)))),
  whole(
    "literal_branch",
    a.mul(a.when(a.gt(n, a.int(2)), a.int(2_000_000_000), a.int(-3)), a.int(2_000_000_000)),
  ),
  whole("zero_times_wide", a.floorDiv(a.mul(notional, a.int(0)), 7)),
  ["negative_zero", a.mul(a.float(-0), price)],
  ["negative_zero_branch", a.when(a.gt(change, a.int(0)), a.float(-0), a.float(0))],
  ["least_of_zeros", a.min(a.mul(change_float, a.float(-0)), 3)],
  ["tiny_literal", a.mul(a.float(-1.5e-300), a.float(3e5))],
  ["null_condition", a.when(a.gt(bid, close), a.float(1), price)],
  ["either", a.coalesce(a.toFloat(bid), a.coalesce(a.toFloat(a.bar("bid_qty_top5_e8")), a.float(-1)))],
  ["division_by_zero", a.div(price, change_float)],
  ["root_of_negative", a.sqrt(change_float)],
  ["wide_ratio", a.lnr(a.add(notional, a.int(1)), a.add(a.lag(notional, 1), a.int(1)))],
  ["ratio_of_negative", a.lnr(change, a.int(5))],
  ["ratio_far_apart", a.lnr(a.bar("qty_max_e8"), a.int(3))],
  whole("block_of_a_minute", a.blockQuantile(60, 1, 3)),
  whole("block_a_while_ago", a.lag(a.blockQuantile(300, 95, 100), 70)),
  whole("middle_size", a.median(a.bar("qty_max_e8"), 8)),
  ["middle_return", a.median(a.lnr(close, a.lag(close, 1)), 6, 2)],
  ["lower_return", a.quantile(a.lnr(close, a.lag(close, 1)), 9, 1, 4, 2)],
  ["deviation_apart", a.stddev(price, 4, 3)],
  ["deviation_of_pairs", a.stddev(a.lag(price, 3), 2)],
  ["exponential", a.weighted(price, exponentialWeights(3, 6), 2)],
  ["negative_weights", a.weighted(change_float, [-0.5, 1, -1e-9])],
  ["sum_of_sums", a.sum(a.sum(change_float, 3), 4, 2)],
  whole("wide_sum_apart", a.sum(wide_change, 5, 3)),
  whole("narrow_sum_gone_wide", a.sum(a.bar("last_trade_id"), 2_000)),
  whole("most_apart", a.max(bid, 4, 3)),
  whole("window_of_one", a.max(n, 1)),
  whole("age", a.floorDiv(a.sub(a.nowUs, a.bar("quote_ts_us")), 1_000)),
  ["hour", a.byHour(Array.from({ length: 24 }, (_, hour) => (hour - 12) / 7))],
  ["constant_seen_later", a.lag(a.float(0.1), 3)],
  ["mean_of_constant", a.mean(a.int(7), 3)],
];

export const corners = featureSet({
  name: "corners",
  columns: columns.map(([name, expr]) => column(name, "index", "", expr)),
});
