/**
 * Which trades of one symbol have come. Trade ids are consecutive per symbol, so a jump is a hole, and a hole
 * is what REST `historicalTrades` can fill. Everything between the lowest and the highest id seen is either
 * accepted or inside a missing range: that is the whole memory, so it stays small however long the run.
 */

import { LIMITS } from "../base/limits.ts";
import type { TradeId } from "../base/units.ts";

/** An exchange that counts from the start begins here, or at 0. */
export const FIRST_TRADE_ID = 1;

/** Trade ids not seen, both ends included. */
export interface TradeGap {
  readonly from: TradeId;
  readonly to: TradeId;
}

interface OpenGap {
  from: TradeId;
  to: TradeId;
}

export interface TradeLedgerCounters {
  /** Trades answered "new". */
  accepted: number;
  /** Trades answered "duplicate". */
  duplicates: number;
  /** Times an id jumped ahead and left a hole. */
  gaps: number;
  /** Trades that came after a higher id had been seen; part of `accepted`. */
  filled: number;
  /** Seen ids that count as missing again, because the two oldest ranges were made one. */
  forgotten: number;
}

export class TradeLedger {
  readonly counters: TradeLedgerCounters = { accepted: 0, duplicates: 0, gaps: 0, filled: 0, forgotten: 0 };
  readonly #gaps_max: number;
  #lowest: TradeId | undefined;
  #highest: TradeId | undefined;
  /** Ascending, never touching each other, all strictly between lowest and highest. */
  #gaps: OpenGap[] = [];

  constructor(options: { gaps_max?: number } = {}) {
    this.#gaps_max = Math.max(1, options.gaps_max ?? LIMITS.trade_gaps_max);
  }

  /** Highest id accepted so far. */
  get highest(): TradeId | undefined {
    return this.#highest;
  }

  /** The holes, oldest first; a view that changes with the next `accept`. */
  missing(): readonly TradeGap[] {
    return this.#gaps;
  }

  /**
   * Records a trade. Constant time for the next id; a binary search over the holes for any other. An id below
   * everything seen (history being filled from behind) is new, and what is between becomes a hole.
   */
  accept(id: TradeId): "new" | "duplicate" {
    const highest = this.#highest;
    if (highest !== undefined && id === highest + 1) {
      this.#highest = id;
      this.counters.accepted += 1;
      return "new";
    }
    if (highest === undefined || this.#lowest === undefined) {
      this.#lowest = id;
      this.#highest = id;
      this.counters.accepted += 1;
      return "new";
    }
    if (id > highest) return this.#jumpAhead(highest, id);
    if (id < this.#lowest) return this.#reachBack(this.#lowest, id);
    return this.#fill(id);
  }

  /** The exchange itself has no trade of these ids: they are no hole. */
  leaveOut({ from, to }: TradeGap): void {
    this.#gaps = this.#gaps.flatMap((gap) => {
      if (gap.to < from || gap.from > to) return [gap];
      const below = { from: gap.from, to: (from - 1) as TradeId }; // of the gap where from > gap.from
      const above = { from: (to + 1) as TradeId, to: gap.to }; // of the gap where to < gap.to
      return [below, above].filter((rest) => rest.from <= rest.to);
    });
    this.#bound();
  }

  /** Drops everything: the next id starts from nothing. The counters stay. */
  reset(): void {
    this.#lowest = undefined;
    this.#highest = undefined;
    this.#gaps = [];
  }

  #jumpAhead(highest: TradeId, id: TradeId): "new" {
    this.#gaps.push({ from: (highest + 1) as TradeId, to: (id - 1) as TradeId }); // both inside (highest, id)
    this.#highest = id;
    this.counters.gaps += 1;
    this.counters.accepted += 1;
    this.#bound();
    return "new";
  }

  #reachBack(lowest: TradeId, id: TradeId): "new" {
    if (id + 1 < lowest) {
      this.#gaps.unshift({ from: (id + 1) as TradeId, to: (lowest - 1) as TradeId }); // both inside (id, lowest)
      this.counters.gaps += 1;
    }
    this.#lowest = id;
    this.counters.accepted += 1;
    this.counters.filled += 1;
    this.#bound();
    return "new";
  }

  #fill(id: TradeId): "new" | "duplicate" {
    const index = this.#gapAtOrAfter(id);
    const gap = this.#gaps[index];
    if (!gap || id < gap.from) {
      this.counters.duplicates += 1;
      return "duplicate";
    }
    this.counters.accepted += 1;
    this.counters.filled += 1;
    if (gap.from === gap.to) this.#gaps.splice(index, 1);
    else if (id === gap.from)
      gap.from = (id + 1) as TradeId; // still ≤ gap.to
    else if (id === gap.to)
      gap.to = (id - 1) as TradeId; // still ≥ gap.from
    else {
      this.#gaps.splice(index + 1, 0, { from: (id + 1) as TradeId, to: gap.to });
      gap.to = (id - 1) as TradeId;
      this.#bound();
    }
    return "new";
  }

  /** Index of the first gap that ends at or after `id`. */
  #gapAtOrAfter(id: TradeId): number {
    let low = 0;
    let high = this.#gaps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#gaps[middle]!.to < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The join counts trades as missing that were seen. That is the safe side: a trade asked for again meets
  // the database's natural key, while a dropped hole would never be filled.
  #bound(): void {
    while (this.#gaps.length > this.#gaps_max) {
      const [oldest, next] = this.#gaps as [OpenGap, OpenGap];
      this.counters.forgotten += next.from - oldest.to - 1;
      oldest.to = next.to;
      this.#gaps.splice(1, 1);
    }
  }
}
