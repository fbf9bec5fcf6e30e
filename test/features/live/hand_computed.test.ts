/** Vectors computed by hand. */

import { describe, expect, it } from "vitest";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { at, close, engineFrom, quote, SYMBOL, T, trade, value, valuesOf } from "./by_hand.ts";

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
