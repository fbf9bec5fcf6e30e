/** A lane without a service: events made by hand, and what it gives written down. */

import { micros, priceE8, qtyE8, tradeId, type UnixSec, updateId } from "../../../src/base/units.ts";
import type {
  DepthDiffEvent,
  DisconnectEvent,
  MarketEvent,
  QuoteEvent,
  SetAside,
  TradeEvent,
} from "../../../src/binance/events.ts";
import type { BookSums } from "../../../src/features/algebra/columns.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Lane } from "../../../src/predict/lane/lane.ts";
import type { ClosedSecond, LaneOutput } from "../../../src/predict/lane/output.ts";

/** A round five-minute boundary, so that the look-back's start is easy to name. */
export const SEC = 1_700_000_100;
export const at = (offset_ms: number) => micros(SEC * 1_000_000 + offset_ms * 1_000);

export function trade(id: number, offset_ms: number, price = 100, qty = 1): TradeEvent {
  return {
    kind: "trade",
    epoch: 0,
    symbol: "BTCUSDT",
    ts_us: at(offset_ms),
    received_us: at(offset_ms + 5),
    trade_id: tradeId(id),
    price_e8: priceE8(price * 1e8),
    qty_e8: qtyE8(qty * 1e8),
    is_buyer_maker: id % 2 === 0,
  };
}

export function quote(id: number, offset_ms: number, bid = 100): QuoteEvent {
  return {
    kind: "quote",
    epoch: 0,
    symbol: "BTCUSDT",
    ts_us: at(offset_ms),
    received_us: at(offset_ms + 5),
    update_id: updateId(id),
    bid_price_e8: priceE8(bid * 1e8),
    bid_qty_e8: qtyE8(2e8),
    ask_price_e8: priceE8((bid + 1) * 1e8),
    ask_qty_e8: qtyE8(1e8),
  };
}

export function depth(id: number, offset_ms: number): DepthDiffEvent {
  const none = new Float64Array();
  const ids = { first_update_id: updateId(id), last_update_id: updateId(id) };
  const times = { ts_us: at(offset_ms), received_us: at(offset_ms + 5) };
  return { kind: "depth_diff", symbol: "BTCUSDT", epoch: 0, ...times, ...ids, bids: none, asks: none };
}

export function disconnect(offset_ms: number): DisconnectEvent {
  const received_us = at(offset_ms + 5);
  return { kind: "disconnect", symbol: "BTCUSDT", ts_us: at(offset_ms), received_us, reason: "cut" };
}

export class Recorder implements LaneOutput {
  readonly trades: { id: number; late: boolean; set_aside?: SetAside }[] = [];
  readonly quotes: { id: number; late: boolean; set_aside?: SetAside }[] = [];
  readonly disconnects: DisconnectEvent[] = [];
  readonly books: { sec: UnixSec; sums: BookSums }[] = [];
  readonly seconds: ClosedSecond[] = [];
  readonly fills: string[] = [];
  trade = (event: TradeEvent, late: boolean, set_aside?: SetAside) =>
    void this.trades.push({ id: event.trade_id, late, ...(set_aside && { set_aside }) });
  quote = (event: QuoteEvent, late: boolean, set_aside?: SetAside) =>
    void this.quotes.push({ id: event.update_id, late, ...(set_aside && { set_aside }) });
  readonly ended: DisconnectEvent[] = [];
  disconnect = (event: DisconnectEvent) => void this.disconnects.push(event);
  breakEnded = (event: DisconnectEvent) => void this.ended.push(event);
  timeDoubted = () => {};
  bookSums = (sec: UnixSec, sums: BookSums) => void this.books.push({ sec, sums });
  closed = (second: ClosedSecond) => void this.seconds.push(second);
  fillWanted = (reason: string) => void this.fills.push(reason);
}

export function lane(): { lane: Lane; seen: Recorder } {
  const seen = new Recorder();
  const options = { symbol: "BTCUSDT", sets: [v1], streams: ["trade", "bestBidAsk"] as const, grace_ms: 250 };
  return { lane: new Lane({ ...options, output: seen }), seen };
}

export const feed = (target: Lane, events: readonly MarketEvent[]): void => {
  for (const event of events) target.onEvent(event);
};
