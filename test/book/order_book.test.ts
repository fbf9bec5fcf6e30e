import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Int64, narrowed, QTY_E8_MAX } from "../../src/base/units.ts";
import type { Levels } from "../../src/binance/events.ts";
import { OrderBook } from "../../src/book/order_book.ts";
import { diff, snapshot } from "./events.ts";

/** The simplest book: one map per side, sorted whenever it is read. */
class NaiveBook {
  readonly bids = new Map<number, Int64>();
  readonly asks = new Map<number, Int64>();

  replace(bids: Levels, asks: Levels): void {
    this.bids.clear();
    this.asks.clear();
    this.apply(bids, asks);
  }

  apply(bids: Levels, asks: Levels): void {
    set(this.bids, bids);
    set(this.asks, asks);
  }

  top(side: "bids" | "asks", n: number): [number, Int64][] {
    const sign = side === "bids" ? -1 : 1;
    return [...this[side]].sort(([a], [b]) => sign * (a - b)).slice(0, n);
  }
}

function set(side: Map<number, Int64>, levels: Levels): void {
  for (let i = 0; i < levels.length; i += 2) {
    const price_e8 = Number(levels[i]);
    if (levels[i + 1] === 0) side.delete(price_e8);
    else side.set(price_e8, levels[i + 1]!);
  }
}

const level = (price: fc.Arbitrary<number>) =>
  fc.tuple(
    price,
    fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 9 }),
      fc.maxSafeNat().map((n) => n >> 8),
      fc.bigInt({ min: 1n, max: QTY_E8_MAX }).map(narrowed),
      fc.bigInt({ min: QTY_E8_MAX - 9n, max: QTY_E8_MAX }),
    ),
  );
const side = (price: fc.Arbitrary<number>) =>
  fc.array(level(price), { maxLength: 40 }).map((levels): Int64[] => levels.flat());
/** Prices from narrow ranges, so that levels meet again; the two sides overlap a little, as a blind book may. */
const bids = side(fc.integer({ min: 1, max: 130 }));
const asks = side(fc.integer({ min: 120, max: 250 }));

describe("OrderBook", () => {
  it("holds, after any snapshot and diffs, what a map of levels holds", () => {
    const steps = fc.array(fc.tuple(bids, asks), { maxLength: 30 });
    const property = fc.property(bids, asks, steps, (first_bids, first_asks, diffs) => {
      const book = new OrderBook();
      const naive = new NaiveBook();
      // A snapshot names a price once.
      const once = (flat: Int64[]): Int64[] => {
        const map = new Map<number, Int64>();
        set(map, flat);
        return [...map].flat();
      };
      book.applySnapshot(snapshot(1, once(first_bids), once(first_asks)));
      naive.replace(once(first_bids), once(first_asks));
      diffs.forEach(([bid_levels, ask_levels], i) => {
        book.applyDiff(diff(i + 2, i + 2, bid_levels, ask_levels));
        naive.apply(bid_levels, ask_levels);
        expect([...book.depth(1).bids]).toEqual(naive.top("bids", 1).flat());
        expect([...book.depth(1).asks]).toEqual(naive.top("asks", 1).flat());
        expect(book.levels).toEqual({ bids: naive.bids.size, asks: naive.asks.size });
      });
      for (const n of [1, 5, 20, 1_000]) {
        expect([...book.depth(n).bids]).toEqual(naive.top("bids", n).flat());
        expect([...book.depth(n).asks]).toEqual(naive.top("asks", n).flat());
        const sum = (levels: [number, Int64][]): Int64 =>
          narrowed(levels.reduce((total, [, qty]) => total + BigInt(qty), 0n));
        expect(book.sums("bid", n)).toBe(sum(naive.top("bids", n).toReversed()));
        expect(book.sums("ask", n)).toBe(sum(naive.top("asks", n).toReversed()));
      }
      expect(book.levels).toEqual({ bids: naive.bids.size, asks: naive.asks.size });
    });
    fc.assert(property, { numRuns: 400 });
  });

  it("grows past its first room without losing a level, in whatever order they come", () => {
    const prices = Array.from({ length: 5_000 }, (_, i) => ((i * 2_741) % 5_000) + 1);
    const book = new OrderBook();
    book.applySnapshot(snapshot(1, [], []));
    book.applyDiff(
      diff(
        2,
        2,
        prices.flatMap((price) => [price, price]),
        prices.flatMap((price) => [price + 10_000, price]),
      ),
    );
    expect(book.levels).toEqual({ bids: 5_000, asks: 5_000 });
    expect([...book.depth(3).bids]).toEqual([5_000, 5_000, 4_999, 4_999, 4_998, 4_998]);
    expect([...book.depth(2).asks]).toEqual([10_001, 1, 10_002, 2]);
    expect(book.sums("bid", 5_000)).toBe((5_000 * 5_001) / 2);
  });

  it("has the touch that each update leaves", () => {
    const book = new OrderBook();
    const touch = (): number[] => [...book.depth(1).bids, ...book.depth(1).asks].map(Number);
    book.applySnapshot(snapshot(1, [100, 5, 99, 5], [101, 5, 102, 5]));
    book.applyDiff(diff(2, 2, [99, 6], [102, 6]));
    expect(touch()).toEqual([100, 5, 101, 5]);
    book.applyDiff(diff(3, 3, [100, 6]));
    expect(touch()).toEqual([100, 6, 101, 5]);
    book.applyDiff(diff(4, 4, [], [101, 0]));
    expect(touch()).toEqual([100, 6, 102, 6]);
    expect(book.levels).toEqual({ bids: 2, asks: 1 });
    book.applyDiff(diff(5, 5, [98, 1], [103, 1]));
    book.applyDiff(diff(6, 6, [50, 0]));
    expect(touch()).toEqual([100, 6, 102, 6]);
    expect(book.levels).toEqual({ bids: 3, asks: 2 });
    expect(book.best()).toEqual({
      bid_price_e8: 100,
      bid_qty_e8: 6,
      ask_price_e8: 102,
      ask_qty_e8: 6,
    } as never);
    expect(book.update_id).toBe(6 as never);
  });

  it("has no touch while a side is empty", () => {
    const book = new OrderBook();
    expect(book.best()).toBeUndefined();
    book.applySnapshot(snapshot(1, [100, 5], []));
    expect(book.best()).toBeUndefined();
    expect(book.crossed).toBe(false);
    expect(book.sums("ask", 5)).toBe(0);
  });

  it("lets the farthest level go where a side is full, counts it, and keeps the touch", () => {
    const book = new OrderBook({ levels_max: 3 });
    book.applySnapshot(snapshot(1, [100, 1, 99, 1, 98, 1, 97, 1], [101, 1]));
    expect([...book.depth(9).bids]).toEqual([100, 1, 99, 1, 98, 1]);
    expect(book.levels_dropped).toBe(1);
    book.applyDiff(diff(2, 2, [99.5, 2]));
    expect([...book.depth(9).bids]).toEqual([100, 1, 99.5, 2, 99, 1]);
    book.applyDiff(diff(3, 3, [90, 1]));
    expect([...book.depth(9).bids]).toEqual([100, 1, 99.5, 2, 99, 1]);
    expect(book.levels_dropped).toBe(3);
  });

  it("recognises a crossed book", () => {
    const book = new OrderBook();
    book.applySnapshot(snapshot(1, [100, 1], [101, 1]));
    expect(book.crossed).toBe(false);
    book.applyDiff(diff(2, 2, [101, 1]));
    expect(book.crossed).toBe(true);
  });
});
