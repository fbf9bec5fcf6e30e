/** Trades, quotes and depth updates as entries: prices and quantities as exact decimals, times in microseconds. */

import { formatE8 } from "../../../base/units.ts";
import type { DepthDiffEvent, Levels, QuoteEvent, TradeEvent } from "../../../binance/events.ts";

/** What goes to the market streams: believed events of the SBE streams, each trade once. */
export type MarketEntryEvent = TradeEvent | QuoteEvent | DepthDiffEvent;

const SOURCE = "sbe";

export function marketEntry(event: MarketEntryEvent): string[] {
  const head = [
    "symbol",
    event.symbol,
    "event_ts",
    String(event.ts_us),
    "ingest_ts",
    String(event.received_us),
  ];
  switch (event.kind) {
    case "trade":
      return [
        ...[...head, "trade_id", String(event.trade_id)],
        ...["price", formatE8(event.price_e8), "qty", formatE8(event.qty_e8)],
        ...["is_buyer_maker", String(event.is_buyer_maker), "source", SOURCE],
      ];
    case "quote":
      return [
        ...[...head, "bid_px", formatE8(event.bid_price_e8), "bid_sz", formatE8(event.bid_qty_e8)],
        ...["ask_px", formatE8(event.ask_price_e8), "ask_sz", formatE8(event.ask_qty_e8)],
        ...["update_id", String(event.update_id), "source", SOURCE],
      ];
    case "depth_diff":
      return [
        ...[...head, "bids", levelsText(event.bids), "asks", levelsText(event.asks)],
        ...["first_update_id", String(event.first_update_id)],
        ...["last_update_id", String(event.last_update_id), "source", SOURCE],
      ];
  }
}

/** Price levels of an event. */
export const levelCount = (event: MarketEntryEvent): number =>
  event.kind === "depth_diff" ? (event.bids.length + event.asks.length) / 2 : 0;

/** JSON: [["61837.63000000","0.50000000"], …]; a quantity of 0 removes the level. */
function levelsText(levels: Levels): string {
  const pairs: string[] = [];
  for (let i = 0; i + 1 < levels.length; i += 2) {
    pairs.push(`["${formatE8(levels[i]!)}","${formatE8(levels[i + 1]!)}"]`);
  }
  return `[${pairs.join(",")}]`;
}
