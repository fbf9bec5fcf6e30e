import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { unixSec } from "../../../src/base/units.ts";
import type { MarketEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { type LookBack, ofOneNumbering } from "../../../src/predict/lane/look_back.ts";
import { at, disconnect, feed, lane, quote, type Recorder, SEC, trade } from "./events.ts";

describe("a lane", () => {
  it("dates a renumbering before its first trade at that trade, and a look-back closes only seconds that were", () => {
    const { lane: target, seen } = lane();
    // The run before had got to trade 1,000,000: a smaller id says that the exchange counts from the start again.
    target.resume({ trade: { epoch: 0, id: 1_000_000, ts_us: at(-60_000) }, quote: undefined });
    target.hold();
    feed(target, [trade(50, 100), quote(1, 150)]);
    target.goOn();
    feed(target, [trade(51, 1_200), quote(2, 1_300)]);
    expect(seen.disconnects.map(({ reason, ts_us }) => [reason, ts_us])).toEqual([
      ["the exchange numbers its trades from the start again", at(100)],
    ]);
    target.release({
      trades: [48, 49].map((id) => ({ trade: trade(id, (id - 50) * 1_000), late: false, stored: false })),
      quotes: [],
      disconnects: target.rememberedBreaks,
      complete_from_sec: unixSec(SEC - 10),
    });
    feed(target, [trade(52, 2_200), quote(3, 2_300)]);
    expect(seen.seconds.map(({ ts_sec }) => ts_sec - SEC)).toEqual([1, 2]);
    expect(target.counters.seconds_leapt).toBe(0);
  });

  it("is warm at once after a look-back that reaches far enough, and equals a lane that saw it all", () => {
    const history: (TradeEvent | QuoteEvent)[] = [];
    for (let i = 0; i < 2_000; i++) {
      history.push(trade(i, i * 400, 100 + (i % 7), 1 + (i % 5)), quote(i, i * 400 + 100, 100 + (i % 6)));
    }
    const whole = lane();
    feed(whole.lane, history);

    const cut = history.findIndex((event) => event.ts_us >= at(700_000));
    const filled = lane();
    filled.lane.hold();
    feed(filled.lane, history.slice(cut));
    expect(filled.seen.seconds).toHaveLength(0);
    const past = history.slice(0, cut + 10).filter((event): event is TradeEvent => event.kind === "trade");
    const lookBack: LookBack = {
      trades: past.map((event) => ({ trade: event, late: false, stored: event.trade_id < 1_000 })),
      quotes: [],
      disconnects: [],
      complete_from_sec: unixSec(SEC),
    };
    filled.lane.release(lookBack);

    const expected = whole.seen.seconds.filter(({ ts_sec }) => ts_sec > SEC + 700);
    expect(filled.seen.seconds.length).toBe(expected.length);
    expect(expected.length).toBeGreaterThan(90);
    filled.seen.seconds.forEach((second, index) => {
      expect(second.vectors[0]!.warm).toBe(true);
      expect([...second.vectors[0]!.values]).toEqual([...expected[index]!.vectors[0]!.values]);
    });
    // What the database had is not written again; what was fetched comes out, once.
    const ids = filled.seen.trades.map(({ id }) => id);
    expect(ids[0]).toBe(1_000);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(1_000);
  });

  it("dates a jump of its first live trade where its look-back ended, not at that trade", () => {
    const { lane: target, seen } = lane();
    target.hold();
    feed(target, [quote(1, 2_050)]);
    const past = [trade(1, 100), trade(2, 1_700)].map((known) => ({
      trade: known,
      late: false,
      stored: false,
    }));
    target.release({ trades: past, quotes: [], disconnects: [], complete_from_sec: unixSec(SEC) });
    feed(target, [quote(2, 4_100), quote(3, 6_100), trade(9, 6_200), trade(10, 6_300)]);
    expect(seen.disconnects.map(({ ts_us, until_us }) => [ts_us, until_us])).toEqual([
      [at(1_700), at(6_200)],
    ]);
  });

  it("stays warm across a break whose trades were fetched, with no quote from before it", () => {
    const { lane: target, seen } = lane();
    target.hold();
    feed(target, [trade(900, 700_100), trade(901, 701_300), quote(9, 701_300), quote(10, 702_300)]);
    const past = Array.from({ length: 900 }, (_, i) => trade(i, i * 778));
    target.release({
      trades: past.map((event) => ({ trade: event, late: false, stored: false })),
      quotes: [quote(1, 698_000)],
      disconnects: [disconnect(699_000)],
      complete_from_sec: unixSec(SEC),
    });
    target.onTime(at(702_600));
    expect(seen.seconds.map(({ mid_sum_e8 }) => mid_sum_e8)).toEqual([undefined, 201e8]);
    expect(seen.seconds.map(({ vectors }) => vectors[0]!.warm)).toEqual([true, true]);
  });

  it("goes on without its look-back where none could be had", () => {
    const { lane: target, seen } = lane();
    target.hold();
    feed(target, [trade(7, 100), quote(1, 150), trade(8, 1_300), quote(2, 1_300)]);
    expect(target.firstHeldTrade()?.trade_id).toBe(7 as never);
    target.release(undefined);
    expect(seen.seconds.map(({ vectors }) => vectors[0]!.warm)).toEqual([false]);
  });

  it("goes on by itself where too many events are held, and no look-back of before replaces what it saw", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150)]);
    target.hold();
    for (let i = 0; i <= LIMITS.warm_up_events_max; i++) target.onEvent(quote(2 + i, 200));
    expect(target.holding).toBe(false);
    expect(target.counters.holds_overflowed).toBe(1);
    feed(target, [trade(2, 900), trade(3, 950)]);
    target.release({
      trades: [{ trade: trade(1, 100), late: false, stored: true }],
      quotes: [],
      disconnects: [],
      complete_from_sec: unixSec(SEC - 1_000),
    });
    feed(target, [trade(4, 1_100), quote(1_000_000, 1_100)]);
    const [vector] = seen.seconds.at(-1)!.vectors;
    expect(vector!.values[v1.names.indexOf("n_trades_1s")]).toBe(3);
    expect(vector!.warm).toBe(false);
  });

  it("after a gap, comes out equal to a lane that never had one", () => {
    const history: MarketEvent[] = [];
    for (let i = 0; i < 2_000; i++) history.push(trade(i, i * 400, 100 + (i % 7)), quote(i, i * 400 + 100));
    const whole = lane();
    feed(whole.lane, history);

    const broken = lane();
    const lost = { from: 1_800, to: 1_810 };
    const sees = (event: MarketEvent): boolean =>
      event.kind !== "trade" || event.trade_id < lost.from || event.trade_id > lost.to;
    const cut = history.findIndex((event) => event.ts_us >= at(1_830 * 400));
    feed(broken.lane, history.slice(0, cut).filter(sees));
    expect(broken.seen.fills).toHaveLength(1);
    broken.lane.hold();
    const past = history.slice(0, cut);
    broken.lane.release({
      trades: past
        .filter((event): event is TradeEvent => event.kind === "trade")
        .map((event) => ({ trade: event, late: false, stored: sees(event) })),
      quotes: past.filter((event): event is QuoteEvent => event.kind === "quote"),
      disconnects: [],
      complete_from_sec: unixSec(SEC + 1),
    });
    feed(broken.lane, history.slice(cut));
    expect(broken.lane.ledger.missing()).toEqual([]);
    const tail = (seen: Recorder) => seen.seconds.slice(-20).map(({ vectors }) => [...vectors[0]!.values]);
    expect(tail(broken.seen)).toEqual(tail(whole.seen));
    expect(broken.seen.seconds.at(-1)!.vectors[0]!.warm).toBe(true);
    const ids = broken.seen.trades.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2_000);
    expect(ids.length).toBe(2_000);
  });

  it("goes on cold while its look-back is on its way, changes over to it running, and equals a lane that saw it all", () => {
    const history: MarketEvent[] = [];
    // One trade comes after its second has closed: no bar holds it, neither live nor in SQL.
    const straggler = trade(1_795, 715_000, 104, 900);
    for (let i = 0; i < 2_000; i++) {
      history.push(i === 1_795 ? straggler : trade(i, i * 400, 100 + (i % 7)), quote(i, i * 400 + 100));
    }
    const whole = lane();
    feed(whole.lane, history);

    const cut = history.findIndex((event) => event.ts_us >= at(700_000));
    const come = history.findIndex((event) => event.ts_us >= at(720_000));
    const late = lane();
    late.lane.hold();
    feed(late.lane, history.slice(0, cut + 20).slice(cut));
    late.lane.goOn();
    feed(late.lane, history.slice(cut + 20, come));
    expect(late.seen.trades).toContainEqual({ id: 1_795, late: true });
    expect(late.seen.seconds.length).toBeGreaterThan(15);
    expect(late.seen.seconds.every(({ vectors }) => !vectors[0]!.warm)).toBe(true);

    const past = history.slice(0, cut + 60);
    const released = late.lane.release({
      // REST knows the late trade too, but not that it was late.
      trades: [...past, straggler]
        .filter((event): event is TradeEvent => event.kind === "trade")
        .map((event) => ({ trade: event, late: false, stored: event.trade_id < 1_000 })),
      quotes: past.filter((event): event is QuoteEvent => event.kind === "quote"),
      disconnects: [],
      complete_from_sec: unixSec(SEC),
    });
    expect(released.taken).toBe(true);
    const before = late.seen.seconds.length;
    feed(late.lane, history.slice(come));
    const after = late.seen.seconds.slice(before);
    const expected = whole.seen.seconds.slice(-after.length);
    expect(after.length).toBeGreaterThan(70);
    after.forEach((second, index) => {
      expect(second.ts_sec).toBe(expected[index]!.ts_sec);
      expect(second.mid_sum_e8).toBe(expected[index]!.mid_sum_e8);
      expect(second.vectors[0]!.warm).toBe(true);
      expect([...second.vectors[0]!.values]).toEqual([...expected[index]!.vectors[0]!.values]);
    });
    // Each second came out once, each trade too, and what the database had was not written again.
    const secs = late.seen.seconds.map(({ ts_sec }) => ts_sec);
    expect(secs).toEqual(secs.map((_, index) => unixSec(secs[0]! + index)));
    const ids = late.seen.trades.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.min(...ids)).toBe(1_000);
  });

  it("says which breaks noticed meanwhile its look-back has filled, and stays cold after the others", () => {
    const { lane: target, seen } = lane();
    feed(target, [trade(1, 100), quote(1, 150), disconnect(500)]);
    target.hold();
    feed(target, [trade(11, 1_200), quote(2, 1_300)]);
    target.goOn(); // ids 2 to 10 are seen to be missing only now
    feed(target, [trade(12, 2_300), quote(3, 2_300), disconnect(2_500), trade(30, 3_100)]);
    feed(target, [trade(31, 3_150), quote(4, 3_200)]);
    const fetched = Array.from({ length: 10 }, (_, i) => trade(i + 2, 600 + i * 50));
    const released = target.release({
      trades: [trade(1, 100), ...fetched].map((event) => ({ trade: event, late: false, stored: false })),
      quotes: [quote(1, 150)],
      disconnects: [disconnect(500)],
      complete_from_sec: unixSec(SEC - 1_000),
    });
    expect(released.taken).toBe(true);
    expect(released.filled.map(({ reason }) => reason)).toEqual(["cut", "trades 2 to 10 did not come"]);
    expect(released.open.map(({ reason }) => reason)).toEqual(["cut", "trades 13 to 29 did not come"]);
    target.onTime(at(4_600));
    expect(seen.seconds.at(-1)!.vectors[0]!.warm).toBe(false);
  });

  it("asks for its look-back again where more came meanwhile than it keeps", () => {
    const { lane: target } = lane();
    target.hold();
    feed(target, [trade(1, 100)]);
    target.goOn();
    for (let i = 0; i < LIMITS.warm_up_events_max; i++) target.onEvent(quote(2 + i, 200));
    const lookBack: LookBack = {
      ...{ trades: [], quotes: [], disconnects: [] },
      complete_from_sec: unixSec(SEC - 1_000),
    };
    expect(target.release(lookBack).taken).toBe(false);
    // And one that comes a second time is not taken twice.
    expect(target.release(lookBack).taken).toBe(false);
  });
});

describe("a look-back", () => {
  it("has no fetched trade of a new numbering that no event has told of yet", () => {
    const row = (id: number, offset_ms: number, stored = false) => ({
      ...{ trade: trade(id, offset_ms), late: false, stored },
    });
    const old = [row(5_000_001, 100, true), row(5_000_002, 200)];
    const lookBack: LookBack = {
      ...{ trades: [row(1, 1_000), row(2, 1_100), ...old], quotes: [], disconnects: [] },
      complete_from_sec: unixSec(SEC),
    };
    expect(ofOneNumbering(lookBack, { id: 5_000_002, ts_us: at(200) }).trades).toEqual(old);
    // Not later than what was taken: a page that is a little old.
    expect(ofOneNumbering(lookBack, { id: 5_000_002, ts_us: at(2_000) })).toBe(lookBack);
    expect(ofOneNumbering(lookBack, undefined)).toBe(lookBack);
  });
});
