/** The book's sums at the end of each second: what they know, and when they are not known. */

import { describe, expect, it } from "vitest";
import { type Int64, micros, unixSec } from "../../src/base/units.ts";
import type { DepthDiffEvent } from "../../src/binance/events.ts";
import { BookSequencer } from "../../src/book/sequencer.ts";
import type { BookSums } from "../../src/features/algebra/columns.ts";
import { BookSeconds, laneBook, sumsAt } from "../../src/predict/lane/book_seconds.ts";
import * as events from "../book/events.ts";

const SEC = 1_700_000_100;

/** One update, to the quantity at the best bid (price 100), `offset_ms` into the test. */
function diff(id: number, offset_ms: number, bid_qty: number): DepthDiffEvent {
  const update = events.diff(id, id, Float64Array.of(100, bid_qty));
  return { ...update, ts_us: micros(SEC * 1e6 + offset_ms * 1e3) };
}

interface Taken {
  readonly sec: number;
  readonly bid: Int64;
}

/** A sequencer and the seconds read off it, as a lane drives them; seconds before `closed_until` are closed. */
function reader(closed_until = 0) {
  const sequencer = new BookSequencer({ symbol: "BTCUSDT", requestSnapshot: () => {} });
  const seconds = new BookSeconds(laneBook(sequencer));
  const taken: Taken[] = [];
  let open_from = closed_until;
  const take = (sec: number, sums: BookSums): boolean => {
    taken.push({ sec: sec - SEC, bid: sums.bid_qty_top5_e8 });
    return true;
  };
  const feed = (event: DepthDiffEvent): void => {
    seconds.onDiff(event, unixSec(SEC + open_from), take);
  };
  const snapshot = (id: number, bid_qty = 1): void =>
    sequencer.onSnapshot(events.snapshot(id, Float64Array.of(100, bid_qty), Float64Array.of(101, 9)));
  const close = (sec: number): void => {
    seconds.onClose(unixSec(SEC + sec), take);
    open_from = sec + 1;
  };
  return { sequencer, seconds, taken, feed, snapshot, close };
}

describe("the book's seconds", () => {
  it("hold the book at the second's end: every earlier diff and none of a later second", () => {
    const { taken, feed, snapshot } = reader();
    feed(diff(11, 100, 5));
    snapshot(10);
    feed(diff(12, 999, 7));
    feed(diff(13, 1_000, 8));
    expect(taken).toEqual([{ sec: 0, bid: 7 }]);
    feed(diff(14, 1_001, 9));
    feed(diff(15, 2_500, 1));
    expect(taken).toEqual([
      { sec: 0, bid: 7 },
      { sec: 1, bid: 9 },
    ]);
  });

  it("carry through seconds in which the book did not change", () => {
    const { taken, feed, snapshot } = reader();
    feed(diff(11, 100, 5));
    snapshot(10);
    feed(diff(12, 3_000, 8));
    expect(taken).toEqual([0, 1, 2].map((sec) => ({ sec, bid: 5 })));
  });

  it("are not given to a bar that has closed", () => {
    const { taken, feed, snapshot } = reader(2);
    feed(diff(11, 100, 5));
    snapshot(10);
    feed(diff(12, 3_000, 8));
    expect(taken).toEqual([{ sec: 2, bid: 5 }]);
  });

  it("are unknown while the book is not in step", () => {
    const { taken, feed, snapshot } = reader();
    feed(diff(11, 100, 5));
    feed(diff(12, 1_100, 6));
    expect(taken).toEqual([]);
    snapshot(10);
    feed(diff(13, 2_100, 7));
    expect(taken).toEqual([{ sec: 1, bid: 6 }]);
    feed(diff(15, 3_100, 7)); // 14 is missing
    feed(diff(16, 4_100, 7));
    expect(taken).toHaveLength(1);
  });

  it("never know what a snapshot knew ahead of the diffs", () => {
    const { sequencer, taken, feed, snapshot } = reader();
    feed(diff(11, 100, 5));
    snapshot(13, 99); // taken after diffs 12 and 13, which are still on their way
    feed(diff(12, 1_100, 6));
    expect(sequencer.state.name).toBe("synced");
    expect(taken).toEqual([]);
    feed(diff(13, 2_100, 99));
    expect(taken).toEqual([]);
    feed(diff(14, 3_100, 4));
    expect(taken).toEqual([{ sec: 2, bid: 99 }]);
  });

  it("are not guessed across a break", () => {
    const { sequencer, seconds, taken, feed, snapshot } = reader();
    feed(diff(11, 100, 5));
    snapshot(10);
    seconds.onBreak();
    expect(sequencer.state.name).toBe("idle");
    feed(diff(20, 5_100, 7));
    snapshot(19);
    feed(diff(21, 6_100, 8));
    expect(taken).toEqual([{ sec: 5, bid: 7 }]);
  });

  it("are read at the close where no diff of a later second has come, once", () => {
    const { taken, feed, snapshot, close } = reader();
    close(0);
    feed(diff(11, 100, 5));
    close(0);
    expect(taken).toEqual([]); // no snapshot yet
    snapshot(10);
    close(1);
    feed(diff(12, 2_900, 6));
    close(2);
    feed(diff(13, 3_100, 7));
    close(3);
    expect(taken).toEqual([
      { sec: 1, bid: 5 },
      { sec: 2, bid: 6 },
      { sec: 3, bid: 7 },
    ]);
    feed(diff(14, 6_100, 8));
    expect(taken.slice(3)).toEqual([
      { sec: 4, bid: 7 },
      { sec: 5, bid: 7 },
    ]);
  });

  it("sum the best 5 and 20 levels per side, fewer where there are fewer", () => {
    const { sequencer, feed } = reader();
    const side = (from: number, step: number) =>
      Float64Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? from + (step * i) / 2 : 1));
    feed(diff(11, 100, 0));
    sequencer.onSnapshot(events.snapshot(10, side(99, -1), Float64Array.of(101, 3, 102, 4)));
    expect(sumsAt(sequencer, 11)).toEqual({
      bid_qty_top5_e8: 5,
      ask_qty_top5_e8: 7,
      bid_qty_top20_e8: 20,
      ask_qty_top20_e8: 7,
    });
  });
});
