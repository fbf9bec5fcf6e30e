/** Depth events for the tests of the book: prices and quantities as small integers. */

import { micros, updateId } from "../../src/base/units.ts";
import type { DepthDiffEvent, DepthSnapshotEvent, Levels, QuoteEvent } from "../../src/binance/events.ts";
import type { Touch } from "../../src/book/order_book.ts";

const shared = { symbol: "BTCUSDT", ts_us: micros(0), received_us: micros(0) };

export const snapshot = (id: number, bids: Levels, asks: Levels): DepthSnapshotEvent => ({
  kind: "depth_snapshot",
  ...shared,
  update_id: updateId(id),
  bids,
  asks,
});

export const diff = (first: number, last: number, bids: Levels = [], asks: Levels = []): DepthDiffEvent => ({
  kind: "depth_diff",
  epoch: 0,
  ...shared,
  first_update_id: updateId(first),
  last_update_id: updateId(last),
  bids,
  asks,
});

export const quote = (id: number, touch: Touch): QuoteEvent => ({
  kind: "quote",
  epoch: 0,
  ...shared,
  update_id: updateId(id),
  ...touch,
});
