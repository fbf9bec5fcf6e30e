/**
 * What the wire delivers, whoever sent it: the live streams, a recording, the paper exchange or REST. The
 * rest of the product knows only these types. Field names are the ones the database and the JSON use.
 *
 * Every event carries two clocks: the exchange's, which alone decides windows, and `received_us`, the local
 * receive time, which never does.
 */

import type { Micros, PriceE8, QtyE8, TradeId, UpdateId } from "../base/units.ts";

/** One trade. A trades frame of n trades becomes n of these, in the frame's order. */
export interface TradeEvent {
  readonly kind: "trade";
  /** Upper case, e.g. "BTCUSDT". */
  readonly symbol: string;
  /** The exchange's transactTime: the trade's only time. */
  readonly ts_us: Micros;
  readonly received_us: Micros;
  readonly trade_id: TradeId;
  readonly price_e8: PriceE8;
  readonly qty_e8: QtyE8;
  /** true: the taker sold. */
  readonly is_buyer_maker: boolean;
}

/** Best bid and ask (`@bestBidAsk`). Ids increase but are not consecutive: the exchange culls. */
export interface QuoteEvent {
  readonly kind: "quote";
  readonly symbol: string;
  /** The exchange's eventTime. */
  readonly ts_us: Micros;
  readonly received_us: Micros;
  readonly update_id: UpdateId;
  readonly bid_price_e8: PriceE8;
  readonly bid_qty_e8: QtyE8;
  readonly ask_price_e8: PriceE8;
  readonly ask_qty_e8: QtyE8;
}

/** Price levels as flat pairs: price_e8, qty_e8, price_e8, qty_e8 … A quantity of 0 removes the level. */
export type Levels = readonly number[] | Float64Array;

/** A change of the book (`@depth`): applies on top of the book at `first_update_id − 1`. */
export interface DepthDiffEvent {
  readonly kind: "depth_diff";
  readonly symbol: string;
  readonly ts_us: Micros;
  readonly received_us: Micros;
  readonly first_update_id: UpdateId;
  readonly last_update_id: UpdateId;
  readonly bids: Levels;
  readonly asks: Levels;
}

/** The top of the book, whole: `@depth20`, or the REST snapshot (which has no time: `ts_us` is 0). */
export interface DepthSnapshotEvent {
  readonly kind: "depth_snapshot";
  readonly symbol: string;
  readonly ts_us: Micros;
  readonly received_us: Micros;
  readonly update_id: UpdateId;
  readonly bids: Levels;
  readonly asks: Levels;
}

/**
 * The data stops being continuous here. Travels in the data, in order, so that a replay sees it too.
 * `ts_us` is the highest exchange time seen before it; what had that time or less came before the break.
 */
export interface DisconnectEvent {
  readonly kind: "disconnect";
  readonly symbol: string;
  readonly ts_us: Micros;
  readonly received_us: Micros;
  readonly reason: string;
}

export type MarketEvent = TradeEvent | QuoteEvent | DepthDiffEvent | DepthSnapshotEvent | DisconnectEvent;

/** The streams subscribed to, by the name they have on the wire after `<symbol>@`. */
export type StreamName = "trade" | "bestBidAsk" | "depth" | "depth20";
