/** Quotes: 0 < bid < ask, ids that rise with time, prices near those of book and trades. */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { QuoteEvent, SetAside } from "../events.ts";
import { borneOutByPrice, idReach, impossibleQuote, withinBand } from "./row_faults.ts";
import type { Numbering, StreamChecks } from "./stream_checks.ts";
import type { Witnesses } from "./witnesses.ts";

const IDS_AHEAD = LIMITS.belief_ids_ahead_max;
const AGE_US = LIMITS.belief_price_age_s_max * US_PER_SEC;

export class QuoteChecks implements StreamChecks<QuoteEvent> {
  readonly impossible = impossibleQuote;
  readonly #witnesses: Witnesses;
  #epoch = 0;
  #id = -1;
  #ts_us = 0;

  constructor(witnesses: Witnesses) {
    this.#witnesses = witnesses;
  }

  get numbering(): Numbering {
    return { epoch: this.#epoch, id: this.#id, ts_us: this.#ts_us };
  }

  resume({ epoch, id, ts_us }: Numbering): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    // A run that has already begun without it has newer values.
    if (this.#id >= 0) return;
    this.#id = id;
    this.#ts_us = ts_us;
  }

  isOld({ update_id, ts_us }: QuoteEvent): boolean {
    return update_id <= this.#id && ts_us <= this.#ts_us;
  }

  /** Whether it is what usually comes: an id a little higher, prices near the last ones. Then it is believed. */
  isNext({ update_id, ts_us, bid_price_e8, ask_price_e8 }: QuoteEvent): boolean {
    const { quote } = this.#witnesses;
    const ahead = update_id - this.#id;
    if (!(ahead > 0 && ahead <= IDS_AHEAD && bid_price_e8 > 0 && bid_price_e8 < ask_price_e8)) return false;
    if (ts_us - quote.ts_us > AGE_US) return false;
    if (!near(bid_price_e8, quote.price_e8) || !near(ask_price_e8, quote.price_e8)) return false;
    this.#id = update_id;
    if (ts_us > this.#ts_us) this.#ts_us = ts_us;
    quote.ts_us = ts_us;
    quote.price_e8 = (bid_price_e8 + ask_price_e8) / 2;
    return true;
  }

  doubt(row: QuoteEvent): SetAside | undefined {
    return this.#idDoubt(row) ?? (this.#priceIsLikely(row) ? undefined : "price_band");
  }

  bearsOut(row: QuoteEvent, next: QuoteEvent): boolean {
    if (impossibleQuote(next) || next.ts_us < row.ts_us) return false;
    if (this.#idDoubt(row) && !follows(row, next)) return false;
    return (
      this.#priceIsLikely(row) ||
      (near(row.bid_price_e8, next.bid_price_e8) && near(row.ask_price_e8, next.ask_price_e8))
    );
  }

  believedAlone(): boolean {
    return false;
  }

  /**
   * Ids that do not go on from the last one are a new numbering: the exchange has begun to count from the
   * start again.
   */
  believe(row: QuoteEvent, doubted: boolean): QuoteEvent {
    if (doubted && this.#idDoubt(row)) {
      this.#epoch += 1;
      this.#id = -1;
    }
    if (row.update_id > this.#id) this.#id = row.update_id;
    if (row.ts_us > this.#ts_us) this.#ts_us = row.ts_us;
    const { quote } = this.#witnesses;
    quote.ts_us = row.ts_us;
    quote.price_e8 = (row.bid_price_e8 + row.ask_price_e8) / 2;
    return this.stamp(row);
  }

  stamp(row: QuoteEvent): QuoteEvent {
    return row.epoch === this.#epoch ? row : { ...row, epoch: this.#epoch };
  }

  #idDoubt({ update_id, ts_us }: QuoteEvent): SetAside | undefined {
    if (this.#id < 0) return undefined;
    if (update_id > this.#id) {
      const leap = update_id - this.#id;
      if (leap <= IDS_AHEAD) return undefined;
      return leap > idReach(ts_us - this.#ts_us) ? "id_ahead" : undefined;
    }
    // An older quote that comes again, or late, has an older time too.
    return ts_us > this.#ts_us ? "id_behind" : undefined;
  }

  #priceIsLikely({ bid_price_e8, ask_price_e8, ts_us }: QuoteEvent): boolean {
    const { quote } = this.#witnesses;
    if (
      ts_us - quote.ts_us <= AGE_US &&
      near(bid_price_e8, quote.price_e8) &&
      near(ask_price_e8, quote.price_e8)
    ) {
      return true;
    }
    return borneOutByPrice([bid_price_e8, ask_price_e8], ts_us, this.#witnesses.all());
  }
}

const near = withinBand;

const follows = (row: QuoteEvent, next: QuoteEvent): boolean =>
  next.update_id >= row.update_id && next.update_id - row.update_id <= idReach(next.ts_us - row.ts_us);
