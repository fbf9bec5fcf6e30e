import { describe, expect, it } from "vitest";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Lane } from "../../../src/predict/lane/lane.ts";
import { at, depth, disconnect, feed, lane, quote, Recorder, SEC, trade } from "./events.ts";

describe("a lane", () => {
  it("closes each second once, in order, empty ones too", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150), trade(2, 3_100, 101), quote(2, 3_150)]);
    expect(seen.seconds.map(({ ts_sec }) => ts_sec - SEC)).toEqual([1, 2, 3]);
    expect(seen.seconds[0]!.mid_sum_e8).toBe(201e8);
  });

  it("lets an event of an already closed second into no bar, and says it was late", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150), trade(2, 1_300), quote(2, 1_400)]);
    feed(target, [trade(3, 990, 105), quote(3, 900, 99)]);
    expect(seen.trades.at(-1)).toEqual({ id: 3, late: true });
    expect(seen.quotes.at(-1)).toEqual({ id: 3, late: true });
    feed(target, [trade(4, 2_300), quote(4, 2_300)]);
    const n_trades_1s = v1.names.indexOf("n_trades_1s");
    expect(seen.seconds.map(({ vectors }) => vectors[0]!.values[n_trades_1s])).toEqual([1, 1]);
    expect(target.counters.trades_late).toBe(1);
  });

  it("takes each trade once, however often it comes", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), trade(1, 100), trade(2, 200), trade(1, 100)]);
    expect(seen.trades.map(({ id }) => id)).toEqual([1, 2]);
    expect(target.counters.trades_duplicate).toBe(2);
  });

  it("treats a jump in trade ids as a break, and asks once for what is missing", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150), trade(5, 300), trade(6, 400)]);
    expect(seen.disconnects).toHaveLength(1);
    expect(seen.disconnects[0]!.reason).toContain("2 to 4");
    expect(seen.fills).toHaveLength(1);
    expect(target.ledger.missing()).toEqual([{ from: 2, to: 4 }] as never);
  });

  it("keeps its book over a jump in trade ids, and empties it where the streams were cut", () => {
    const heard: string[] = [];
    const target = new Lane({
      ...{ symbol: "BTCUSDT", sets: [v1], streams: ["trade", "bestBidAsk", "depth"], grace_ms: 250 },
      book: {
        sumsAt: () => undefined,
        onDiff: ({ last_update_id }) => void heard.push(`diff ${last_update_id}`),
        onDisconnect: () => void heard.push("emptied"),
      },
      output: new Recorder(),
    });
    feed(target, [depth(1, 100), trade(1, 200), trade(5, 300), trade(6, 350), depth(2, 400)]);
    expect(target.counters.disconnects).toBe(1);
    feed(target, [disconnect(500), depth(9, 600)]);
    expect(heard).toEqual(["diff 1", "diff 2", "emptied", "diff 9"]);
  });

  it("has no quote from a disconnect until the next one comes", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150), disconnect(500)]);
    target.onTime(at(1_400));
    feed(target, [quote(2, 1_500), trade(2, 1_600), quote(3, 2_300), trade(3, 2_300)]);
    expect(seen.seconds.map(({ mid_sum_e8 }) => mid_sum_e8)).toEqual([undefined, 201e8]);
    expect(seen.fills).toEqual(["cut"]);
  });

  it("closes on the wall clock while all streams are quiet", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150)]);
    // Both events came 5 ms after their exchange time; the grace is 250 ms.
    expect(target.clockDeadline).toBe(at(1_255));
    target.onTime(at(1_254));
    expect(seen.seconds).toHaveLength(0);
    target.onTime(at(1_255));
    expect(seen.seconds.map(({ ts_sec }) => ts_sec - SEC)).toEqual([1]);
  });

  it("sets a quote aside whose time is far ahead, closes nothing by it, and goes on", () => {
    const { lane: target, seen } = lane();
    const ahead = { ...quote(2, 2 * 3_600_000), received_us: at(1_250) };
    feed(target, [trade(1, 100), quote(1, 150), ahead, trade(2, 1_300), quote(3, 1_300)]);
    expect([...target.setAside]).toEqual([["time_ahead", 1]]);
    expect(seen.quotes).toContainEqual({ id: 2, late: false, set_aside: "time_ahead" });
    expect(seen.seconds.map(({ ts_sec }) => ts_sec - SEC)).toEqual([1]);
  });

  it("takes up again after an outage longer than any plausible jump", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150), disconnect(200)]);
    feed(target, [quote(2, 7_200_100), trade(2, 7_200_200), quote(3, 7_201_100), trade(3, 7_201_200)]);
    expect(target.setAside.size).toBe(0);
    expect(seen.seconds.at(-1)!.ts_sec - SEC).toBe(7_201);
    expect(seen.seconds).toHaveLength(7_201);
  });

  it("begins again after an outage of more than a day, instead of closing every second of it", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150), disconnect(200)]);
    const later = 3 * 86_400_000;
    feed(target, [
      quote(2, later + 100),
      trade(2, later + 200),
      quote(3, later + 1_100),
      trade(3, later + 1_200),
    ]);
    expect(seen.seconds.map(({ ts_sec }) => ts_sec - SEC)).toEqual([3 * 86_400 + 1]);
    expect(seen.seconds[0]!.vectors[0]!.warm).toBe(false);
    expect(seen.seconds[0]!.mid_sum_e8).toBe(201e8);
    expect(target.counters.seconds_leapt).toBe(3 * 86_400);
  });
});
