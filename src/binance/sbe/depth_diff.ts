/**
 * Template 10003, DepthDiffStreamEvent: what a run of updates changed in the book. A quantity of 0 removes
 * the level.
 *
 *   offset       bytes  field
 *   8            8      eventTime            int64, µs
 *   16           8      firstBookUpdateId    int64
 *   24           8      lastBookUpdateId     int64
 *   32           1      priceExponent        int8
 *   33           1      qtyExponent          int8
 *   34           2 + 2  bids                 group header: blockLength u16 (16), numInGroup u16 (b)
 *   38+16k       8 + 8  price, qty           int64, mantissas
 *   38+16b       2 + 2  asks                 group header: blockLength u16 (16), numInGroup u16 (a)
 *   42+16(b+k)   8 + 8  price, qty           int64, mantissas
 *   42+16(b+a)   1 + L  symbol               varString8
 *
 * Offsets from the start of the frame, at the schema's block lengths (26, 16).
 */

import type { ForetickError } from "../../base/errors.ts";
import { claimLevels, claimRoot, claimSymbol } from "./claim.ts";
import { NO_LEVELS, readLevels } from "./levels.ts";
import { type DepthDiffMessage, type Draft, TEMPLATE } from "./messages.ts";
import { GROUP16_HEADER_BYTES, LEVEL_BYTES, readInt8, readInt64 } from "./wire.ts";
import { FrameWriter } from "./writer.ts";

const ROOT_BYTES = 26;

export function emptyDepthDiff(): Draft<DepthDiffMessage> {
  return {
    kind: "depth_diff",
    event_time_us: 0,
    first_book_update_id: 0,
    last_book_update_id: 0,
    price_exponent: 0,
    qty_exponent: 0,
    bids: NO_LEVELS,
    asks: NO_LEVELS,
    symbol: "",
  };
}

/** Fills `into`, with levels that are new each time; gives the error where the frame is refused. */
export function decodeDepthDiff(
  frame: Uint8Array,
  version: number,
  into: Draft<DepthDiffMessage>,
): ForetickError | undefined {
  const bids_at = claimRoot(frame, ROOT_BYTES);
  if (typeof bids_at !== "number") return bids_at;
  const asks_at = claimLevels(frame, bids_at);
  if (typeof asks_at !== "number") return asks_at;
  const symbol_at = claimLevels(frame, asks_at);
  if (typeof symbol_at !== "number") return symbol_at;
  const symbol = claimSymbol(frame, symbol_at, version);
  if (typeof symbol !== "string") return symbol;
  into.event_time_us = readInt64(frame, 8);
  into.first_book_update_id = readInt64(frame, 16);
  into.last_book_update_id = readInt64(frame, 24);
  into.price_exponent = readInt8(frame, 32);
  into.qty_exponent = readInt8(frame, 33);
  into.bids = readLevels(frame, bids_at);
  into.asks = readLevels(frame, asks_at);
  into.symbol = symbol;
  return undefined;
}

export function encodeDepthDiff(message: DepthDiffMessage): Uint8Array {
  const levels = (message.bids.length + message.asks.length) / 2;
  const body_bytes = ROOT_BYTES + 2 * GROUP16_HEADER_BYTES + LEVEL_BYTES * levels;
  const writer = new FrameWriter(TEMPLATE.depth_diff, ROOT_BYTES, body_bytes, message.symbol);
  writer.int64("eventTime", message.event_time_us);
  writer.int64("firstBookUpdateId", message.first_book_update_id);
  writer.int64("lastBookUpdateId", message.last_book_update_id);
  writer.exponent("priceExponent", message.price_exponent);
  writer.exponent("qtyExponent", message.qty_exponent);
  writer.levels("bids", message.bids);
  writer.levels("asks", message.asks);
  return writer.finish();
}
