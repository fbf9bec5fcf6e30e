/** An engine of set v1, events made by hand, and its vectors read by name. */

import { type Micros, micros, priceE8, qtyE8, tradeId, unixSec, updateId } from "../../../src/base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";

export const SYMBOL = "BTCUSDT";
/** The start of a five-minute block. */
export const T = 1_700_000_100;

export const at = (s: number): Micros => micros(Math.round((T + s) * 1e6));

export function trade(id: number, s: number, price: number, qty: number, side: "buy" | "sell"): TradeEvent {
  return {
    kind: "trade",
    epoch: 0,
    symbol: SYMBOL,
    ts_us: at(s),
    received_us: at(s),
    trade_id: tradeId(id),
    price_e8: priceE8(price * 1e8),
    qty_e8: qtyE8(Math.round(qty * 1e8)),
    is_buyer_maker: side === "sell",
  };
}

export function quote(id: number, s: number, bid: number, ask: number): QuoteEvent {
  return {
    kind: "quote",
    epoch: 0,
    symbol: SYMBOL,
    ts_us: at(s),
    received_us: at(s),
    update_id: updateId(id),
    bid_price_e8: priceE8(bid * 1e8),
    bid_qty_e8: qtyE8(3e8),
    ask_price_e8: priceE8(ask * 1e8),
    ask_qty_e8: qtyE8(1e8),
  };
}

export const marker = (s: number): DisconnectEvent => ({
  kind: "disconnect",
  symbol: SYMBOL,
  ts_us: at(s),
  received_us: at(s),
  reason: "test",
});

export const engineFrom = (data_from_s = 0): FeatureEngine =>
  new FeatureEngine({ symbol: SYMBOL, sets: [v1], data_from_sec: T + data_from_s });
export const close = (engine: FeatureEngine, s: number): FeatureVector =>
  engine.closeSecond(unixSec(T + s))[0]!;
export const value = (vector: FeatureVector, name: string): number =>
  vector.values[vector.names.indexOf(name)]!;
export const valuesOf = (vector: FeatureVector): Record<string, number> =>
  Object.fromEntries(vector.names.map((name, index) => [name, vector.values[index]!]));

/** With plain arrays, in which null equals null. */
export const plain = (vector: FeatureVector): object => ({ ...vector, values: [...vector.values] });
