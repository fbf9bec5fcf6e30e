/**
 * The order book of one symbol in integers at 1e-8. It applies what it is given: whether an update may be
 * applied at all is decided by the sequencer.
 */

import { LIMITS } from "../base/limits.ts";
import type { Int64, PriceE8, QtyE8, UpdateId } from "../base/units.ts";
import type { DepthDiffEvent, DepthSnapshotEvent, Levels } from "../binance/events.ts";
import { Ladder, type Side } from "./ladder.ts";

/** The best bid and ask. */
export interface Touch {
  readonly bid_price_e8: PriceE8;
  readonly bid_qty_e8: QtyE8;
  readonly ask_price_e8: PriceE8;
  readonly ask_qty_e8: QtyE8;
}

export interface Depth {
  readonly bids: Levels;
  readonly asks: Levels;
}

export class OrderBook {
  /** The last update applied to the book; undefined while it is empty. */
  update_id: UpdateId | undefined;
  readonly #bids: Ladder;
  readonly #asks: Ladder;

  constructor(options: { readonly levels_max?: number } = {}) {
    const levels_max = options.levels_max ?? LIMITS.book_levels_max;
    this.#bids = new Ladder("bid", levels_max);
    this.#asks = new Ladder("ask", levels_max);
  }

  /** Replaces the whole book. */
  applySnapshot(event: DepthSnapshotEvent): void {
    this.#bids.clear();
    this.#asks.clear();
    // Snapshots are written best first; from their end each level lands next to the one before.
    setLevels(this.#bids, event.bids, "worst_first");
    setLevels(this.#asks, event.asks, "worst_first");
    this.update_id = event.update_id;
  }

  /** Sets the levels of the diff, removing those of quantity 0; a level that is not there may be removed. */
  applyDiff(event: DepthDiffEvent): void {
    setLevels(this.#bids, event.bids, "as_written");
    setLevels(this.#asks, event.asks, "as_written");
    this.update_id = event.last_update_id;
  }

  clear(): void {
    this.#bids.clear();
    this.#asks.clear();
    this.update_id = undefined;
  }

  /** Undefined where a side is empty. */
  best(): Touch | undefined {
    if (this.#bids.size === 0 || this.#asks.size === 0) return undefined;
    return {
      // What a ladder holds came in through branded events.
      bid_price_e8: this.#bids.best_price_e8 as PriceE8,
      bid_qty_e8: this.#bids.best_qty_e8 as QtyE8,
      ask_price_e8: this.#asks.best_price_e8 as PriceE8,
      ask_qty_e8: this.#asks.best_qty_e8 as QtyE8,
    };
  }

  /** The best `n` levels per side, best first. */
  depth(n: number): Depth {
    return { bids: this.#bids.top(n), asks: this.#asks.top(n) };
  }

  /** Quantity over the best `n` levels of a side (1e-8), exact; it may exceed int8. */
  sums(side: Side, n: number): Int64 {
    return (side === "bid" ? this.#bids : this.#asks).sum(n);
  }

  /** A bid at or above an ask: no exchange has such a book, so an update was lost or misread. */
  get crossed(): boolean {
    if (this.#bids.size === 0 || this.#asks.size === 0) return false;
    return this.#bids.best_price_e8 >= this.#asks.best_price_e8;
  }

  get levels(): { readonly bids: number; readonly asks: number } {
    return { bids: this.#bids.size, asks: this.#asks.size };
  }

  /** Levels dropped because a side was full. */
  get levels_dropped(): number {
    return this.#bids.dropped + this.#asks.dropped;
  }
}

function setLevels(ladder: Ladder, levels: Levels, order: "as_written" | "worst_first"): void {
  const count = levels.length >> 1;
  for (let i = 0; i < count; i++) {
    const at = 2 * (order === "as_written" ? i : count - 1 - i);
    ladder.set(levels[at]! as number, levels[at + 1]!);
  }
}
