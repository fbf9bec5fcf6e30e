import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/base/limits.ts";
import { micros, priceE8, qtyE8, tradeId, type UnixSec, unixSec, updateId } from "../../src/base/units.ts";
import type {
  DepthDiffEvent,
  DisconnectEvent,
  MarketEvent,
  QuoteEvent,
  SetAside,
  TradeEvent,
} from "../../src/binance/events.ts";
import type { BookSums } from "../../src/features/algebra/columns.ts";
import { gold } from "../../src/features/sets/gold.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { Lane } from "../../src/predict/lane/lane.ts";
import { type LookBack, ofOneNumbering } from "../../src/predict/lane/look_back.ts";
import type { ClosedSecond, LaneOutput } from "../../src/predict/lane/output.ts";

/** A round five-minute boundary, so that the look-back's start is easy to name. */
const SEC = 1_700_000_100;
const at = (offset_ms: number) => micros(SEC * 1_000_000 + offset_ms * 1_000);

function trade(id: number, offset_ms: number, price = 100, qty = 1): TradeEvent {
  return {
    kind: "trade",
    epoch: 0,
    symbol: "BTCUSDT",
    ts_us: at(offset_ms),
    received_us: at(offset_ms + 5),
    trade_id: tradeId(id),
    price_e8: priceE8(price * 1e8),
    qty_e8: qtyE8(qty * 1e8),
    is_buyer_maker: id % 2 === 0,
  };
}

function quote(id: number, offset_ms: number, bid = 100): QuoteEvent {
  return {
    kind: "quote",
    epoch: 0,
    symbol: "BTCUSDT",
    ts_us: at(offset_ms),
    received_us: at(offset_ms + 5),
    update_id: updateId(id),
    bid_price_e8: priceE8(bid * 1e8),
    bid_qty_e8: qtyE8(2e8),
    ask_price_e8: priceE8((bid + 1) * 1e8),
    ask_qty_e8: qtyE8(1e8),
  };
}

function depth(id: number, offset_ms: number): DepthDiffEvent {
  const none = new Float64Array();
  const ids = { first_update_id: updateId(id), last_update_id: updateId(id) };
  const times = { ts_us: at(offset_ms), received_us: at(offset_ms + 5) };
  return { kind: "depth_diff", symbol: "BTCUSDT", epoch: 0, ...times, ...ids, bids: none, asks: none };
}

function disconnect(offset_ms: number): DisconnectEvent {
  const received_us = at(offset_ms + 5);
  return { kind: "disconnect", symbol: "BTCUSDT", ts_us: at(offset_ms), received_us, reason: "cut" };
}

class Recorder implements LaneOutput {
  readonly trades: { id: number; late: boolean; set_aside?: SetAside }[] = [];
  readonly quotes: { id: number; late: boolean; set_aside?: SetAside }[] = [];
  readonly disconnects: DisconnectEvent[] = [];
  readonly books: { sec: UnixSec; sums: BookSums }[] = [];
  readonly seconds: ClosedSecond[] = [];
  readonly fills: string[] = [];
  trade = (event: TradeEvent, late: boolean, set_aside?: SetAside) =>
    void this.trades.push({ id: event.trade_id, late, ...(set_aside && { set_aside }) });
  quote = (event: QuoteEvent, late: boolean, set_aside?: SetAside) =>
    void this.quotes.push({ id: event.update_id, late, ...(set_aside && { set_aside }) });
  readonly ended: DisconnectEvent[] = [];
  disconnect = (event: DisconnectEvent) => void this.disconnects.push(event);
  breakEnded = (event: DisconnectEvent) => void this.ended.push(event);
  timeDoubted = () => {};
  bookSums = (sec: UnixSec, sums: BookSums) => void this.books.push({ sec, sums });
  closed = (second: ClosedSecond) => void this.seconds.push(second);
  fillWanted = (reason: string) => void this.fills.push(reason);
}

function lane(): { lane: Lane; seen: Recorder } {
  const seen = new Recorder();
  const options = { symbol: "BTCUSDT", sets: [v1], streams: ["trade", "bestBidAsk"] as const, grace_ms: 250 };
  return { lane: new Lane({ ...options, output: seen }), seen };
}

const feed = (target: Lane, events: readonly MarketEvent[]): void => {
  for (const event of events) target.onEvent(event);
};

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
