import { describe, expect, it } from "vitest";
import { micros } from "../../src/base/units.ts";
import type { MarketSource } from "../../src/binance/capture/market_source.ts";
import type { MarketEvent } from "../../src/binance/events.ts";
import { encodeMessage } from "../../src/binance/sbe/encode.ts";
import { FrameReader } from "../../src/binance/stream/reader.ts";
import { OrderBook } from "../../src/book/order_book.ts";
import { BookSequencer } from "../../src/book/sequencer.ts";
import { TouchCheck } from "../../src/book/touch_check.ts";
import { recordingSource } from "../../src/sim/recording/recording.ts";
import { RECORDING, recording_is_here, simulatedSeconds } from "../sim/markets.ts";
import { snapshot } from "./events.ts";

/** Every message of a market through frame, reader and sequencer; the snapshot comes when it is asked for. */
function rebuild(source: MarketSource) {
  let wanted = false;
  let crossed = 0;
  const check = new TouchCheck();
  const sequencer = new BookSequencer({
    symbol: source.symbol,
    book: new OrderBook(),
    requestSnapshot: () => {
      wanted = true;
    },
    onUpdate: (book) => {
      check.onBook(book);
      const best = book.best();
      if (!best || best.bid_price_e8 >= best.ask_price_e8) crossed += 1;
    },
  });
  const reader = new FrameReader({ symbols: [source.symbol] });
  const onEvent = (event: MarketEvent): void => {
    if (event.kind === "quote") check.onQuote(event);
    if (event.kind === "depth_diff") sequencer.onDiff(event);
  };
  const { last_update_id, bids, asks } = source.snapshot;
  const messages = source.messages();
  for (let step = messages.next(); !step.done; step = messages.next()) {
    reader.read(encodeMessage(step.value.message), micros(step.value.at_us), onEvent);
    if (!wanted) continue;
    wanted = false;
    sequencer.onSnapshot(snapshot(last_update_id, bids, asks));
  }
  return { sequencer, check, reader, crossed };
}

describe("the book of the simulated market", () => {
  it("equals every quote at its update, without a gap and never crossed", () => {
    const { sequencer, check, reader, crossed } = rebuild(simulatedSeconds(60));
    expect(reader.counters).toMatchObject({ refused: 0, unsubscribed: 0 });
    expect(sequencer.counters).toMatchObject({ gaps: 0, crossed: 0, syncs: 1 });
    expect(crossed).toBe(0);
    expect(check.compared).toBeGreaterThan(100);
    expect(check.matches).toBe(check.compared);
  });
});

describe.skipIf(!recording_is_here)("the book of the recording", () => {
  it("equals the recorded best bid and ask in 99.9 % of rows, without a gap and never crossed", async () => {
    const { sequencer, check, reader, crossed } = rebuild(await recordingSource(RECORDING));
    expect(reader.counters).toMatchObject({
      trades: 19_904,
      best_bid_ask: 73_174,
      depth_diff: 6_495,
      refused: 0,
    });
    expect(sequencer.counters).toMatchObject({ gaps: 0, crossed: 0, syncs: 1, snapshots_asked: 1 });
    // Of 6,495 diffs two end before the snapshot.
    expect(sequencer.counters.diffs_applied).toBe(6_493);
    expect(crossed).toBe(0);
    // As many diffs as have a bookTicker at the very update they end with.
    expect(check.compared).toBe(1_072);
    expect(check.matches / check.compared).toBeGreaterThanOrEqual(0.999);
  });
});
