/**
 * What happens in the simulated market as the exchange would write it: wire messages, with the times and
 * ids of the exchange. Times within a stream never decrease, nor does the time of sending.
 */

import type { SourceMessage } from "../../binance/capture/market_source.ts";
import type { WireTrade } from "../../binance/sbe/messages.ts";
import type { Grid, Touch } from "./book.ts";

const EXPONENT = -8;
/** From the event to its sending (µs). */
const SENDING_US = 30;

export class MarketMessages {
  readonly #symbol: string;
  readonly #grid: Grid;
  #sent_us = 0;
  #trade_event_us = 0;
  #next_trade_id: number;
  #fills: WireTrade[] = [];
  /** Messages since they were last taken. */
  #written: SourceMessage[] = [];

  constructor(options: { symbol: string; grid: Grid; first_trade_id: number }) {
    this.#symbol = options.symbol;
    this.#grid = options.grid;
    this.#next_trade_id = options.first_trade_id;
  }

  take(): SourceMessage[] {
    const written = this.#written;
    this.#written = [];
    return written;
  }

  quote(event_time_us: number, update_id: number, touch: Touch): void {
    const { tick_e8, step_e8 } = this.#grid;
    const at_us = this.#sendAt(event_time_us);
    this.#written.push({
      at_us,
      message: {
        kind: "best_bid_ask",
        event_time_us,
        book_update_id: update_id,
        price_exponent: EXPONENT,
        qty_exponent: EXPONENT,
        bid_price: touch.bid_tick * tick_e8,
        bid_qty: touch.bid_steps * step_e8,
        ask_price: touch.ask_tick * tick_e8,
        ask_qty: touch.ask_steps * step_e8,
        symbol: this.#symbol,
      },
    });
  }

  /** One fill of the order at hand. */
  fill(tick: number, steps: number, bought: boolean): void {
    this.#fills.push({
      id: this.#next_trade_id++,
      price: tick * this.#grid.tick_e8,
      qty: steps * this.#grid.step_e8,
      is_buyer_maker: !bought,
    });
  }

  /** All fills of one order are one message: they happened at one instant. */
  trades(transact_time_us: number, delay_us: number): void {
    const event_time_us = Math.max(this.#trade_event_us, transact_time_us + delay_us);
    this.#trade_event_us = event_time_us;
    this.#written.push({
      at_us: this.#sendAt(event_time_us),
      message: {
        kind: "trades",
        event_time_us,
        transact_time_us,
        price_exponent: EXPONENT,
        qty_exponent: EXPONENT,
        trades: this.#fills,
        symbol: this.#symbol,
      },
    });
    this.#fills = [];
  }

  diff(event_time_us: number, first_update_id: number, last_update_id: number, levels: DiffLevels): void {
    this.#written.push({
      at_us: this.#sendAt(event_time_us),
      message: {
        kind: "depth_diff",
        event_time_us,
        first_book_update_id: first_update_id,
        last_book_update_id: last_update_id,
        price_exponent: EXPONENT,
        qty_exponent: EXPONENT,
        bids: levels.bids,
        asks: levels.asks,
        symbol: this.#symbol,
      },
    });
  }

  #sendAt(event_time_us: number): number {
    this.#sent_us = Math.max(this.#sent_us, event_time_us + SENDING_US);
    return this.#sent_us;
  }
}

interface DiffLevels {
  readonly bids: readonly number[];
  readonly asks: readonly number[];
}
