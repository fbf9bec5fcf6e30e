/**
 * From what stood on the wire to what the product knows: mantissas rescaled to 1e-8, one event a trade, both
 * clocks on every event. A message one of whose values has no exact place in an event is refused whole, so
 * that half a trade's frame or half a book change never gets in.
 */

import { ForetickError } from "../base/errors.ts";
import type { Micros, PriceE8, QtyE8, TradeId, UpdateId } from "../base/units.ts";
import type { DepthDiffEvent, DepthSnapshotEvent, Levels, QuoteEvent, TradeEvent } from "./events.ts";
import type {
  BestBidAskMessage,
  DepthDiffMessage,
  DepthSnapshotMessage,
  Int64,
  TradesMessage,
  WireLevels,
} from "./sbe/messages.ts";
import { formatDecimal, NO_E8, toE8 } from "./sbe/scale.ts";

// The casts to branded types below follow the same checks their constructors make.

const isNatural = (value: Int64): value is number => typeof value === "number" && value >= 0;

/** One event a trade, in the frame's order. */
export function tradeEvents(message: TradesMessage, received_us: Micros): TradeEvent[] | ForetickError {
  const { price_exponent, qty_exponent, symbol, transact_time_us, trades } = message;
  if (!isNatural(transact_time_us)) return notNatural("transactTime", transact_time_us);
  const events: TradeEvent[] = [];
  for (const trade of trades) {
    if (!isNatural(trade.id)) return notNatural("trade id", trade.id);
    const price_e8 = toE8(trade.price, price_exponent);
    const qty_e8 = toE8(trade.qty, qty_exponent);
    if (price_e8 <= 0) return noE8("price", trade.price, price_exponent);
    if (qty_e8 <= 0) return noE8("qty", trade.qty, qty_exponent);
    events.push({
      kind: "trade",
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

/** An empty side of the book is a price and a quantity of 0. */
export function quoteEvent(message: BestBidAskMessage, received_us: Micros): QuoteEvent | ForetickError {
  const { price_exponent, qty_exponent, event_time_us, book_update_id } = message;
  if (!isNatural(event_time_us)) return notNatural("eventTime", event_time_us);
  if (!isNatural(book_update_id)) return notNatural("bookUpdateId", book_update_id);
  const bid_price_e8 = toE8(message.bid_price, price_exponent);
  const bid_qty_e8 = toE8(message.bid_qty, qty_exponent);
  const ask_price_e8 = toE8(message.ask_price, price_exponent);
  const ask_qty_e8 = toE8(message.ask_qty, qty_exponent);
  if (bid_price_e8 === NO_E8) return noE8("bidPrice", message.bid_price, price_exponent);
  if (bid_qty_e8 === NO_E8) return noE8("bidQty", message.bid_qty, qty_exponent);
  if (ask_price_e8 === NO_E8) return noE8("askPrice", message.ask_price, price_exponent);
  if (ask_qty_e8 === NO_E8) return noE8("askQty", message.ask_qty, qty_exponent);
  return {
    kind: "quote",
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
  const scaled = in_place ? levels : new Float64Array(levels.length);
  for (let i = 0; i < levels.length; i++) {
    const exponent = i % 2 === 0 ? price_exponent : qty_exponent;
    const value = toE8(levels[i]!, exponent);
    if (value === NO_E8) return noE8(`${side}[${i >> 1}]`, levels[i]!, exponent);
    if (!in_place) scaled[i] = value;
  }
  return scaled;
}

function noE8(field: string, mantissa: Int64, exponent: number): ForetickError {
  const found = formatDecimal(mantissa, exponent);
  return new ForetickError(
    "SBE_SCALE",
    `${field} expected a whole number of 1e-8, up to 2^53 − 1 of them, was ${found}`,
  );
}

function notNatural(field: string, value: Int64, from: number = 0): ForetickError {
  return new ForetickError(
    "SBE_VALUE",
    `${field} expected an integer from ${from} to 2^53 − 1, was ${value}`,
  );
}
