/**
 * Template 10001, BestBidAskStreamEvent: the best bid and ask after one update of the book.
 *
 *   offset  bytes  field
 *   8       8      eventTime        int64, µs
 *   16      8      bookUpdateId     int64
 *   24      1      priceExponent    int8
 *   25      1      qtyExponent      int8
 *   26      8      bidPrice         int64, mantissa
 *   34      8      bidQty           int64, mantissa
 *   42      8      askPrice         int64, mantissa
 *   50      8      askQty           int64, mantissa
 *   58      1 + L  symbol           varString8
 *
 * Offsets from the start of the frame, at the schema's block length (50).
 */

import type { ForetickError } from "../../base/errors.ts";
import { claimRoot, claimSymbol, usualSymbol } from "./claim.ts";
import { type BestBidAskMessage, type Draft, TEMPLATE } from "./messages.ts";
import { readInt8, readInt64 } from "./wire.ts";
import { FrameWriter } from "./writer.ts";

const ROOT_BYTES = 50;
const SYMBOL_AT = 58;
/** First word of the message header, where it is as above. */
const HEADER_LOW = ROOT_BYTES | (TEMPLATE.best_bid_ask << 16);

export function emptyBestBidAsk(): Draft<BestBidAskMessage> {
  return {
    kind: "best_bid_ask",
    event_time_us: 0,
    book_update_id: 0,
    price_exponent: 0,
    qty_exponent: 0,
    bid_price: 0,
    bid_qty: 0,
    ask_price: 0,
    ask_qty: 0,
    symbol: "",
  };
}

/** Fills `into`; gives the error where the frame is refused. */
export function decodeBestBidAsk(
  frame: Uint8Array,
  version: number,
  into: Draft<BestBidAskMessage>,
): ForetickError | undefined {
  const symbol = usualSymbol(frame, HEADER_LOW, SYMBOL_AT) ?? claimAll(frame, version);
  if (typeof symbol !== "string") return symbol;
  into.event_time_us = readInt64(frame, 8);
  into.book_update_id = readInt64(frame, 16);
  into.price_exponent = readInt8(frame, 24);
  into.qty_exponent = readInt8(frame, 25);
  into.bid_price = readInt64(frame, 26);
  into.bid_qty = readInt64(frame, 34);
  into.ask_price = readInt64(frame, 42);
  into.ask_qty = readInt64(frame, 50);
  into.symbol = symbol;
  return undefined;
}

function claimAll(frame: Uint8Array, version: number): string | ForetickError {
  const symbol_at = claimRoot(frame, ROOT_BYTES);
  return typeof symbol_at === "number" ? claimSymbol(frame, symbol_at, version) : symbol_at;
}

export function encodeBestBidAsk(message: BestBidAskMessage): Uint8Array {
  const writer = new FrameWriter(TEMPLATE.best_bid_ask, ROOT_BYTES, ROOT_BYTES, message.symbol);
  writer.int64("eventTime", message.event_time_us);
  writer.int64("bookUpdateId", message.book_update_id);
  writer.exponent("priceExponent", message.price_exponent);
  writer.exponent("qtyExponent", message.qty_exponent);
  writer.int64("bidPrice", message.bid_price);
  writer.int64("bidQty", message.bid_qty);
  writer.int64("askPrice", message.ask_price);
  writer.int64("askQty", message.ask_qty);
  return writer.finish();
}
