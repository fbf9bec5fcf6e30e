/**
 * The peer of the frames: what Binance's combined JSON stream sends for the same message. JSON carries one
 * trade a message, so a trades frame of n trades is n texts.
 */

import { formatE8, type Int64, US_PER_MS } from "../../src/base/units.ts";
import type { SbeMessage, WireLevels } from "../../src/binance/sbe/messages.ts";

export interface JsonMessage {
  /** e.g. "btcusdt@trade". */
  readonly stream: string;
  /** The stream's `data`. */
  readonly data: string;
}

/** A message's exponents must be −8. */
export function jsonOf(message: SbeMessage): readonly JsonMessage[] {
  const symbol = message.symbol.toLowerCase();
  const of = (stream: string, data: unknown): JsonMessage => ({
    stream: `${symbol}@${stream}`,
    data: JSON.stringify(data),
  });
  switch (message.kind) {
    case "trades":
      return message.trades.map((trade) =>
        of("trade", {
          e: "trade",
          E: milliseconds(message.event_time_us),
          s: message.symbol,
          t: trade.id,
          p: decimal(trade.price),
          q: decimal(trade.qty),
          T: milliseconds(message.transact_time_us),
          m: trade.is_buyer_maker,
          M: true,
        }),
      );
    case "best_bid_ask":
      return [
        of("bookTicker", {
          u: message.book_update_id,
          s: message.symbol,
          b: decimal(message.bid_price),
          B: decimal(message.bid_qty),
          a: decimal(message.ask_price),
          A: decimal(message.ask_qty),
        }),
      ];
    case "depth_diff":
      return [
        of("depth@100ms", {
          e: "depthUpdate",
          E: milliseconds(message.event_time_us),
          s: message.symbol,
          U: message.first_book_update_id,
          u: message.last_book_update_id,
          b: pairs(message.bids),
          a: pairs(message.asks),
        }),
      ];
    case "depth_snapshot":
      return [
        of("depth20@100ms", {
          lastUpdateId: message.book_update_id,
          bids: pairs(message.bids),
          asks: pairs(message.asks),
        }),
      ];
  }
}

/** As a socket delivers it: a flat string of its own. */
export const delivered = (text: string): string => new TextDecoder().decode(new TextEncoder().encode(text));

/** With the `{"stream":…,"data":…}` around it. */
export const combined = ({ stream, data }: JsonMessage): string =>
  delivered(`{"stream":"${stream}","data":${data}}`);

const decimal = (value: Int64): string => formatE8(Number(value));
const milliseconds = (time_us: Int64): number => Math.floor(Number(time_us) / US_PER_MS);

function pairs(levels: WireLevels): string[][] {
  return Array.from({ length: levels.length / 2 }, (_, i) => [
    decimal(levels[2 * i]!),
    decimal(levels[2 * i + 1]!),
  ]);
}
