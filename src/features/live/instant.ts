/**
 * The state of one symbol as of an instant t: the columns of `columns.ts`, filled from the bar that has just
 * closed and from what carries forward. "Last" means highest (epoch, id) among the events with time < t, across
 * seconds too: a later second whose ids are lower does not replace an earlier one's.
 */

import { type Int64, narrowed } from "../../base/units.ts";
import { BAR_COLUMN_NAMES, BOOK_SUMS, COLUMN_INDEX } from "../algebra/columns.ts";
import { isBefore, type SecondBar } from "./bar.ts";

const AT = COLUMN_INDEX;

export class Instant {
  /** The instant (seconds since the epoch). */
  t_sec = 0;
  /** Columns that fit 2^53, by `COLUMN_INDEX`; NaN is null. */
  readonly numbers = new Float64Array(BAR_COLUMN_NAMES.length).fill(Number.NaN);
  /** The wide columns (quantities and their sums), by the same index. */
  readonly wides: (Int64 | null)[] = new Array<Int64 | null>(BAR_COLUMN_NAMES.length).fill(null);
  /** Latest break of the quotes with time < t (µs); −1 where there was none. */
  marker_us = -1;
  /** Latest event with time < t (µs); −1 before the first. */
  newest_us = -1;

  #trade_epoch = 0;
  #last_trade_id = -1;
  #quote_epoch = 0;
  #quote_update_id = -1;
  #quote_ts_us = -1;
  #bid_price_e8 = 0;
  #bid_qty_e8: Int64 = 0;
  #ask_price_e8 = 0;
  #ask_qty_e8: Int64 = 0;

  /** Moves to the instant `t_sec`, by the bar of the second before it; `undefined` where that held nothing. */
  advance(t_sec: number, bar: SecondBar | undefined): void {
    this.t_sec = t_sec;
    if (bar) {
      if (bar.n > 0 && this.#isNewerTrade(bar)) this.#carryTrade(bar);
      if (bar.n_quotes > 0 && this.#isNewerQuote(bar)) this.#carryQuote(bar);
      if (bar.marker_us > this.marker_us) this.marker_us = bar.marker_us;
      if (bar.newest_us > this.newest_us) this.newest_us = bar.newest_us;
    }
    this.#writeTrades(bar && bar.n > 0 ? bar : undefined);
    this.#writeQuote(bar);
    this.#writeBook(bar);
  }

  #isNewerTrade(bar: SecondBar): boolean {
    return isBefore(this.#trade_epoch, this.#last_trade_id, bar.last_trade_epoch, bar.last_trade_id);
  }

  #isNewerQuote(bar: SecondBar): boolean {
    return isBefore(this.#quote_epoch, this.#quote_update_id, bar.quote_epoch, bar.quote_update_id);
  }

  #carryTrade(bar: SecondBar): void {
    this.#trade_epoch = bar.last_trade_epoch;
    this.#last_trade_id = bar.last_trade_id;
    this.numbers[AT.close_e8] = bar.close_e8;
    this.numbers[AT.last_trade_id] = bar.last_trade_id;
    this.numbers[AT.last_trade_ts_us] = bar.last_trade_ts_us;
  }

  #carryQuote(bar: SecondBar): void {
    this.#quote_epoch = bar.quote_epoch;
    this.#quote_update_id = bar.quote_update_id;
    this.#quote_ts_us = bar.quote_ts_us;
    this.#bid_price_e8 = bar.bid_price_e8;
    this.#bid_qty_e8 = bar.bid_qty_e8;
    this.#ask_price_e8 = bar.ask_price_e8;
    this.#ask_qty_e8 = bar.ask_qty_e8;
  }

  #writeTrades(bar: SecondBar | undefined): void {
    const { numbers, wides } = this;
    const close = numbers[AT.close_e8]!;
    numbers[AT.n] = bar ? bar.n : 0;
    numbers[AT.n_buy] = bar ? bar.n_buy : 0;
    numbers[AT.n_sell] = bar ? bar.n - bar.n_buy : 0;
    numbers[AT.open_e8] = bar ? bar.open_e8 : close;
    numbers[AT.high_e8] = bar ? bar.high_e8 : close;
    numbers[AT.low_e8] = bar ? bar.low_e8 : close;
    wides[AT.qty_max_e8] = bar ? bar.qty_max_e8 : 0;
    wides[AT.buy_qty_e8] = bar ? narrowed(bar.buy_qty_e8.value()) : 0;
    wides[AT.sell_qty_e8] = bar ? narrowed(bar.sell_qty_e8.value()) : 0;
    wides[AT.notional_e16] = bar ? bar.notional_e16.value() : 0;
  }

  /** A quote is current unless a disconnect came at or after it and before t. */
  #writeQuote(bar: SecondBar | undefined): void {
    const { numbers, wides } = this;
    const is_current = this.#quote_update_id >= 0 && this.#quote_ts_us > this.marker_us;
    numbers[AT.n_quotes] = bar ? bar.n_quotes : 0;
    numbers[AT.bid_price_e8] = is_current ? this.#bid_price_e8 : NaN;
    wides[AT.bid_qty_e8] = is_current ? this.#bid_qty_e8 : null;
    numbers[AT.ask_price_e8] = is_current ? this.#ask_price_e8 : NaN;
    wides[AT.ask_qty_e8] = is_current ? this.#ask_qty_e8 : null;
    numbers[AT.quote_update_id] = is_current ? this.#quote_update_id : NaN;
    numbers[AT.quote_ts_us] = is_current ? this.#quote_ts_us : NaN;
  }

  #writeBook(bar: SecondBar | undefined): void {
    const book = bar?.book;
    for (const name of BOOK_SUMS) this.wides[AT[name]] = book ? book[name] : null;
  }
}
