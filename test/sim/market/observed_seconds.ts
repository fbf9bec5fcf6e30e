/** A source played for a number of seconds, seen as FEATURES.md sees it: one row a whole second t, of what came before t. */

import type { MarketSource } from "../../../src/binance/capture/market_source.ts";
import type { SbeMessage } from "../../../src/binance/sbe/messages.ts";

/** The exchange's time of a message: a trade's is its transact time. */
export function timeOf(message: SbeMessage): number {
  return Number(message.kind === "trades" ? message.transact_time_us : message.event_time_us);
}

export interface ObservedSeconds {
  readonly first_sec: number;
  /** Row k is as of first_sec + k; row 0 is empty. Of the last quote: bid + ask (e8), and its imbalance. */
  readonly mid_doubled: Float64Array;
  readonly imbalance: Float64Array;
  /** Of the second that ends there: trades, and (bought − sold) ÷ (bought + sold), 0 with no trade. */
  readonly trades: Float64Array;
  readonly flow: Float64Array;
  readonly quotes: Float64Array;
}

export function observe(source: MarketSource, seconds: number): ObservedSeconds {
  const first_sec = Math.floor(source.start_us / 1e6);
  const rows = (): Float64Array => new Float64Array(seconds + 1);
  const seen = {
    first_sec,
    mid_doubled: rows(),
    imbalance: rows(),
    trades: rows(),
    flow: rows(),
    quotes: rows(),
  };
  const messages = source.messages();
  let bought = 0;
  let sold = 0;
  let row = 1;
  for (;;) {
    const { message } = messages.next().value as { message: SbeMessage };
    for (const sec = Math.floor(timeOf(message) / 1e6); row <= sec - first_sec; ) {
      seen.flow[row] = bought + sold > 0 ? (bought - sold) / (bought + sold) : 0;
      bought = 0;
      sold = 0;
      if (++row > seconds) return seen;
      seen.mid_doubled[row] = seen.mid_doubled[row - 1]!;
      seen.imbalance[row] = seen.imbalance[row - 1]!;
    }
    if (message.kind === "trades") {
      seen.trades[row]! += message.trades.length;
      for (const trade of message.trades) {
        if (trade.is_buyer_maker) sold += Number(trade.qty);
        else bought += Number(trade.qty);
      }
    } else if (message.kind === "best_bid_ask") {
      const bid = Number(message.bid_qty);
      const ask = Number(message.ask_qty);
      seen.quotes[row]!++;
      seen.mid_doubled[row] = Number(message.bid_price) + Number(message.ask_price);
      seen.imbalance[row] = (bid - ask) / (bid + ask);
    }
  }
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return sum / values.length;
}

/** Pearson correlation of x(t) and y(t + lag). */
export function correlation(x: ArrayLike<number>, y: ArrayLike<number>, lag = 0): number {
  const x_mean = mean(x);
  const y_mean = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let index = 0; index + lag < x.length; index++) {
    const a = x[index]! - x_mean;
    const b = y[index + lag]! - y_mean;
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return xy / Math.sqrt(xx * yy);
}
