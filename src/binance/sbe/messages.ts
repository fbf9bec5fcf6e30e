/**
 * The four stream messages of schema 1 as they are on the wire: mantissas and exponents, nothing rescaled.
 * The decoder produces these, the encoder takes them.
 */

import type { Int64 } from "../../base/units.ts";

export interface WireTrade {
  readonly id: Int64;
  readonly price: Int64;
  readonly qty: Int64;
  readonly is_buyer_maker: boolean;
}

/**
 * Price levels as flat pairs of mantissas: price, qty, price, qty … in the wire's order; a level is two
 * entries. Flat, because an object a level would cost more than reading the level. The decoder gives a
 * Float64Array where every mantissa is safe and an array with bigints in it where one is not.
 */
export type WireLevels = readonly Int64[] | Float64Array;

/** Template 10000. */
export interface TradesMessage {
  readonly kind: "trades";
  readonly event_time_us: Int64;
  readonly transact_time_us: Int64;
  readonly price_exponent: number;
  readonly qty_exponent: number;
  readonly trades: readonly WireTrade[];
  readonly symbol: string;
}

/** Template 10001. */
export interface BestBidAskMessage {
  readonly kind: "best_bid_ask";
  readonly event_time_us: Int64;
  readonly book_update_id: Int64;
  readonly price_exponent: number;
  readonly qty_exponent: number;
  readonly bid_price: Int64;
  readonly bid_qty: Int64;
  readonly ask_price: Int64;
  readonly ask_qty: Int64;
  readonly symbol: string;
}

/** Template 10002. */
export interface DepthSnapshotMessage {
  readonly kind: "depth_snapshot";
  readonly event_time_us: Int64;
  readonly book_update_id: Int64;
  readonly price_exponent: number;
  readonly qty_exponent: number;
  readonly bids: WireLevels;
  readonly asks: WireLevels;
  readonly symbol: string;
}

/** Template 10003. */
export interface DepthDiffMessage {
  readonly kind: "depth_diff";
  readonly event_time_us: Int64;
  readonly first_book_update_id: Int64;
  readonly last_book_update_id: Int64;
  readonly price_exponent: number;
  readonly qty_exponent: number;
  readonly bids: WireLevels;
  readonly asks: WireLevels;
  readonly symbol: string;
}

export type SbeMessage = TradesMessage | BestBidAskMessage | DepthSnapshotMessage | DepthDiffMessage;

/** A message while it is being filled. */
export type Draft<Message> = { -readonly [Field in keyof Message]: Message[Field] };

export const SCHEMA_ID = 1;
export const SCHEMA_VERSION = 0;
export const TEMPLATE = {
  trades: 10_000,
  best_bid_ask: 10_001,
  depth_snapshot: 10_002,
  depth_diff: 10_003,
} as const;
