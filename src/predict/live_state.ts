/**
 * The current state of one symbol, in memory: last prices, the newest vector, the predictions of the
 * last while with their outcomes. Bounded; everything in it can be read again from the database.
 */

import type { Micros } from "../base/units.ts";
import type { DisconnectEvent, MarketEvent, QuoteEvent, StreamName, TradeEvent } from "../binance/events.ts";
import type { FeatureVector } from "../features/vector.ts";
import { RecentPredictions } from "./recent_predictions.ts";

export class LiveState {
  readonly symbol: string;
  last_trade: TradeEvent | undefined;
  /** Undefined after a disconnect until the next quote. */
  last_quote: QuoteEvent | undefined;
  vector: FeatureVector | undefined;
  /** Exchange time of the newest event in it; undefined before the first. */
  newest_event_us: Micros | undefined;
  /** When each stream last delivered (local clock). */
  readonly received_us = new Map<StreamName, Micros>();
  readonly predictions = new RecentPredictions();

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  /** Every event, believed or not. */
  onEvent(event: MarketEvent): void {
    switch (event.kind) {
      case "trade":
        this.received_us.set("trade", event.received_us);
        break;
      case "quote":
        this.received_us.set("bestBidAsk", event.received_us);
        break;
      case "depth_diff":
        this.received_us.set("depth", event.received_us);
        break;
      case "depth_snapshot":
        if (event.ts_us > 0) this.received_us.set("depth20", event.received_us);
        break;
    }
  }

  /** A believed trade. */
  onTrade(trade: TradeEvent): void {
    const { last_trade } = this;
    const is_newer =
      !last_trade || (trade.epoch - last_trade.epoch || trade.trade_id - last_trade.trade_id) > 0;
    if (is_newer) this.last_trade = trade;
  }

  /** A believed quote. */
  onQuote(quote: QuoteEvent): void {
    this.last_quote = quote;
  }

  onBreak({ stream = "all" }: DisconnectEvent): void {
    if (stream === "all" || stream === "quote") this.last_quote = undefined;
  }
}
