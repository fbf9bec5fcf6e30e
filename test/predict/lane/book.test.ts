import { describe, expect, it } from "vitest";
import { unixSec } from "../../../src/base/units.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import type { BookSums } from "../../../src/features/algebra/columns.ts";
import { gold } from "../../../src/features/sets/gold.ts";
import { Lane } from "../../../src/predict/lane/lane.ts";
import { depth, feed, quote, Recorder, SEC, trade } from "./events.ts";

describe("a lane", () => {
  it("reports the book at each second's end once, and has it in the vector, past a look-back too", () => {
    const seen = new Recorder();
    const target = new Lane({
      symbol: "BTCUSDT",
      sets: [gold],
      streams: ["trade", "bestBidAsk", "depth"],
      grace_ms: 250,
      book: { sumsAt: (update_id) => standing(update_id + 1), onDiff: () => {}, onDisconnect: () => {} },
      output: seen,
    });
    const standing = (id: number): BookSums => ({
      bid_qty_top5_e8: id * 1e8,
      ask_qty_top5_e8: 2e8,
      bid_qty_top20_e8: 3e8,
      ask_qty_top20_e8: 4e8,
    });
    const all = (id: number, offset_ms: number): MarketEvent[] => [
      depth(id, offset_ms),
      trade(id, offset_ms),
      quote(id, offset_ms),
    ];
    feed(target, [...all(1, 100), ...all(2, 1_100)]);
    // Second 1 is reported and still open when the engine is built again from the look-back.
    feed(target, [depth(3, 2_050)]);
    target.hold();
    target.release({
      trades: [1, 2].map((id) => ({ trade: trade(id, id * 1_000 - 900), late: false, stored: true })),
      quotes: [],
      disconnects: [],
      complete_from_sec: unixSec(SEC - 10),
    });
    feed(target, [...all(3, 2_100), ...all(4, 5_100)]);
    expect(seen.books.map(({ sec, sums }) => [sec - SEC, Number(sums.bid_qty_top5_e8) / 1e8])).toEqual([
      [0, 2],
      [1, 3],
      [2, 4],
      [3, 4],
      [4, 4],
    ]);
    const bid_strength = gold.names.indexOf("bid_strength");
    const due = seen.seconds.flatMap(({ vectors }) => [...vectors]);
    expect(due.map(({ ts_sec, values }) => [ts_sec - SEC, values[bid_strength]])).toEqual([
      [2, 3],
      [4, 4],
    ]);
  });
});
