/** Trades: consecutive ids, prices near those of book and quotes. */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { SetAside, TradeEvent } from "../events.ts";
import type { TradeLedger } from "../trade_ledger.ts";
import { borneOutByPrice, idReach, impossibleTrade, withinBand } from "./row_faults.ts";
import type { Numbering, StreamChecks } from "./stream_checks.ts";
import type { Witnesses } from "./witnesses.ts";

const AGE_US = LIMITS.belief_price_age_s_max * US_PER_SEC;

export class TradeChecks implements StreamChecks<TradeEvent> {
  readonly impossible = impossibleTrade;
  readonly #witnesses: Witnesses;
  readonly #ledger: TradeLedger;
  #epoch = 0;
  #ts_us = 0;
  /** The last id of an earlier run of the service: a numbering that begins below it, later, is a new one. */
  #resumed_id = -1;

  constructor(witnesses: Witnesses, ledger: TradeLedger) {
    this.#witnesses = witnesses;
    this.#ledger = ledger;
  }

  get numbering(): Numbering {
    return { epoch: this.#epoch, id: this.#highest(), ts_us: this.#ts_us };
  }

  resume({ epoch, id, ts_us }: Numbering): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    // A run that has already begun without it has newer values.
    if (this.#ledger.highest !== undefined) return;
    this.#resumed_id = id;
    this.#ts_us = ts_us;
  }

  /**
   * History up to this trade enters the ledger, apart from here. Where it is below what an earlier run had got to,
   * and later, the exchange has begun to count from the start again in between.
   */
  learn({ trade_id, ts_us }: TradeEvent): void {
    const renumbered = this.#ledger.highest === undefined && trade_id < this.#resumed_id;
    if (renumbered && ts_us > this.#ts_us + LIMITS.belief_history_disorder_us_max) {
      this.#epoch += 1;
      this.#resumed_id = -1;
    }
    if (ts_us > this.#ts_us) this.#ts_us = ts_us;
  }

  isOld({ trade_id, ts_us }: TradeEvent): boolean {
    return trade_id <= this.#highest() && ts_us <= this.#ts_us;
  }

  /** Whether it is what usually comes: the next id, a price near the last one. Then it is believed. */
  isNext({ trade_id, ts_us, price_e8, qty_e8 }: TradeEvent): boolean {
    const { trade } = this.#witnesses;
    if (trade_id !== this.#highest() + 1 || !(price_e8 > 0 && qty_e8 > 0)) return false;
    if (ts_us - trade.ts_us > AGE_US || !withinBand(price_e8, trade.price_e8)) return false;
    if (ts_us > this.#ts_us) this.#ts_us = ts_us;
    trade.ts_us = ts_us;
    trade.price_e8 = price_e8;
    return true;
  }

  doubt(row: TradeEvent): SetAside | undefined {
    return this.#idDoubt(row) ?? (this.#priceIsLikely(row) ? undefined : "price_band");
  }

  bearsOut(row: TradeEvent, next: TradeEvent): boolean {
    if (impossibleTrade(next)) return false;
    if (this.#idDoubt(row) && !follows(row, next)) return false;
    return this.#priceIsLikely(row) || withinBand(row.price_e8, next.price_e8);
  }

  /** A jump within reach is trades lost, which happens; anything else does not happen by itself. */
  believedAlone(row: TradeEvent): boolean {
    return this.#idDoubt(row) === "id_ahead" && this.#isWithinReach(row) && this.#priceIsLikely(row);
  }

  /** Ids that do not go on from the highest are a new numbering: which trades have come is counted from here. */
  believe(row: TradeEvent, doubted: boolean): TradeEvent {
    const doubt = doubted ? this.#idDoubt(row) : undefined;
    if (doubt === "id_behind" || (doubt === "id_ahead" && !this.#isWithinReach(row))) {
      this.#epoch += 1;
      this.#resumed_id = -1;
      this.#ledger.reset();
    }
    if (row.ts_us > this.#ts_us) this.#ts_us = row.ts_us;
    const { trade } = this.#witnesses;
    trade.ts_us = row.ts_us;
    trade.price_e8 = row.price_e8;
    return this.stamp(row);
  }

  stamp(row: TradeEvent): TradeEvent {
    return row.epoch === this.#epoch ? row : { ...row, epoch: this.#epoch };
  }

  #highest(): number {
    return this.#ledger.highest ?? this.#resumed_id;
  }

  #isWithinReach({ trade_id, ts_us }: TradeEvent): boolean {
    return trade_id - this.#highest() <= idReach(ts_us - this.#ts_us);
  }

  #idDoubt({ trade_id, ts_us }: TradeEvent): SetAside | undefined {
    const highest = this.#highest();
    if (trade_id === highest + 1 || highest < 0) return undefined;
    if (trade_id > highest) return "id_ahead";
    // A trade that comes again, or late, has a time that is not new.
    return ts_us > this.#ts_us ? "id_behind" : undefined;
  }

  #priceIsLikely({ price_e8, ts_us }: TradeEvent): boolean {
    const { trade } = this.#witnesses;
    if (ts_us - trade.ts_us <= AGE_US && withinBand(price_e8, trade.price_e8)) return true;
    return borneOutByPrice([price_e8, price_e8], ts_us, this.#witnesses.all());
  }
}

const follows = (row: TradeEvent, next: TradeEvent): boolean =>
  next.trade_id >= row.trade_id && next.trade_id - row.trade_id <= idReach(next.ts_us - row.ts_us);
