/**
 * What a lane keeps of its last minutes, for an engine that is built from a look-back: the database may not
 * have it yet, or not answer. Bounded; what falls out is in the database or outside every window over quotes.
 */

import { LIMITS } from "../../base/limits.ts";
import { secondOf, US_PER_SEC } from "../../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../binance/events.ts";
import { RecentTrades } from "./recent_trades.ts";

const KEPT_S = LIMITS.bars_kept_min;

export class LaneMemory {
  /** The last quote of each second, at the second's remainder. */
  readonly #quotes = new Array<QuoteEvent | undefined>(KEPT_S).fill(undefined);
  #breaks: DisconnectEvent[] = [];
  readonly #late = new Set<number>();
  readonly trades: RecentTrades;

  /** @param look_back_s the longest a vector of the lane's sets can take to become warm. */
  constructor(symbol: string, look_back_s: number) {
    this.trades = new RecentTrades(symbol, look_back_s);
  }

  /** Late ones are not kept: no bar holds them. */
  quote(quote: QuoteEvent): void {
    const sec = secondOf(quote.ts_us);
    const at = sec % KEPT_S;
    const known = this.#quotes[at];
    if (!known || secondOf(known.ts_us) < sec || isLater(quote, known)) this.#quotes[at] = quote;
  }

  /** Ids mean other trades from here on. */
  renumbered(): void {
    this.#late.clear();
  }

  lateTrade(trade: TradeEvent): void {
    this.#late.add(trade.trade_id);
    if (this.#late.size <= LIMITS.late_trades_kept) return;
    const oldest = this.#late.values().next();
    if (!oldest.done) this.#late.delete(oldest.value);
  }

  /** `event.ts_us` is the time the break counts from. */
  disconnect(event: DisconnectEvent): void {
    this.#breaks.push(event);
    const oldest_us = event.ts_us - KEPT_S * US_PER_SEC;
    this.#breaks = this.#breaks.filter(({ ts_us }) => ts_us >= oldest_us).slice(-LIMITS.breaks_kept);
  }

  /** A break has ended; `event` says where. */
  ended(event: DisconnectEvent): void {
    const { stream, received_us } = event;
    const index = this.#breaks.findIndex(
      (kept) => kept.stream === stream && kept.received_us === received_us,
    );
    if (index >= 0) this.#breaks[index] = event;
  }

  /** In no order. */
  quotes(): QuoteEvent[] {
    return this.#quotes.filter((quote) => quote !== undefined);
  }

  breaks(): readonly DisconnectEvent[] {
    return this.#breaks;
  }

  wasLate(trade_id: number): boolean {
    return this.#late.has(trade_id);
  }
}

const isLater = (one: QuoteEvent, other: QuoteEvent): boolean =>
  secondOf(one.ts_us) === secondOf(other.ts_us) &&
  (one.epoch > other.epoch || (one.epoch === other.epoch && one.update_id > other.update_id));
