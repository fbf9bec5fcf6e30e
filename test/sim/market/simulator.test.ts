import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { MarketSource, SourceMessage } from "../../../src/binance/capture/market_source.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import type { BestBidAskMessage, SbeMessage } from "../../../src/binance/sbe/messages.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { correlation, mean, observe, timeOf } from "./observed_seconds.ts";

const START_US = 1_723_125_600_000_000; // 14:00 UTC, the busy part of the day

function* play(source: MarketSource, seconds: number): Generator<SourceMessage> {
  const messages = source.messages();
  const end_us = Math.floor(source.start_us / 1e6) * 1e6 + seconds * 1e6;
  for (;;) {
    const sent = messages.next().value as SourceMessage;
    if (timeOf(sent.message) >= end_us) return;
    yield sent;
  }
}

function digest(source: MarketSource, seconds: number, only?: (message: SbeMessage) => boolean): string {
  const hash = createHash("sha256");
  for (const { message } of play(source, seconds)) {
    if (!only || only(message)) hash.update(encodeMessage(message));
  }
  return hash.digest("hex");
}

describe("simulated source", () => {
  it("gives the same bytes for the same options, again from the start each time, others for another seed", () => {
    const source = simulatedSource({ seed: 1, start_us: START_US });
    const first = digest(source, 120);
    expect(digest(source, 120)).toBe(first);
    const twin = simulatedSource({ seed: 1, start_us: START_US });
    expect(digest(twin, 120)).toBe(first);
    expect(twin.snapshot).toEqual(source.snapshot);
    expect(digest(simulatedSource({ seed: 2, start_us: START_US }), 120)).not.toBe(first);
  });

  it("has the same trades and quotes without depth as with it", () => {
    const source = simulatedSource({ seed: 3, start_us: START_US });
    const flat = simulatedSource({ seed: 3, start_us: START_US, depth: false });
    const with_depth = digest(source, 300, (message) => message.kind !== "depth_diff");
    expect(digest(flat, 300)).toBe(with_depth);
  });

  it("numbers trades without a gap, and no clock or id runs backwards", () => {
    const source = simulatedSource({ seed: 4, start_us: START_US });
    let at_us = source.start_us;
    let trade_id: number | undefined;
    let update_id = source.snapshot.last_update_id;
    let diffed_id = source.snapshot.last_update_id;
    const latest_us = { trades: 0, best_bid_ask: 0, depth_diff: 0, depth_snapshot: 0 };
    let trade_event_us = 0;
    const sent_first = source.messages().next().value as SourceMessage;
    expect(sent_first.at_us).toBe(source.start_us);
    for (const { at_us: sent_us, message } of play(source, 900)) {
      const ordered =
        sent_us >= at_us &&
        sent_us >= Number(message.event_time_us) &&
        timeOf(message) >= latest_us[message.kind];
      if (!ordered) expect.fail(`out of order: ${JSON.stringify({ at_us, sent_us, message })}`);
      at_us = sent_us;
      latest_us[message.kind] = timeOf(message);
      if (message.kind === "trades") {
        const event_us = Number(message.event_time_us);
        const delay_us = event_us - timeOf(message);
        expect(delay_us > 0 && delay_us < 1_000 && event_us >= trade_event_us).toBe(true);
        expect(Math.floor(event_us / 1e6)).toBe(Math.floor(timeOf(message) / 1e6));
        trade_event_us = event_us;
        for (const trade of message.trades) {
          if (trade_id !== undefined) expect(trade.id).toBe(trade_id + 1);
          trade_id = Number(trade.id);
        }
      } else if (message.kind === "best_bid_ask") {
        expect(Number(message.book_update_id)).toBeGreaterThan(update_id);
        update_id = Number(message.book_update_id);
      } else if (message.kind === "depth_diff") {
        expect(message.first_book_update_id).toBe(diffed_id + 1);
        diffed_id = Number(message.last_book_update_id);
      }
    }
  });

  it("quotes the touch of the book that snapshot and diffs rebuild, at every update id, and never crosses", () => {
    const source = simulatedSource({ seed: 5, start_us: START_US, levels: 100 });
    const bids = new Map<number, number>();
    const asks = new Map<number, number>();
    const apply = (side: Map<number, number>, levels: ArrayLike<unknown>): void => {
      for (let index = 0; index < levels.length; index += 2) {
        const qty = Number(levels[index + 1]);
        if (qty === 0) side.delete(Number(levels[index]));
        else side.set(Number(levels[index]), qty);
      }
    };
    apply(bids, source.snapshot.bids);
    apply(asks, source.snapshot.asks);
    let quote: BestBidAskMessage | undefined;
    let compared = 0;
    let levels_min = Number.POSITIVE_INFINITY;
    for (const { message } of play(source, 900)) {
      if (message.kind === "best_bid_ask") {
        quote = message;
        expect(Number(message.bid_price)).toBeLessThan(Number(message.ask_price));
        expect(Math.min(Number(message.bid_qty), Number(message.ask_qty))).toBeGreaterThan(0);
      }
      if (message.kind !== "depth_diff" || !quote) continue;
      apply(bids, message.bids);
      apply(asks, message.asks);
      const bid = Math.max(...bids.keys());
      const ask = Math.min(...asks.keys());
      expect([bid, bids.get(bid), ask, asks.get(ask), message.last_book_update_id]).toEqual([
        quote.bid_price,
        quote.bid_qty,
        quote.ask_price,
        quote.ask_qty,
        quote.book_update_id,
      ]);
      levels_min = Math.min(levels_min, bids.size, asks.size);
      compared++;
    }
    expect(compared).toBeGreaterThan(10_000);
    expect(levels_min).toBeGreaterThanOrEqual(100);
  });

  it("trades at the touch, from the quoted one to the one the order leaves", () => {
    let before: BestBidAskMessage | undefined;
    let after: BestBidAskMessage | undefined;
    let orders = 0;
    let through = 0;
    for (const { message } of play(simulatedSource({ seed: 6, start_us: START_US, depth: false }), 1_800)) {
      if (message.kind === "best_bid_ask") {
        before = after;
        after = message;
      }
      if (message.kind !== "trades" || !before || !after) continue;
      const sold = message.trades[0]!.is_buyer_maker;
      const from = Number(sold ? before.bid_price : before.ask_price);
      const to = Number(sold ? after.bid_price : after.ask_price);
      let last = from;
      expect(Number(message.trades[0]!.price)).toBe(from);
      for (const { price, qty, is_buyer_maker } of message.trades) {
        const between = sold
          ? Number(price) <= last && Number(price) >= to
          : Number(price) >= last && Number(price) <= to;
        if (!between || Number(qty) <= 0 || is_buyer_maker !== sold) expect.fail(JSON.stringify(message));
        last = Number(price);
      }
      orders++;
      if (to !== from) through++;
    }
    expect(orders).toBeGreaterThan(10_000);
    expect(through / orders).toBeGreaterThan(0.001);
    expect(through / orders).toBeLessThan(0.2);
  });

  it("stays on the grid of ticks and steps, and begins at the time and price it was given", () => {
    const options = { symbol: "ETHUSDT", price: 2_400, tick_e8: 1_000_000, step_e8: 10_000, levels: 40 };
    const source = simulatedSource({ seed: 7, start_us: START_US, ...options });
    expect(source.snapshot.bids.length).toBeGreaterThanOrEqual(80);
    expect(Math.floor(source.start_us / 1e6)).toBe(START_US / 1e6);
    for (const { message } of play(source, 60)) {
      expect(message.symbol).toBe("ETHUSDT");
      expect(message.price_exponent).toBe(-8);
      if (message.kind !== "best_bid_ask") continue;
      expect(
        (Number(message.bid_price) % options.tick_e8) + (Number(message.bid_qty) % options.step_e8),
      ).toBe(0);
      expect(Math.abs(Number(message.bid_price) / 1e8 / options.price - 1)).toBeLessThan(0.01);
    }
  });

  it("refuses what it cannot simulate, naming the option", () => {
    const bad = { seed: 1, start_us: START_US };
    expect(() => simulatedSource({ ...bad, r2: 0.9 })).toThrow(/r2/);
    expect(() => simulatedSource({ ...bad, r2: -0.01 })).toThrow(/r2/);
    expect(() => simulatedSource({ ...bad, seed: 0.5 })).toThrow(/seed/);
    expect(() => simulatedSource({ ...bad, levels: 5 })).toThrow(/levels/);
    expect(() => simulatedSource({ ...bad, price: Number.NaN })).toThrow(/price/);
  });
});

