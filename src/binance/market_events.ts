/**
 * From the wire's values to the product's events: mantissas rescaled to 1e-8, one event per trade, both
 * clocks on every event. A quote or a change of the book one of whose values has no exact place in an event is refused
 * whole, so that half of it never gets in; of a frame of trades the one trade is left out. A price or quantity of 0, or a
 * trade's below 0, has its place: whether such a row is believed is for belief to decide, row by row.
 */

import { ForetickError } from "../base/errors.ts";
import type { Int64, Micros, PriceE8, QtyE8, TradeId, UpdateId } from "../base/units.ts";
import {
  type DepthDiffEvent,
  type DepthSnapshotEvent,
  type Levels,
  levelsOf,
  type QuoteEvent,
  type TradeEvent,
} from "./events.ts";
import type {
  BestBidAskMessage,
  DepthDiffMessage,
  DepthSnapshotMessage,
  TradesMessage,
  WireLevels,
  WireTrade,
} from "./sbe/messages.ts";
import { formatDecimal, NO_E8, toE8, toQtyE8 } from "./sbe/scale.ts";

// The casts to branded types below follow the same checks their constructors make.

const isNatural = (value: Int64): value is number => typeof value === "number" && value >= 0;

/**
 * One event per trade, in the frame's order.
 * @param leftOut called for each trade of which no event can be made: its id counts as missing.
 */
export function tradeEvents(
  message: TradesMessage,
  received_us: Micros,
  leftOut: (error: ForetickError) => void,
): TradeEvent[] | ForetickError {
  const { price_exponent, qty_exponent, symbol, transact_time_us, trades } = message;
  if (!isNatural(transact_time_us)) return notNatural("transactTime", transact_time_us);
  const events: TradeEvent[] = [];
  for (const trade of trades) {
    const price_e8 = signedE8(trade.price, price_exponent);
    const qty_e8 = signedQtyE8(trade.qty, qty_exponent);
    if (!isNatural(trade.id) || price_e8 === undefined || qty_e8 === undefined) {
      leftOut(whyLeftOut(message, trade));
      continue;
    }
    events.push({
      kind: "trade",
      epoch: 0,
      symbol,
      ts_us: transact_time_us as Micros,
      received_us,
      trade_id: trade.id as TradeId,
      price_e8: price_e8 as PriceE8,
      qty_e8: qty_e8 as QtyE8,
      is_buyer_maker: trade.is_buyer_maker,
    });
  }
  return events;
}

/** A value below 0 is kept as it came: belief sets its trade aside. Undefined where there is no exact one. */
function signedE8(mantissa: Int64, exponent: number): number | undefined {
  const value = toE8(mantissa, exponent);
  if (value !== NO_E8) return value;
  const opposite = mantissa < 0 ? toE8(-mantissa, exponent) : NO_E8;
  return opposite === NO_E8 ? undefined : -opposite;
}

/** As `signedE8`, of a quantity. */
function signedQtyE8(mantissa: Int64, exponent: number): Int64 | undefined {
  const value = toQtyE8(mantissa, exponent);
  if (value !== NO_E8) return value;
  const opposite = mantissa < 0 ? toQtyE8(-mantissa, exponent) : NO_E8;
  return opposite === NO_E8 ? undefined : -opposite;
}

function whyLeftOut(
  { price_exponent, qty_exponent }: TradesMessage,
  { id, price, qty }: WireTrade,
): ForetickError {
  if (!isNatural(id)) return notNatural("trade id", id);
  return signedE8(price, price_exponent) === undefined
    ? noE8("price", price, price_exponent)
    : noE8("qty", qty, qty_exponent);
}

