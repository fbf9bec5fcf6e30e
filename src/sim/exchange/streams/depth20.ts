/**
 * The `@depth20` stream for a source that has none: the best twenty levels per side, every 50 ms of market
 * time in which the book has changed. A tick is noticed when the next message is played, so its frame leaves
 * just before that message, with the tick's own time in it.
 */

import type { SbeMessage } from "../../../binance/sbe/messages.ts";
import type { PaperMarket } from "../market.ts";

const EVERY_US = 50_000;
const LEVELS = 20;

export class Depth20 {
  readonly #market: PaperMarket;
  #off = false;
  #next_us = 0;
  #sent_update_id = -1;

  constructor(market: PaperMarket) {
    this.#market = market;
  }

  /** A source that sends its own snapshots needs none of ours. */
  see(message: SbeMessage): void {
    if (message.kind === "depth_snapshot") this.#off = true;
  }

  /** The snapshot that is due before a message sent at `at_us`, if there is one. */
  before(at_us: number): SbeMessage | undefined {
    if (this.#off || at_us < this.#next_us) return undefined;
    const tick_us = Math.floor(at_us / EVERY_US) * EVERY_US;
    this.#next_us = tick_us + EVERY_US;
    if (this.#market.last_update_id === this.#sent_update_id) return undefined;
    this.#sent_update_id = this.#market.last_update_id;
    const { last_update_id, bids, asks } = this.#market.depth(LEVELS);
    return {
      kind: "depth_snapshot",
      event_time_us: tick_us,
      book_update_id: last_update_id,
      price_exponent: -8,
      qty_exponent: -8,
      bids,
      asks,
      symbol: this.#market.symbol,
    };
  }
}