describe("the simulated market's stylised facts", () => {
  const day = 86_400;
  const seen = observe(simulatedSource({ seed: 11, start_us: START_US, depth: false }), day);

  it("keeps the stated rates over a day", () => {
    // The slow volatility moves a day's mean rate by a few percent.
    expect(mean(seen.trades)).toBeGreaterThan(26);
    expect(mean(seen.trades)).toBeLessThan(34);
    expect(mean(seen.quotes)).toBeGreaterThan(39);
    expect(mean(seen.quotes)).toBeLessThan(51);
  });

  it("has bursts of hundreds of trades, seconds without one, and runs of many such, but never no quote", () => {
    let longest = 0;
    let run = 0;
    for (let row = 1; row <= day; row++) {
      run = seen.trades[row] === 0 ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    expect(Math.max(...seen.trades)).toBeGreaterThan(500);
    expect(seen.trades.filter((count) => count > 200).length).toBeGreaterThan(100);
    expect(seen.trades.filter((count) => count === 0).length / day).toBeGreaterThan(0.01);
    expect(seen.trades.filter((count) => count === 0).length / day).toBeLessThan(0.05);
    expect(longest).toBeGreaterThan(15);
    expect(Math.min(...seen.quotes.subarray(1))).toBeGreaterThanOrEqual(1);
  });

  it("clusters in volatility, in trades and in the side of trades, for minutes", () => {
    const size = new Float64Array(day - 1);
    for (let row = 1; row < day; row++) {
      size[row - 1] = Math.abs(Math.log(seen.mid_doubled[row + 1]! / seen.mid_doubled[row]!));
    }
    // Independent seconds would stay within 4/√86,400 = 0.014.
    for (const lag of [1, 10, 60]) expect(correlation(size, size, lag)).toBeGreaterThan(0.03);
    const log_trades = seen.trades.map((count) => Math.log(1 + count));
    for (const lag of [1, 10, 60]) expect(correlation(log_trades, log_trades, lag)).toBeGreaterThan(0.05);
    expect(correlation(seen.flow, seen.flow, 1)).toBeGreaterThan(0.5);
    expect(correlation(seen.flow, seen.flow, 10)).toBeGreaterThan(0.1);
  });

  it("keeps the side of trades correlated over hundreds of them", () => {
    const sides: number[] = [];
    for (const { message } of play(simulatedSource({ seed: 12, start_us: START_US, depth: false }), 3_600)) {
      if (message.kind !== "trades") continue;
      for (const trade of message.trades) sides.push(trade.is_buyer_maker ? -1 : 1);
    }
    expect(correlation(sides, sides, 1)).toBeGreaterThan(0.6);
    expect(correlation(sides, sides, 50)).toBeGreaterThan(0.1);
    expect(correlation(sides, sides, 300)).toBeGreaterThan(0.01);
  });

  it("does not move half the time and jumps further than a normal would", () => {
    const moves = new Float64Array(day - 1);
    for (let row = 1; row < day; row++) {
      moves[row - 1] = Math.log(seen.mid_doubled[row + 1]! / seen.mid_doubled[row]!);
    }
    const still = moves.filter((move) => move === 0).length / day;
    expect(still).toBeGreaterThan(0.4);
    expect(still).toBeLessThan(0.5);
    const variance = mean(moves.map((move) => move * move));
    expect(mean(moves.map((move) => move ** 4)) / variance ** 2).toBeGreaterThan(6);
    expect(Math.sqrt(variance)).toBeGreaterThan(0.8e-4);
    expect(Math.sqrt(variance)).toBeLessThan(1.25e-4);
  });
});