/** An empty side of the book is a price and a quantity of 0. */
export function quoteEvent(message: BestBidAskMessage, received_us: Micros): QuoteEvent | ForetickError {
  const { price_exponent, qty_exponent, event_time_us, book_update_id } = message;
  if (!isNatural(event_time_us)) return notNatural("eventTime", event_time_us);
  if (!isNatural(book_update_id)) return notNatural("bookUpdateId", book_update_id);
  const bid_price_e8 = toE8(message.bid_price, price_exponent);
  const bid_qty_e8 = toQtyE8(message.bid_qty, qty_exponent);
  const ask_price_e8 = toE8(message.ask_price, price_exponent);
  const ask_qty_e8 = toQtyE8(message.ask_qty, qty_exponent);
  if (bid_price_e8 === NO_E8) return noE8("bidPrice", message.bid_price, price_exponent);
  if (bid_qty_e8 === NO_E8) return noE8("bidQty", message.bid_qty, qty_exponent);
  if (ask_price_e8 === NO_E8) return noE8("askPrice", message.ask_price, price_exponent);
  if (ask_qty_e8 === NO_E8) return noE8("askQty", message.ask_qty, qty_exponent);
  return {
    kind: "quote",
    epoch: 0,
    symbol: message.symbol,
    ts_us: event_time_us as Micros,
    received_us,
    update_id: book_update_id as UpdateId,
    bid_price_e8: bid_price_e8 as PriceE8,
    bid_qty_e8: bid_qty_e8 as QtyE8,
    ask_price_e8: ask_price_e8 as PriceE8,
    ask_qty_e8: ask_qty_e8 as QtyE8,
  };
}

export function depthDiffEvent(
  message: DepthDiffMessage,
  received_us: Micros,
): DepthDiffEvent | ForetickError {
  const { event_time_us, first_book_update_id: first, last_book_update_id: last } = message;
  if (!isNatural(event_time_us)) return notNatural("eventTime", event_time_us);
  if (!isNatural(first)) return notNatural("firstBookUpdateId", first);
  if (!isNatural(last) || last < first) return notNatural("lastBookUpdateId", last, first);
  const bids = levelsE8("bids", message.bids, message);
  if (bids instanceof ForetickError) return bids;
  const asks = levelsE8("asks", message.asks, message);
  if (asks instanceof ForetickError) return asks;
  return {
    kind: "depth_diff",
    epoch: 0,
    symbol: message.symbol,
    ts_us: event_time_us as Micros,
    received_us,
    first_update_id: first as UpdateId,
    last_update_id: last as UpdateId,
    bids,
    asks,
  };
}

export function depthSnapshotEvent(
  message: DepthSnapshotMessage,
  received_us: Micros,
): DepthSnapshotEvent | ForetickError {
  const { event_time_us, book_update_id } = message;
  if (!isNatural(event_time_us)) return notNatural("eventTime", event_time_us);
  if (!isNatural(book_update_id)) return notNatural("bookUpdateId", book_update_id);
  const bids = levelsE8("bids", message.bids, message);
  if (bids instanceof ForetickError) return bids;
  const asks = levelsE8("asks", message.asks, message);
  if (asks instanceof ForetickError) return asks;
  return {
    kind: "depth_snapshot",
    symbol: message.symbol,
    ts_us: event_time_us as Micros,
    received_us,
    update_id: book_update_id as UpdateId,
    bids,
    asks,
  };
}

interface Exponents {
  readonly price_exponent: number;
  readonly qty_exponent: number;
}

/** The wire's own array where it is already at 1e-8, which is every frame seen so far of BTCUSDT. */
function levelsE8(side: string, levels: WireLevels, exponents: Exponents): Levels | ForetickError {
  const { price_exponent, qty_exponent } = exponents;
  const in_place = levels instanceof Float64Array && price_exponent === -8 && qty_exponent === -8;
  const scaled: Int64[] = [];
  for (let i = 0; i < levels.length; i++) {
    const is_price = i % 2 === 0;
    const exponent = is_price ? price_exponent : qty_exponent;
    const value = is_price ? toE8(levels[i]!, exponent) : toQtyE8(levels[i]!, exponent);
    if (value === NO_E8)
      return noE8(
        is_price ? `price of ${side}[${i >> 1}]` : `qty of ${side}[${i >> 1}]`,
        levels[i]!,
        exponent,
      );
    if (!in_place) scaled.push(value);
  }
  return in_place ? levels : levelsOf(scaled);
}

function noE8(field: string, mantissa: Int64, exponent: number): ForetickError {
  const found = formatDecimal(mantissa, exponent);
  return new ForetickError(
    "SBE_SCALE",
    `${field} expected a whole number of 1e-8, a price up to 90 million or a quantity up to 92 billion, was ${found}`,
  );
}

function notNatural(field: string, value: Int64, from: number = 0): ForetickError {
  return new ForetickError(
    "SBE_VALUE",
    `${field} expected an integer from ${from} to 2^53 − 1, was ${value}`,
  );
}
