/**
 * The forecasts as trades, with what trading costs: one position at a time, taken at a forecast and closed a
 * horizon later, a taker's fee at both ends and half the spread each time. It is arithmetic on prices and
 * no test of a strategy; `caveat` says so wherever it is shown.
 */

import { meanOf, type TestRows } from "./test_rows.ts";

export interface TradingResult {
  readonly trades: number;
  /** Means of a trade, log-return. */
  readonly gross: number;
  readonly cost: number;
  readonly net: number;
  /** Sum of all, log-return. */
  readonly net_total: number;
  /** Mean ÷ sd of a trade's net return × √(trades a year at this rate); null with fewer than 30, or where all are equal. */
  readonly sharpe_a_year: number | null;
  /** Largest fall of the running sum from its highest point, log-return. */
  readonly drawdown_max: number;
  readonly win_rate: number | null;
  /** Sum of gains ÷ sum of losses; null without a loss. */
  readonly profit_factor: number | null;
  /** The running sum, at most 200 points. */
  readonly course: readonly { readonly ts_sec: number; readonly net_total: number }[];
}

export interface TradingView {
  /** A taker's fee at one end, share of the price. */
  readonly fee: number;
  /** Mean of the spread, share of the price; null where the set does not have it and it counts as 0. */
  readonly spread: number | null;
  /** A trade at every forecast that finds no position open. */
  readonly every: TradingResult;
  /** Only where the forecast exceeds its own cost. */
  readonly worthwhile: TradingResult;
  /** As `every`, for nothing: what the forecasts would be worth on a market without costs. */
  readonly free: TradingResult;
  readonly caveat: string;
}

/** Of one end: what a taker without discount pays at Binance spot. */
const FEE_TAKER = 0.001;
const COURSE_POINTS = 200;
const SHARPE_TRADES_MIN = 30;
const YEAR_S = 365 * 86_400;

const CAVEAT =
  "This does not mean that anyone would have earned or lost this: it takes every fill at the quoted price at once " +
  "and in any size, knows no queue, delay or impact, and covers one stretch of the past.";

export function tradingView(rows: TestRows, fee = FEE_TAKER): TradingView {
  const spread = rows.spread?.map((value, row) => value / rows.price[row]!);
  const costs = rows.y.map((_, row) => 2 * fee + (spread?.[row] ?? 0));
  const none = new Float64Array(costs.length);
  return {
    fee,
    spread: spread ? meanOf(spread, (value) => value) : null,
    every: trade(rows, costs, () => true),
    worthwhile: trade(rows, costs, (row) => Math.abs(rows.p[row]!) > costs[row]!),
    free: trade(rows, none, () => true),
    caveat: CAVEAT,
  };
}

function trade(rows: TestRows, costs: Float64Array, wanted: (row: number) => boolean): TradingResult {
  const { y, p, ts_sec, horizon_s } = rows;
  const taken: number[] = [];
  let free_sec = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < ts_sec.length; row++) {
    const at_sec = ts_sec[row]!;
    if (at_sec < free_sec || p[row] === 0 || !wanted(row)) continue;
    taken.push(row);
    free_sec = at_sec + horizon_s;
  }
  const gross = taken.map((row) => Math.sign(p[row]!) * y[row]!);
  const net = gross.map((value, index) => value - costs[taken[index]!]!);
  const average = (values: readonly number[]): number =>
    values.length > 0 ? meanOf(values, (value) => value) : 0;
  return {
    trades: taken.length,
    gross: average(gross),
    cost: average(taken.map((row) => costs[row]!)),
    net: average(net),
    ...accountOf(net),
    sharpe_a_year: sharpe(net, (ts_sec.at(-1) ?? 0) - (ts_sec[0] ?? 0)),
    course: courseOf(net, taken, ts_sec),
  };
}

function accountOf(
  net: readonly number[],
): Pick<TradingResult, "net_total" | "drawdown_max" | "win_rate" | "profit_factor"> {
  let net_total = 0;
  let highest = 0;
  let drawdown_max = 0;
  let gains = 0;
  let losses = 0;
  let wins = 0;
  for (const value of net) {
    net_total += value;
    highest = Math.max(highest, net_total);
    drawdown_max = Math.max(drawdown_max, highest - net_total);
    if (value > 0) {
      gains += value;
      wins++;
    } else losses -= value;
  }
  const win_rate = net.length > 0 ? wins / net.length : null;
  return { net_total, drawdown_max, win_rate, profit_factor: losses > 0 ? gains / losses : null };
}

function sharpe(net: readonly number[], span_s: number): number | null {
  if (net.length < SHARPE_TRADES_MIN || span_s <= 0) return null;
  const mean = meanOf(net, (value) => value);
  const sd = Math.sqrt(net.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (net.length - 1));
  return sd > 0 ? (mean / sd) * Math.sqrt((net.length / span_s) * YEAR_S) : null;
}

function courseOf(
  net: readonly number[],
  taken: readonly number[],
  ts_sec: Float64Array,
): TradingResult["course"] {
  const stride = Math.max(1, Math.ceil(net.length / COURSE_POINTS));
  const course: { ts_sec: number; net_total: number }[] = [];
  let net_total = 0;
  for (const [index, value] of net.entries()) {
    net_total += value;
    const last = index === net.length - 1;
    if (last || (index + 1) % stride === 0) course.push({ ts_sec: ts_sec[taken[index]!]!, net_total });
  }
  return course;
}
