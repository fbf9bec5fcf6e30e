/**
 * The state of one symbol as of an instant t: the columns of `columns.ts`, filled from the bar that has just
 * closed and from what carries forward. "Last" means highest id among the events with time < t, across
 * seconds too: a later second whose ids are lower does not replace an earlier one's.
 */

import type { SecondBar } from "./bar.ts";
import { BAR_COLUMN_NAMES, COLUMN_INDEX } from "./columns.ts";

const AT = COLUMN_INDEX;

export class Instant {
  /** The instant (seconds since the epoch). */
  t_sec = 0;
  /** Columns that fit 2^53, by `COLUMN_INDEX`; NaN is null. */
  readonly numbers = new Float64Array(BAR_COLUMN_NAMES.length).fill(Number.NaN);
  /** The wide columns (quantity and notional sums), by the same index; never null. */
  readonly wides: bigint[] = new Array<bigint>(BAR_COLUMN_NAMES.length).fill(0n);
  /** Latest disconnect with time < t (µs); −1 where there was none. */
  marker_us = -1;
  /** Latest disconnect with time < t whose trades have not been fetched (µs); −1 where there was none. */
  hole_us = -1;
  /** Latest event with time < t (µs); −1 before the first. */
  newest_us = -1;

  #last_trade_id = -1;
  #quote_update_id = -1;
  #quote_ts_us = -1;
  readonly #quote = new Float64Array(4);

  /** Moves to the instant `t_sec`, by the bar of the second before it; `undefined` where that held nothing. */
  advance(t_sec: number, bar: SecondBar | undefined): void {
    this.t_sec = t_sec;
    if (bar) {
      if (bar.n > 0 && bar.last_trade_id > this.#last_trade_id) this.#carryTrade(bar);
      if (bar.n_quotes > 0 && bar.quote_update_id > this.#quote_update_id) this.#carryQuote(bar);
      if (bar.marker_us > this.marker_us) this.marker_us = bar.marker_us;
      if (bar.hole_us > this.hole_us) this.hole_us = bar.hole_us;
      if (bar.newest_us > this.newest_us) this.newest_us = bar.newest_us;
    }
    this.#writeTrades(bar && bar.n > 0 ? bar : undefined);
    this.#writeQuote(bar);
    this.#writeBook(bar);
  }

  #carryTrade(bar: SecondBar): void {
    this.#last_trade_id = bar.last_trade_id;
    this.numbers[AT.close_e8] = bar.close_e8;
    this.numbers[AT.last_trade_id] = bar.last_trade_id;
    this.numbers[AT.last_trade_ts_us] = bar.last_trade_ts_us;
  }

  #carryQuote(bar: SecondBar): void {
    this.#quote_update_id = bar.quote_update_id;
    this.#quote_ts_us = bar.quote_ts_us;
    this.#quote[0] = bar.bid_price_e8;
    this.#quote[1] = bar.bid_qty_e8;
    this.#quote[2] = bar.ask_price_e8;
    this.#quote[3] = bar.ask_qty_e8;
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
    numbers[AT.qty_max_e8] = bar ? bar.qty_max_e8 : 0;
    wides[AT.buy_qty_e8] = bar ? bar.buy_qty_e8.value() : 0n;
    wides[AT.sell_qty_e8] = bar ? bar.sell_qty_e8.value() : 0n;
    wides[AT.notional_e16] = bar ? bar.notional_e16.value() : 0n;
  }

  /** A quote stands unless a disconnect came at or after it and before t. */
  #writeQuote(bar: SecondBar | undefined): void {
    const { numbers } = this;
    const stands = this.#quote_update_id >= 0 && this.#quote_ts_us > this.marker_us;
    numbers[AT.n_quotes] = bar ? bar.n_quotes : 0;
    numbers[AT.bid_price_e8] = stands ? this.#quote[0]! : NaN;
    numbers[AT.bid_qty_e8] = stands ? this.#quote[1]! : NaN;
    numbers[AT.ask_price_e8] = stands ? this.#quote[2]! : NaN;
    numbers[AT.ask_qty_e8] = stands ? this.#quote[3]! : NaN;
    numbers[AT.quote_update_id] = stands ? this.#quote_update_id : NaN;
    numbers[AT.quote_ts_us] = stands ? this.#quote_ts_us : NaN;
  }

  #writeBook(bar: SecondBar | undefined): void {
    const { numbers } = this;
    const book = bar?.book;
    numbers[AT.bid_qty_top5_e8] = book ? book.bid_qty_top5_e8 : NaN;
    numbers[AT.ask_qty_top5_e8] = book ? book.ask_qty_top5_e8 : NaN;
    numbers[AT.bid_qty_top20_e8] = book ? book.bid_qty_top20_e8 : NaN;
    numbers[AT.ask_qty_top20_e8] = book ? book.ask_qty_top20_e8 : NaN;
  }
}
