/**
 * What the exchange really said, kept beside the service under test: every trade's id and time, every quote, in
 * the market's own time. The account of a fault compares the service's record with this and with nothing else.
 */

import { US_PER_SEC } from "../../src/base/units.ts";
import type { MarketSource, SourceMessage } from "../../src/binance/capture/market_source.ts";
import type { BestBidAskMessage, TradesMessage } from "../../src/binance/sbe/messages.ts";
import { lnr } from "../../src/features/algebra/lnr.ts";

export class Truth {
  /** Exchange time of each trade (µs), by id. */
  readonly trades = new Map<number, number>();
  newest_trades: TradesMessage | undefined;
  newest_quote: BestBidAskMessage | undefined;
  /** Exchange time (µs) and bid + ask (e8) of each quote, in the order sent. */
  readonly #quote_us: number[] = [];
  readonly #mid_sums_e8: number[] = [];

  /** The same market, noted down as it is played. */
  observe(source: MarketSource): MarketSource {
    return { ...source, messages: () => this.#noted(source.messages()) };
  }

  #noted(messages: Iterator<SourceMessage>): Iterator<SourceMessage> {
    return {
      next: () => {
        const step = messages.next();
        if (!step.done) this.#note(step.value);
        return step;
      },
      return: () => messages.return?.() ?? { done: true, value: undefined },
    };
  }

  #note({ message }: SourceMessage): void {
    if (message.kind === "trades") {
      this.newest_trades = message;
      for (const { id } of message.trades) this.trades.set(Number(id), Number(message.transact_time_us));
    } else if (message.kind === "best_bid_ask") {
      this.newest_quote = message;
      this.#quote_us.push(Number(message.event_time_us));
      this.#mid_sums_e8.push(Number(message.bid_price) + Number(message.ask_price));
    }
  }

  /** bid + ask (e8) of the last quote with time < ts_sec; undefined before the first. */
  midSumAt(ts_sec: number): number | undefined {
    const ts_us = ts_sec * US_PER_SEC;
    let low = 0;
    let high = this.#quote_us.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#quote_us[middle]! < ts_us) low = middle + 1;
      else high = middle;
    }
    return this.#mid_sums_e8[low - 1];
  }

  /** Whether the market had this mid price between two moments, or at the first of them. */
  hadMid(price: number, from_us: number, to_us: number): boolean {
    const at = this.#quote_us.findIndex((ts_us) => ts_us >= from_us);
    for (let i = Math.max(0, (at < 0 ? this.#quote_us.length : at) - 1); i < this.#quote_us.length; i += 1) {
      if (i >= at && at >= 0 && this.#quote_us[i]! > to_us) return false;
      if (Math.abs(price / (this.#mid_sums_e8[i]! / 2e8) - 1) <= 1e-9) return true;
    }
    return false;
  }

  /** The label of FEATURES.md from the true quotes; undefined where either end has none. */
  label(ts_sec: number, horizon_s: number): number | undefined {
    const [now, then] = [this.midSumAt(ts_sec), this.midSumAt(ts_sec + horizon_s)];
    return now === undefined || then === undefined ? undefined : lnr(then, now);
  }
}
