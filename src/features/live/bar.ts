/**
 * The events of one second [s, s+1), folded as they come, in any order: first and last are decided by id,
 * never by arrival or time. Bars of several seconds are open at once, since streams run ahead of each other;
 * a closed bar is cleared and used again.
 */

import type { Int64 } from "../../base/units.ts";
import type { QuoteEvent, TradeEvent } from "../../binance/events.ts";
import type { BookSums } from "../algebra/columns.ts";
import { IntegerSum, ProductSum } from "../algebra/exact_sum.ts";

export class SecondBar {
  sec = -1;

  n = 0;
  n_buy = 0;
  open_e8 = 0;
  high_e8 = 0;
  low_e8 = 0;
  close_e8 = 0;
  qty_max_e8: Int64 = 0;
  first_trade_epoch = 0;
  first_trade_id = 0;
  last_trade_epoch = 0;
  last_trade_id = 0;
  last_trade_ts_us = 0;
  readonly buy_qty_e8 = new IntegerSum();
  readonly sell_qty_e8 = new IntegerSum();
  readonly notional_e16 = new ProductSum();

  n_quotes = 0;
  bid_price_e8 = 0;
  bid_qty_e8: Int64 = 0;
  ask_price_e8 = 0;
  ask_qty_e8: Int64 = 0;
  quote_epoch = 0;
  quote_update_id = 0;
  quote_ts_us = 0;

  book: BookSums | undefined;

  /** Latest break of the quotes in this second (µs); −1 where there was none. */
  marker_us = -1;
  /** Latest event of this second (µs); −1 where there was none. */
  newest_us = -1;

  reset(sec: number): void {
    this.sec = sec;
    this.n = 0;
    this.n_buy = 0;
    this.qty_max_e8 = 0;
    this.buy_qty_e8.clear();
    this.sell_qty_e8.clear();
    this.notional_e16.clear();
    this.n_quotes = 0;
    this.book = undefined;
    this.marker_us = -1;
    this.newest_us = -1;
  }

  addTrade(trade: TradeEvent): void {
    const { epoch, trade_id, price_e8, qty_e8, ts_us } = trade;
    if (this.n === 0) this.#firstTrade(trade);
    else {
      if (isBefore(epoch, trade_id, this.first_trade_epoch, this.first_trade_id)) {
        this.first_trade_epoch = epoch;
        this.first_trade_id = trade_id;
        this.open_e8 = price_e8;
      }
      if (isBefore(this.last_trade_epoch, this.last_trade_id, epoch, trade_id)) {
        this.last_trade_epoch = epoch;
        this.last_trade_id = trade_id;
        this.close_e8 = price_e8;
        this.last_trade_ts_us = ts_us;
      }
      if (price_e8 > this.high_e8) this.high_e8 = price_e8;
      if (price_e8 < this.low_e8) this.low_e8 = price_e8;
    }
    this.n += 1;
    if (trade.is_buyer_maker) this.sell_qty_e8.add(qty_e8);
    else {
      this.n_buy += 1;
      this.buy_qty_e8.add(qty_e8);
    }
    this.notional_e16.add(price_e8, qty_e8);
    if (qty_e8 > this.qty_max_e8) this.qty_max_e8 = qty_e8;
    if (ts_us > this.newest_us) this.newest_us = ts_us;
  }

  #firstTrade(trade: TradeEvent): void {
    this.first_trade_epoch = trade.epoch;
    this.last_trade_epoch = trade.epoch;
    this.first_trade_id = trade.trade_id;
    this.last_trade_id = trade.trade_id;
    this.last_trade_ts_us = trade.ts_us;
    this.open_e8 = trade.price_e8;
    this.high_e8 = trade.price_e8;
    this.low_e8 = trade.price_e8;
    this.close_e8 = trade.price_e8;
  }

  addQuote(quote: QuoteEvent): void {
    const { epoch, update_id } = quote;
    if (this.n_quotes === 0 || isBefore(this.quote_epoch, this.quote_update_id, epoch, update_id)) {
      this.quote_epoch = epoch;
      this.quote_update_id = quote.update_id;
      this.quote_ts_us = quote.ts_us;
      this.bid_price_e8 = quote.bid_price_e8;
      this.bid_qty_e8 = quote.bid_qty_e8;
      this.ask_price_e8 = quote.ask_price_e8;
      this.ask_qty_e8 = quote.ask_qty_e8;
    }
    this.n_quotes += 1;
    if (quote.ts_us > this.newest_us) this.newest_us = quote.ts_us;
  }
}

/** Ids compare within an epoch; a later epoch is after all of an earlier one. */
export const isBefore = (epoch: number, id: number, other_epoch: number, other_id: number): boolean =>
  epoch === other_epoch ? id < other_id : epoch < other_epoch;
