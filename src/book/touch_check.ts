/**
 * Two sources of the best bid and ask: the book, rebuilt from a snapshot and diffs, and the exchange's own
 * quotes. Both name their last update; where it is the same, they must agree. The two streams run
 * apart, so each side waits, within bounds, for the other.
 */

import { LIMITS } from "../base/limits.ts";
import type { QuoteEvent } from "../binance/events.ts";
import type { OrderBook, Touch } from "./order_book.ts";

interface Sighting {
  readonly update_id: number;
  readonly touch: Touch;
}

export class TouchCheck {
  /** Updates that both book and quote reached. */
  compared = 0;
  /** Those at which prices and quantities were equal. */
  matches = 0;
  /** The last update at which they were not. */
  last_mismatch: { readonly update_id: number; readonly book: Touch; readonly quote: Touch } | undefined;
  readonly #kept_max: number;
  #epoch = 0;
  /** Ascending by update, both. */
  #books: Sighting[] = [];
  #quotes: Sighting[] = [];

  constructor(options: { readonly kept_max?: number } = {}) {
    this.#kept_max = options.kept_max ?? LIMITS.touch_check_kept_max;
  }

  onQuote(event: QuoteEvent): void {
    // Updates of another numbering are compared with none of before.
    if (event.epoch !== this.#epoch) this.onDisconnect();
    this.#epoch = event.epoch;
    this.#see(this.#quotes, { update_id: event.update_id, touch: event });
  }

  /** After each update of the book. */
  onBook(book: OrderBook): void {
    const touch = book.best();
    if (touch && book.update_id !== undefined) this.#see(this.#books, { update_id: book.update_id, touch });
  }

  /** Drops what waits for its counterpart; the counters stay. */
  onDisconnect(): void {
    this.#books = [];
    this.#quotes = [];
  }

  #see(kept: Sighting[], sighting: Sighting): void {
    const newest = kept.at(-1);
    if (newest && sighting.update_id <= newest.update_id) return;
    kept.push(sighting);
    this.#pair();
    if (kept.length > this.#kept_max) kept.shift();
  }

  /** Compares all pairs present; what can no longer have a counterpart is dropped. */
  #pair(): void {
    let books = 0;
    let quotes = 0;
    for (;;) {
      const book = this.#books[books];
      const quote = this.#quotes[quotes];
      if (!book || !quote) break;
      if (book.update_id === quote.update_id) this.#compare(book, quote);
      if (book.update_id <= quote.update_id) books += 1;
      if (quote.update_id <= book.update_id) quotes += 1;
    }
    if (books > 0) this.#books.splice(0, books);
    if (quotes > 0) this.#quotes.splice(0, quotes);
  }

  #compare(book: Sighting, quote: Sighting): void {
    this.compared += 1;
    if (sameTouch(book.touch, quote.touch)) this.matches += 1;
    else this.last_mismatch = { update_id: book.update_id, book: book.touch, quote: quote.touch };
  }
}

function sameTouch(a: Touch, b: Touch): boolean {
  return (
    a.bid_price_e8 === b.bid_price_e8 &&
    a.bid_qty_e8 === b.bid_qty_e8 &&
    a.ask_price_e8 === b.ask_price_e8 &&
    a.ask_qty_e8 === b.ask_qty_e8
  );
}
