/**
 * The quotes that were current at the last instants, for outcomes and labels: what the mid was at t, asked
 * for a while after t.
 */

import { LIMITS } from "../../base/limits.ts";
import { added, type Int64, US_PER_SEC } from "../../base/units.ts";
import { COLUMN_INDEX } from "../algebra/columns.ts";
import { lnr } from "../algebra/lnr.ts";
import type { Instant } from "./instant.ts";

/** The best bid and ask as of an instant. */
export interface StandingQuote {
  readonly bid_price_e8: number;
  readonly bid_qty_e8: Int64;
  readonly ask_price_e8: number;
  readonly ask_qty_e8: Int64;
  readonly update_id: number;
  readonly ts_us: number;
}

const QUOTE_COLUMNS = [
  COLUMN_INDEX.bid_price_e8,
  COLUMN_INDEX.ask_price_e8,
  COLUMN_INDEX.quote_update_id,
  COLUMN_INDEX.quote_ts_us,
] as const;
const WIDTH = QUOTE_COLUMNS.length + 2;
const [T_SEC, MARKER_US] = [QUOTE_COLUMNS.length, QUOTE_COLUMNS.length + 1];
const KEPT = LIMITS.bars_kept_min;

export class RecentQuotes {
  readonly #rows = new Float64Array(KEPT * WIDTH).fill(Number.NaN);
  /** Quantities at the best bid and ask, by instant. */
  readonly #qtys = new Array<Int64 | null>(2 * KEPT).fill(null);

  record(instant: Instant): void {
    const row = (instant.t_sec % KEPT) * WIDTH;
    for (let index = 0; index < QUOTE_COLUMNS.length; index += 1) {
      this.#rows[row + index] = instant.numbers[QUOTE_COLUMNS[index]!]!;
    }
    const place = 2 * (instant.t_sec % KEPT);
    this.#qtys[place] = instant.wides[COLUMN_INDEX.bid_qty_e8]!;
    this.#qtys[place + 1] = instant.wides[COLUMN_INDEX.ask_qty_e8]!;
    this.#rows[row + T_SEC] = instant.t_sec;
    this.#rows[row + MARKER_US] = instant.marker_us;
  }

  /** The row's offset, or −1 where the instant is not kept: too old, or not reached yet. */
  #rowOf(t_sec: number): number {
    const row = (t_sec % KEPT) * WIDTH;
    return this.#rows[row + T_SEC] === t_sec ? row : -1;
  }

  quoteAsOf(t_sec: number): StandingQuote | undefined {
    const row = this.#rowOf(t_sec);
    if (row < 0 || Number.isNaN(this.#rows[row]!)) return undefined;
    const value = (index: number): number => this.#rows[row + index]!;
    const place = 2 * (t_sec % KEPT);
    return {
      bid_price_e8: value(0),
      bid_qty_e8: this.#qtys[place]!,
      ask_price_e8: value(1),
      ask_qty_e8: this.#qtys[place + 1]!,
      update_id: value(2),
      ts_us: value(3),
    };
  }

  /** Undefined also past 2^53 − 1, a price of 45 million. */
  midSumAsOf(t_sec: number): number | undefined {
    const row = this.#rowOf(t_sec);
    if (row < 0) return undefined;
    const sum = this.#rows[row]! + this.#rows[row + 1]!;
    return Number.isSafeInteger(sum) ? sum : undefined;
  }

  /** In whole integers throughout, so it has no bound of its own. */
  label(t_sec: number, horizon_s: number): number | undefined {
    const now = this.quoteAsOf(t_sec);
    const then = this.quoteAsOf(t_sec + horizon_s);
    if (now === undefined || then === undefined) return undefined;
    const marker_us = this.#rows[this.#rowOf(t_sec + horizon_s) + MARKER_US]!;
    return marker_us >= t_sec * US_PER_SEC ? undefined : lnr(midSum(then), midSum(now));
  }
}

const midSum = (quote: StandingQuote): Int64 => added(quote.bid_price_e8, quote.ask_price_e8);
