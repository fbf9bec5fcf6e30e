/**
 * What one symbol looks like right now, in memory: last prices, the newest vector, the predictions of the
 * last while with their outcomes. Bounded; everything in it can be had again from the database.
 */

import { LIMITS } from "../base/limits.ts";
import type { Micros } from "../base/units.ts";
import type { MarketEvent, QuoteEvent, StreamName, TradeEvent } from "../binance/events.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { Outcome, Prediction } from "./prediction.ts";

/** A prediction and, once known, what came of it; null until then and across a gap. */
export type JoinedPrediction = Prediction & Pick<Outcome, "realized_log_return_10s" | "realized_price">;

export class LiveState {
  readonly symbol: string;
  last_trade: TradeEvent | undefined;
  /** Undefined after a disconnect until the next quote. */
  last_quote: QuoteEvent | undefined;
  vector: FeatureVector | undefined;
  /** When each stream last delivered (local clock). */
  readonly received_us = new Map<StreamName, Micros>();
  /** Oldest first; outcomes are written into the entries as they arrive. */
  readonly #recent: JoinedPrediction[] = [];

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  get latest(): JoinedPrediction | undefined {
    return this.#recent.at(-1);
  }

  get recent(): readonly JoinedPrediction[] {
    return this.#recent;
  }

  onEvent(event: MarketEvent): void {
    switch (event.kind) {
      case "trade":
        this.received_us.set("trade", event.received_us);
        if (!this.last_trade || event.trade_id > this.last_trade.trade_id) this.last_trade = event;
        break;
      case "quote":
        this.received_us.set("bestBidAsk", event.received_us);
        this.last_quote = event;
        break;
      case "depth_diff":
        this.received_us.set("depth", event.received_us);
        break;
      case "depth_snapshot":
        if (event.ts_us > 0) this.received_us.set("depth20", event.received_us);
        break;
      case "disconnect":
        this.last_quote = undefined;
    }
  }

  onPrediction(prediction: Prediction): void {
    this.#recent.push({ ...prediction, realized_log_return_10s: null, realized_price: null });
    // Trimmed a tenth at a time, so that a push costs the same whenever it comes.
    if (this.#recent.length > LIMITS.predictions_kept * 1.1) {
      this.#recent.splice(0, this.#recent.length - LIMITS.predictions_kept);
    }
  }

  onOutcome(outcome: Outcome): void {
    for (let at = this.#recent.length - 1; at >= 0; at--) {
      const row = this.#recent[at]!;
      if (row.ts_sec < outcome.ts_sec) return;
      if (row.ts_sec !== outcome.ts_sec || row.model_version !== outcome.model_version) continue;
      const { realized_log_return_10s, realized_price } = outcome;
      this.#recent[at] = { ...row, realized_log_return_10s, realized_price };
      return;
    }
  }
}
