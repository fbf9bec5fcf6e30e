/**
 * What a lane has taken since its look-back was asked for, while it goes on without it: an engine that is built
 * from the look-back catches up with this. Bounded; past the bound it is dropped, and the look-back has to be
 * fetched again.
 */

import { LIMITS } from "../../base/limits.ts";
import type { Micros } from "../../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../binance/events.ts";
import type { TradeGap } from "../../binance/trade_ledger.ts";

/** A break and, where ids jumped, the ones that did not come. */
export interface KeptBreak {
  readonly event: DisconnectEvent;
  readonly gap: TradeGap | undefined;
  /** It has ended, and no trade was missing. */
  readonly complete: boolean;
}

export class SinceHold {
  /** Exchange time when the hold began; undefined where no event came before the lane went on. */
  readonly since_us: Micros | undefined;
  /** By id. */
  readonly trades = new Map<number, { readonly trade: TradeEvent; readonly late: boolean }>();
  /** Late ones left out: no bar holds them. */
  readonly quotes: QuoteEvent[] = [];
  readonly breaks: KeptBreak[] = [];
  readonly #events_max: number;
  #overflowed = false;
  #earliest_us = Number.POSITIVE_INFINITY;

  constructor(since_us?: Micros, events_max: number = LIMITS.warm_up_events_max) {
    this.since_us = since_us;
    this.#events_max = events_max;
  }

  get firstTrade(): TradeEvent | undefined {
    return this.trades.values().next().value?.trade;
  }

  /** Exchange time of the earliest event kept that counts (µs); ∞ where there is none. */
  get earliest_us(): number {
    return this.#earliest_us;
  }

  /** More came than is kept: an engine cannot catch up from this. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  trade(trade: TradeEvent, late: boolean): void {
    if (!this.#room()) return;
    this.trades.set(trade.trade_id, { trade, late });
    if (!late) this.#reach(trade.ts_us);
  }

  quote(quote: QuoteEvent, late: boolean): void {
    if (late || !this.#room()) return;
    this.quotes.push(quote);
    this.#reach(quote.ts_us);
  }

  /** `event.ts_us` is the time the break counts from. */
  disconnect(event: DisconnectEvent, gap?: TradeGap): void {
    if (!this.#room()) return;
    this.breaks.push({ event, gap: gap && { ...gap }, complete: false });
    this.#reach(event.ts_us);
  }

  /** A break has ended; one of before the hold is not kept here. */
  ended(event: DisconnectEvent, complete: boolean): void {
    const index = this.#indexOf(event);
    if (index >= 0) this.breaks[index] = { ...this.breaks[index]!, event, complete };
  }

  /** Which trades the ended breaks have left out. */
  missing(ended: readonly DisconnectEvent[], gap: TradeGap): void {
    for (const event of ended) {
      const index = this.#indexOf(event);
      if (index >= 0) this.breaks[index] = { ...this.breaks[index]!, gap: { ...gap } };
    }
  }

  /** Which of the breaks a look-back has filled, `missing` being what is missing still, and which it has not. */
  breaksFilled(missing: readonly TradeGap[]): Record<"filled" | "open", DisconnectEvent[]> {
    const isFilled = ({ event, gap }: KeptBreak): boolean =>
      gap !== undefined &&
      event.fillable !== false &&
      !missing.some(({ from, to }) => from <= gap.to && to >= gap.from);
    const filled = this.breaks.filter(isFilled).map(({ event }) => event);
    // What quotes and book miss cannot be fetched, and what is complete need not be.
    const isOpen = (kept: KeptBreak): boolean =>
      !isFilled(kept) &&
      kept.event.fillable !== false &&
      !kept.complete &&
      (kept.event.stream ?? "all") !== "quote" &&
      kept.event.stream !== "depth";
    const open = this.breaks.filter(isOpen).map(({ event }) => event);
    return { filled, open };
  }

  holds(event: DisconnectEvent): boolean {
    return this.breaks.some((kept) => kept.event === event);
  }

  /** Nothing of it connects to what comes now: an engine cannot catch up. */
  drop(): void {
    this.#overflowed = true;
    this.trades.clear();
    this.quotes.length = 0;
    this.breaks.length = 0;
  }

  #reach(ts_us: number): void {
    if (ts_us < this.#earliest_us) this.#earliest_us = ts_us;
  }

  #indexOf({ stream, received_us }: DisconnectEvent): number {
    return this.breaks.findIndex(({ event }) => event.stream === stream && event.received_us === received_us);
  }

  #room(): boolean {
    const kept = this.trades.size + this.quotes.length + this.breaks.length;
    if (!this.#overflowed && kept < this.#events_max) return true;
    this.drop();
    return false;
  }
}
