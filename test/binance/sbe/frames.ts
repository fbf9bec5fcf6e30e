/** Frames of a made-up market: every field a function of the id, so that a test can check what came. */

import { encodeMessage } from "../../../src/binance/sbe/encode.ts";

export const SYMBOL = "BTCUSDT";

/** Exchange time of the event with this id (µs). */
export const timeOf = (id: number): number => 1_759_737_000_000_000 + id * 1_000;

export function quoteFrame(id: number, symbol = SYMBOL): Uint8Array {
  return encodeMessage({
    kind: "best_bid_ask",
    event_time_us: timeOf(id),
    book_update_id: id,
    price_exponent: -8,
    qty_exponent: -8,
    bid_price: 100 * id,
    bid_qty: 1,
    ask_price: 100 * id + 1,
    ask_qty: 2,
    symbol,
  });
}

/** One frame with trades `from` to `to`. */
export function tradeFrame(from: number, to = from, symbol = SYMBOL): Uint8Array {
  return encodeMessage({
    kind: "trades",
    event_time_us: timeOf(to) + 300,
    transact_time_us: timeOf(to),
    price_exponent: -8,
    qty_exponent: -8,
    trades: Array.from({ length: to - from + 1 }, (_, index) => ({
      id: from + index,
      price: 100,
      qty: 1,
      is_buyer_maker: false,
    })),
    symbol,
  });
}

export function diffFrame(first: number, last: number, symbol = SYMBOL): Uint8Array {
  return encodeMessage({
    kind: "depth_diff",
    event_time_us: timeOf(last),
    first_book_update_id: first,
    last_book_update_id: last,
    price_exponent: -8,
    qty_exponent: -8,
    bids: Float64Array.of(100, last),
    asks: Float64Array.of(101, last),
    symbol,
  });
}
