/**
 * What the wire delivers, from any source: the live streams, a recording, the paper exchange or REST. The
 * rest of the product uses only these types. Field names are the ones the database and the JSON use.
 *
 * Every event carries two clocks: the exchange's, which alone decides windows, and `received_us`, the local
 * receive time, which never does.
 */

import type { Int64, Micros, PriceE8, QtyE8, TradeId, UpdateId } from "../base/units.ts";

/**
 * Why a row is not believed: a bid not below its ask; a price, size or id that cannot be; a time or an id that
 * what follows does not confirm; a price outside the band around book and trades.
 */
export type SetAside = "crossed" | "non_positive" | "time_ahead" | "id_ahead" | "id_behind" | "price_band";

/** One trade. A trades frame of n trades becomes n of these, in the frame's order. */
export interface TradeEvent {
  readonly kind: "trade";
  /** Upper case, e.g. "BTCUSDT". */
  readonly symbol: string;
  /** Grows by one when the exchange numbers from the start again; ids compare within it. */
  readonly epoch: number;
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
  /** As a trade's, for the update ids of quotes. */
  readonly epoch: number;
  /** The exchange's eventTime. */
  readonly ts_us: Micros;
  readonly received_us: Micros;
  readonly update_id: UpdateId;
  readonly bid_price_e8: PriceE8;
  readonly bid_qty_e8: QtyE8;
  readonly ask_price_e8: PriceE8;
  readonly ask_qty_e8: QtyE8;
}

/**
 * Price levels as flat pairs: price_e8, qty_e8, price_e8, qty_e8 … A quantity of 0 removes the level. Prices are
 * numbers; only where a quantity exceeds 2^53 − 1 is it not a Float64Array that holds them.
 */
export type Levels = readonly Int64[] | Float64Array;

export const levelsOf = (flat: readonly Int64[]): Levels =>
  flat.every((value) => typeof value === "number") ? Float64Array.from(flat) : flat;

/** A change of the book (`@depth`): applies on top of the book at `first_update_id − 1`. */
export interface DepthDiffEvent {
  readonly kind: "depth_diff";
  readonly symbol: string;
  /** As a trade's, for the update ids of diffs. */
  readonly epoch: number;
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

/** What a break interrupts. */
export type BrokenStream = "all" | "trade" | "quote" | "depth";

/**
 * A break: the data of a stream is not known between `ts_us` and `until_us`. Travels in the data, in order, so
 * that a replay sees it too.
 */
export interface DisconnectEvent {
  readonly kind: "disconnect";
  readonly symbol: string;
  /** Where the data ended: exchange time of the last believed event before it. */
  readonly ts_us: Micros;
  readonly received_us: Micros;
  readonly reason: string;
  /** Without it: all. */
  readonly stream?: BrokenStream;
  /** Exchange time of the first believed event after it; undefined while it has not ended. */
  readonly until_us?: Micros;
  /** Start of the first second still open when the live path noticed; undefined: as `ts_us`. */
  readonly noticed_us?: Micros;
  /** false: what came between can never be known, so no look-back fills it. */
  readonly fillable?: false;
}

export type MarketEvent = TradeEvent | QuoteEvent | DepthDiffEvent | DepthSnapshotEvent | DisconnectEvent;

/** The streams subscribed to, by the name they have on the wire after `<symbol>@`. */
export type StreamName = "trade" | "bestBidAsk" | "depth" | "depth20";
