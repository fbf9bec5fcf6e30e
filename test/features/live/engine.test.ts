/** The engine's contract with its caller, and vectors computed by hand. */

import { describe, expect, it } from "vitest";
import type { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { type Micros, micros, priceE8, qtyE8, tradeId, unixSec, updateId } from "../../../src/base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";

const SYMBOL = "BTCUSDT";
/** The start of a five-minute block. */
const T = 1_700_000_100;

const at = (s: number): Micros => micros(Math.round((T + s) * 1e6));

function trade(id: number, s: number, price: number, qty: number, side: "buy" | "sell"): TradeEvent {
  return {
    kind: "trade",
    epoch: 0,
    symbol: SYMBOL,
    ts_us: at(s),
    received_us: at(s),
    trade_id: tradeId(id),
    price_e8: priceE8(price * 1e8),
    qty_e8: qtyE8(Math.round(qty * 1e8)),
    is_buyer_maker: side === "sell",
  };
}

function quote(id: number, s: number, bid: number, ask: number): QuoteEvent {
  return {
    kind: "quote",
    epoch: 0,
    symbol: SYMBOL,
    ts_us: at(s),
    received_us: at(s),
    update_id: updateId(id),
    bid_price_e8: priceE8(bid * 1e8),
    bid_qty_e8: qtyE8(3e8),
    ask_price_e8: priceE8(ask * 1e8),
    ask_qty_e8: qtyE8(1e8),
  };
}

const marker = (s: number): DisconnectEvent => ({
  kind: "disconnect",
  symbol: SYMBOL,
  ts_us: at(s),
  received_us: at(s),
  reason: "test",
});

const engineFrom = (data_from_s = 0): FeatureEngine =>
  new FeatureEngine({ symbol: SYMBOL, sets: [v1], data_from_sec: T + data_from_s });
const close = (engine: FeatureEngine, s: number): FeatureVector => engine.closeSecond(unixSec(T + s))[0]!;
const value = (vector: FeatureVector, name: string): number => vector.values[vector.names.indexOf(name)]!;
const valuesOf = (vector: FeatureVector): Record<string, number> =>
  Object.fromEntries(vector.names.map((name, index) => [name, vector.values[index]!]));

/** With plain arrays, in which null equals null. */
const plain = (vector: FeatureVector): object => ({ ...vector, values: [...vector.values] });

describe("a vector computed by hand", () => {
  const engine = engineFrom();
  // Second 0: three trades, the highest id first to come and not the latest in time.
  engine.onTrade(trade(12, 0.2, 101, 0.5, "sell"));
  engine.onTrade(trade(10, 0.1, 100, 1, "buy"));
  engine.onTrade(trade(11, 0.9, 103, 2, "buy"));
  engine.onQuote(quote(5, 0.3, 100, 102));
  const first = close(engine, 0);
  // Seconds 1 to 3 are empty; second 4 has one trade.
  engine.onTrade(trade(13, 4.5, 102, 1.5, "sell"));
  const last = close(engine, 4);

  it("decides the last trade by id, and sums by taker's side", () => {
    expect(valuesOf(first)).toEqual({
      ret_1s: Number.NaN,
      ret_2s: Number.NaN,
      ret_5s: Number.NaN,
      // Q = 3.5, PQ = 100·1 + 103·2 + 101·0.5 = 356.5
      vwap_5s_dev: (101 * 3.5 - 356.5) / 356.5,
      n_trades_1s: 3,
      n_trades_5s: 3,
      buy_vol_1s: 3,
      sell_vol_1s: 0.5,
      tvi_1s: 2.5 / 3.5,
      buy_vol_5s: 3,
      sell_vol_5s: 0.5,
      tvi_5s: 2.5 / 3.5,
      avg_trade_size_1s: 3.5 / 3,
      vol_ret_10s: Number.NaN,
      burst_1s: 1,
      large_trade_flag_5s: Number.NaN,
      time_since_last_trade_ms: 800,
      last_price_minus_1s: Number.NaN,
      last_price_minus_5s: Number.NaN,
      spread: 2,
      mid_dev: 0,
      book_imbalance: 0.5,
    });
  });

  it("carries the price through empty seconds", () => {
    expect(valuesOf(last)).toMatchObject({
      ret_1s: lnr(102e8, 101e8),
      ret_2s: lnr(102e8, 101e8),
      ret_5s: Number.NaN,
      n_trades_1s: 1,
      n_trades_5s: 4,
      buy_vol_5s: 3,
      sell_vol_5s: 2,
      tvi_1s: -1,
      tvi_5s: 0.2,
      avg_trade_size_1s: 1.5,
      time_since_last_trade_ms: 500,
      last_price_minus_1s: 1,
      mid_dev: -2 / 204,
    });
  });

  it("is as of the end of the second, under the set's name and hash", () => {
    expect(last).toMatchObject({ symbol: SYMBOL, ts_sec: T + 5, feature_set: "v1", set_hash: v1.hash });
    expect(engine.newest_event_us).toBe(at(4.5));
  });
});

describe("seconds", () => {
  it("jumped over are closed empty, with the same vectors as one by one", () => {
    const feed = (engine: FeatureEngine): void => {
      engine.onTrade(trade(1, 0.5, 100, 1, "buy"));
      engine.onTrade(trade(2, 6.5, 101, 1, "buy"));
    };
    const [jumping, stepping, emitting] = [engineFrom(), engineFrom(), engineFrom()];
    for (const engine of [jumping, stepping, emitting]) feed(engine);
    const stepped = Array.from({ length: 8 }, (_, s) => close(stepping, s));
    const emitted: FeatureVector[] = [];
    emitting.closeThrough(unixSec(T + 7), (vectors) => emitted.push(...vectors));
    expect(plain(close(jumping, 7))).toEqual(plain(stepped.at(-1)!));
    expect(emitted.map(plain)).toEqual(stepped.map(plain));
    expect(jumping.counters.seconds_closed).toBe(8);
  });

  it("never close twice, nor further ahead than one call may", () => {
    const engine = engineFrom();
    close(engine, 0);
    const codes = [0, -1, LIMITS.close_jump_s_max + 1, 1.5].map((s) => {
      try {
        engine.closeSecond((T + s) as never);
        return "accepted";
      } catch (error) {
        return (error as ForetickError).code;
      }
    });
    expect(codes).toEqual(new Array(4).fill("INVARIANT"));
    expect(close(engine, 1).ts_sec).toBe(T + 2);
  });

  it("ahead of the one that closes hold their events until their turn", () => {
    const engine = engineFrom();
    engine.onTrade(trade(2, 3.1, 105, 1, "buy"));
    engine.onQuote(quote(2, 3.2, 104, 106));
    engine.onTrade(trade(1, 0.1, 100, 1, "buy"));
    const early = close(engine, 0);
    expect([value(early, "n_trades_5s"), value(early, "spread")]).toEqual([1, Number.NaN]);
    expect(engine.open_seconds).toBe(1);
    const later = close(engine, 3);
    expect([value(later, "n_trades_5s"), value(later, "spread")]).toEqual([2, 2]);
    expect(engine.open_seconds).toBe(0);
  });

  it("left open by the thousand refuse further ones, and forget no break", () => {
    const engine = engineFrom();
    for (let s = 0; s < LIMITS.open_seconds_max; s++) {
      expect(engine.onTrade(trade(s, s + 0.5, 100, 1, "buy"))).toBe(true);
    }
    expect(engine.onTrade(trade(9_999, LIMITS.open_seconds_max + 0.5, 100, 1, "buy"))).toBe(false);
    expect(engine.onTrade(trade(9_998, 5.5, 100, 1, "buy"))).toBe(true);
    expect(engine.counters.events_refused).toBe(1);
    engine.onDisconnect(marker(LIMITS.open_seconds_max + 1));
    expect(close(engine, LIMITS.open_seconds_max + 1).warm).toBe(false);
  });
});

describe("a late event", () => {
  it("is refused and moves nothing", () => {
    const [undisturbed, disturbed] = [engineFrom(), engineFrom()];
    for (const engine of [undisturbed, disturbed]) {
      engine.onTrade(trade(1, 0.5, 100, 1, "buy"));
      close(engine, 0);
    }
    expect(disturbed.onTrade(trade(2, 0.9, 200, 50, "sell"))).toBe(false);
    expect(disturbed.onQuote(quote(1, 0.9, 1, 2))).toBe(false);
    expect(disturbed.counters).toMatchObject({ trades_late: 1, quotes_late: 1, events_refused: 0 });
    expect(plain(close(disturbed, 400))).toEqual(plain(close(undisturbed, 400)));
  });
});

describe("a break in the data", () => {
  it("takes the quote away until the next one", () => {
    const engine = engineFrom();
    engine.onTrade(trade(1, 0.1, 100, 1, "buy"));
    engine.onQuote(quote(1, 0.5, 99, 101));
    expect(value(close(engine, 0), "spread")).toBe(2);
    engine.onDisconnect(marker(1.2));
    expect(value(close(engine, 1), "spread")).toBe(Number.NaN);
    engine.onQuote(quote(2, 2.4, 99, 102));
    expect(value(close(engine, 2), "spread")).toBe(3);
    expect([1, 2, 3].map((s) => engine.midSumAsOf(unixSec(T + s)))).toEqual([200e8, undefined, 201e8]);
    expect(engine.quoteAsOf(unixSec(T + 3))).toMatchObject({
      bid_price_e8: 99e8,
      update_id: 2,
      ts_us: at(2.4),
    });
  });

  it("counts from the first open second where its own has closed, and says so", () => {
    const engine = engineFrom();
    engine.onQuote(quote(1, 0.5, 99, 101));
    close(engine, 0);
    close(engine, 1);
    expect(engine.onDisconnect(marker(0.5))).toBe(at(2));
    expect(engine.midSumAsOf(unixSec(T + 2))).toBe(200e8);
    expect(value(close(engine, 2), "spread")).toBe(Number.NaN);
    expect(engine.onDisconnect(marker(4.5))).toBe(at(4.5));
  });

  it("makes vectors cold until a whole block is after it", () => {
    const engine = engineFrom();
    engine.onDisconnect(marker(310));
    const warm: number[] = [];
    engine.closeThrough(unixSec(T + 1_500), ([vector]) => {
      if (vector!.warm) warm.push(vector!.ts_sec - T);
    });
    // Warm from 300 (data begins with the block), until the break is seen at 311; again from 900.
    expect(warm[0]).toBe(300);
    expect(warm.slice(9, 13)).toEqual([309, 310, 900, 901]);
    expect(warm.at(-1)).toBe(1_501);
  });

  it("at a block's first microsecond belongs to that block, one before it to the last", () => {
    const warmAt600 = (s: number): boolean => {
      const engine = engineFrom();
      engine.onDisconnect(marker(s));
      return close(engine, 600).warm;
    };
    expect([300, 299.999999].map(warmAt600)).toEqual([false, true]);
  });

  it("whose trades were fetched takes the quote away, and leaves nothing cold", () => {
    const engine = engineFrom();
    engine.onTrade(trade(1, 0.5, 100, 1, "buy"));
    engine.onQuote(quote(1, 640.5, 99, 101));
    engine.onDisconnect(marker(650), "filled");
    const before = close(engine, 645);
    const after = close(engine, 700);
    expect([before.warm, after.warm]).toEqual([true, true]);
    expect([value(before, "spread"), value(after, "spread")]).toEqual([2, Number.NaN]);
  });

  it("leaves no label across it", () => {
    const engine = engineFrom();
    for (let s = 0; s < 40; s++) {
      if (s === 15) engine.onDisconnect(marker(15));
      engine.onQuote(quote(s + 1, s + 0.5, 100 + s, 102 + s));
    }
    close(engine, 39);
    const label = (s: number): number | undefined => engine.labelAsOf(unixSec(T + s), 10);
    expect(label(5)).toBe(lnr(2 * 115e8, 2 * 105e8));
    expect([6, 15].map(label)).toEqual([undefined, undefined]);
    expect(label(16)).toBe(lnr(2 * 126e8, 2 * 116e8));
    expect(label(31)).toBeUndefined(); // not closed yet
  });
});

describe("the start", () => {
  it("counts data as complete from the second after the first event's, unless the start is given", () => {
    const warmFrom = (prepare: (engine: FeatureEngine) => void, from?: number): number => {
      const engine = new FeatureEngine({
        symbol: SYMBOL,
        sets: [v1],
        ...(from === undefined ? {} : { data_from_sec: T + from }),
      });
      prepare(engine);
      engine.onTrade(trade(1, 0.7, 100, 1, "buy"));
      for (let s = 0; s < 1_300; s++) if (close(engine, s).warm) return s + 1;
      return Number.NaN;
    };
    expect(warmFrom(() => {})).toBe(600);
    expect(warmFrom((engine) => engine.startAt(unixSec(T)))).toBe(600);
    expect(warmFrom((engine) => engine.startAt(unixSec(T - 1)))).toBe(300);
    expect(warmFrom((engine) => engine.startAt(unixSec(T)), 0)).toBe(300);
    expect(warmFrom(() => {}, 1)).toBe(600);
  });

  it("takes from events far older than the look-back only what carries, without walking there", () => {
    const engine = engineFrom();
    engine.onTrade(trade(1, -40 * 86_400, 90, 1, "buy"));
    engine.onQuote(quote(1, -40 * 86_400, 89, 91));
    engine.onTrade(trade(2, 0.5, 100, 1, "buy"));
    const vector = close(engine, 0);
    expect(value(vector, "ret_1s")).toBe(lnr(100e8, 90e8));
    expect(value(vector, "spread")).toBe(2);
    expect(value(vector, "n_trades_5s")).toBe(1);
    expect(engine.counters.seconds_closed).toBeLessThanOrEqual(601);
  });

  it("does not take a break that came before all data for the beginning of data", () => {
    const engine = new FeatureEngine({ symbol: SYMBOL, sets: [v1] });
    engine.onDisconnect({ ...marker(0), ts_us: micros(0) });
    engine.onTrade(trade(1, 10.5, 100, 1, "buy"));
    expect(close(engine, 299 + 5).warm).toBe(false);
    expect(close(engine, 605).warm).toBe(true);
  });
});

describe("the block's percentile", () => {
  it("is reached by no trade where there was none, however small it is", () => {
    const engine = engineFrom();
    engine.onTrade(trade(1, 10, 100, 1e-8, "buy"));
    engine.onTrade(trade(2, 310, 100, 1e-8, "buy"));
    expect([310, 350].map((s) => value(close(engine, s), "large_trade_flag_5s"))).toEqual([1, 0]);
  });

  it("is that of the previous complete block, and ends with it", () => {
    const engine = engineFrom();
    // Block 0 holds sizes 1 to 20: value number ⌈0.95·20⌉ = 19 is 19.
    for (let i = 1; i <= 20; i++) engine.onTrade(trade(i, i * 10, 100, i, "buy"));
    engine.onTrade(trade(31, 310.5, 100, 18.9, "buy"));
    engine.onTrade(trade(32, 330.5, 100, 19, "buy"));
    engine.onTrade(trade(33, 650.5, 100, 18.9, "buy"));
    engine.onTrade(trade(34, 930.5, 100, 500, "buy"));
    const flag = (s: number): number => value(close(engine, s), "large_trade_flag_5s");
    expect(flag(201)).toBe(Number.NaN); // no block before
    expect(flag(310)).toBe(0); // 18.9 < 19
    expect([flag(330), flag(334), flag(335)]).toEqual([1, 1, 0]);
    expect(flag(650)).toBe(0); // block 1's percentile is 19
    expect(flag(930)).toBe(1); // block 2's is 18.9
    expect(flag(1_500)).toBe(Number.NaN); // block 4 is empty, and so are the 5 s: null, not 0
  });
});
