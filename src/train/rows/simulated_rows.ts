/**
 * Rows straight from a simulated market: its messages become events and go through the symbol's lane, without
 * the wire in between. The same rows as by a tape (a test holds them equal), at a day in a few seconds.
 */

import { ForetickError } from "../../base/errors.ts";
import { type Micros, US_PER_SEC } from "../../base/units.ts";
import type { MarketSource } from "../../binance/capture/market_source.ts";
import type { MarketEvent } from "../../binance/events.ts";
import { quoteEvent, tradeEvents } from "../../binance/market_events.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { Lane } from "../../predict/lane/lane.ts";
import type { DatasetRow } from "./dataset_builder.ts";
import { rowLane } from "./tape_rows.ts";

/**
 * Calls `take` for every closed second of the source's first `seconds`, in order. Depth diffs are passed over: a
 * set that reads the book needs a tape.
 */
export function readSimulatedRows(
  source: MarketSource,
  seconds: number,
  set: FeatureSet,
  take: (row: DatasetRow) => void,
): void {
  const lane = rowLane(source.symbol, set, { streams: ["trade", "bestBidAsk"] }, take);
  const end_us = source.start_us + seconds * US_PER_SEC;
  const messages = source.messages();
  for (let next = messages.next(); !next.done && next.value.at_us < end_us; next = messages.next()) {
    const { at_us, message } = next.value;
    if (at_us >= lane.clockDeadline) lane.onTime(at_us as Micros);
    if (message.kind === "trades") feed(lane, tradeEvents(message, at_us as Micros, refuse));
    else if (message.kind === "best_bid_ask") feed(lane, quoteEvent(message, at_us as Micros));
  }
}

function refuse(error: ForetickError): never {
  throw error;
}

function feed(lane: Lane, events: MarketEvent | MarketEvent[] | ForetickError): void {
  if (events instanceof ForetickError) throw events;
  if (!Array.isArray(events)) lane.onEvent(events);
  else for (const event of events) lane.onEvent(event);
}
