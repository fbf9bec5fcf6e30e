/**
 * Template 10000, TradesStreamEvent: the trades of one taker order.
 *
 *   offset   bytes  field
 *   8        8      eventTime        int64, µs
 *   16       8      transactTime     int64, µs
 *   24       1      priceExponent    int8
 *   25       1      qtyExponent      int8
 *   26       2 + 4  trades           group header: blockLength u16 (25), numInGroup u32 (n)
 *   32+25k   8      id               int64
 *   40+25k   8      price            int64, mantissa
 *   48+25k   8      qty              int64, mantissa
 *   56+25k   1      isBuyerMaker     u8: 0 or 1
 *   32+25n   1 + L  symbol           varString8
 *
 * Offsets from the start of the frame, at the schema's block lengths (18, 25). isBestMatch is a constant of
 * the schema and has no byte on the wire.
 */

import type { ForetickError } from "../../base/errors.ts";
import { claimEntries, claimRoot, claimSymbol, refusal, usualSymbol } from "./claim.ts";
import { type Draft, TEMPLATE, type TradesMessage, type WireTrade } from "./messages.ts";
import { GROUP32_HEADER_BYTES, readInt8, readInt32, readInt64, readUint16 } from "./wire.ts";
import { FrameWriter } from "./writer.ts";

const ROOT_BYTES = 18;
const ENTRY_BYTES = 25;

/** First words of the message header and of the group header, where they are as above and the group has one. */
const HEADER_LOW = ROOT_BYTES | (TEMPLATE.trades << 16);
const ONE_ENTRY = ENTRY_BYTES | (1 << 16);
const ONE_TRADE_SYMBOL_AT = 57;

export type TradesDraft = Omit<Draft<TradesMessage>, "trades"> & { trades: Draft<WireTrade>[] };

export function emptyTrades(): TradesDraft {
  return {
    kind: "trades",
    event_time_us: 0,
    transact_time_us: 0,
    price_exponent: 0,
    qty_exponent: 0,
    trades: [],
    symbol: "",
  };
}

/** Fills `into`, using its trades again; gives the error where the frame is refused. */
export function decodeTrades(
  frame: Uint8Array,
  version: number,
  into: TradesDraft,
): ForetickError | undefined {
  if (decodeOneTrade(frame, into)) return undefined;
  const group_at = claimRoot(frame, ROOT_BYTES);
  if (typeof group_at !== "number") return group_at;
  const symbol_at = claimEntries(frame, group_at, ENTRY_BYTES);
  if (typeof symbol_at !== "number") return symbol_at;
  const symbol = claimSymbol(frame, symbol_at, version);
  if (typeof symbol !== "string") return symbol;
  into.event_time_us = readInt64(frame, 8);
  into.transact_time_us = readInt64(frame, 16);
  into.price_exponent = readInt8(frame, 24);
  into.qty_exponent = readInt8(frame, 25);
  into.symbol = symbol;
  return readTrades(frame, group_at, into.trades);
}

/**
 * The frame that comes most often: one trade, so that everything is where the table above says. To know it
 * by that costs about half as much as claiming its parts (bench/hot_path/decode.ts).
 *
 * @returns false where the frame is any other, or is to be refused: then it goes the long way.
 */
function decodeOneTrade(frame: Uint8Array, into: TradesDraft): boolean {
  const symbol = usualSymbol(frame, HEADER_LOW, ONE_TRADE_SYMBOL_AT);
  if (symbol === undefined) return false;
  const maker = frame[56]!;
  if (readInt32(frame, 26) !== ONE_ENTRY || readUint16(frame, 30) !== 0 || maker > 1) return false;
  if (into.trades.length !== 1) resize(into.trades, 1);
  const trade = into.trades[0]!;
  into.event_time_us = readInt64(frame, 8);
  into.transact_time_us = readInt64(frame, 16);
  into.price_exponent = readInt8(frame, 24);
  into.qty_exponent = readInt8(frame, 25);
  into.symbol = symbol;
  trade.id = readInt64(frame, 32);
  trade.price = readInt64(frame, 40);
  trade.qty = readInt64(frame, 48);
  trade.is_buyer_maker = maker === 1;
  return true;
}

function readTrades(
  frame: Uint8Array,
  group_at: number,
  into: Draft<WireTrade>[],
): ForetickError | undefined {
  const entry_bytes = readUint16(frame, group_at);
  const count = readInt32(frame, group_at + 2);
  resize(into, count);
  let at = group_at + GROUP32_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const trade = into[i]!;
    trade.id = readInt64(frame, at);
    trade.price = readInt64(frame, at + 8);
    trade.qty = readInt64(frame, at + 16);
    const maker = frame[at + 24]!;
    if (maker > 1) return refusal(frame, "SBE_VALUE", `isBuyerMaker expected 0 or 1, was ${maker}`);
    trade.is_buyer_maker = maker === 1;
    at += entry_bytes;
  }
  return undefined;
}

function resize(trades: Draft<WireTrade>[], count: number): void {
  if (trades.length > count) trades.length = count;
  while (trades.length < count) trades.push({ id: 0, price: 0, qty: 0, is_buyer_maker: false });
}

export function encodeTrades(message: TradesMessage): Uint8Array {
  const { trades } = message;
  const body_bytes = ROOT_BYTES + GROUP32_HEADER_BYTES + ENTRY_BYTES * trades.length;
  const writer = new FrameWriter(TEMPLATE.trades, ROOT_BYTES, body_bytes, message.symbol);
  writer.int64("eventTime", message.event_time_us);
  writer.int64("transactTime", message.transact_time_us);
  writer.exponent("priceExponent", message.price_exponent);
  writer.exponent("qtyExponent", message.qty_exponent);
  writer.group32(ENTRY_BYTES, trades.length);
  for (const trade of trades) {
    writer.int64("id", trade.id);
    writer.int64("price", trade.price);
    writer.int64("qty", trade.qty);
    writer.boolean(trade.is_buyer_maker);
  }
  return writer.finish();
}
