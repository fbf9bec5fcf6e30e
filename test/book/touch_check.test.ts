import { describe, expect, it } from "vitest";
import { OrderBook, type Touch } from "../../src/book/order_book.ts";
import { TouchCheck } from "../../src/book/touch_check.ts";
import { diff, quote, snapshot } from "./events.ts";

const touch = (bid: number, ask: number): Touch =>
  ({ bid_price_e8: bid, bid_qty_e8: 1, ask_price_e8: ask, ask_qty_e8: 1 }) as Touch;

function bookAt(id: number, bid: number, ask: number): OrderBook {
  const book = new OrderBook();
  book.applySnapshot(snapshot(id, [bid, 1], [ask, 1]));
  return book;
}

describe("TouchCheck", () => {
  it("compares book and quote at the same update, whichever comes first, and no others", () => {
    const check = new TouchCheck();
    check.onQuote(quote(5, touch(100, 101)));
    check.onQuote(quote(7, touch(100, 102)));
    check.onBook(bookAt(5, 100, 101));
    expect([check.matches, check.compared]).toEqual([1, 1]);
    check.onBook(bookAt(6, 1, 2));
    check.onBook(bookAt(8, 100, 103));
    expect([check.matches, check.compared]).toEqual([1, 1]);
    check.onQuote(quote(8, touch(100, 103)));
    expect([check.matches, check.compared]).toEqual([2, 2]);
  });

  it("counts a difference in price or quantity, and keeps it to be looked at", () => {
    const check = new TouchCheck();
    const book = bookAt(5, 100, 101);
    check.onBook(book);
    check.onQuote(quote(5, touch(100, 102)));
    expect([check.matches, check.compared]).toEqual([0, 1]);
    expect(check.last_mismatch).toMatchObject({ update_id: 5, book: { ask_price_e8: 101 } });
    book.applyDiff(diff(6, 6, [100, 9]));
    check.onBook(book);
    check.onQuote(quote(6, touch(100, 101)));
    expect([check.matches, check.compared]).toEqual([0, 2]);
  });

  it("compares an update once, though a quote comes twice or runs back", () => {
    const check = new TouchCheck();
    check.onQuote(quote(5, touch(100, 101)));
    check.onQuote(quote(5, touch(100, 101)));
    check.onQuote(quote(4, touch(1, 2)));
    check.onBook(bookAt(4, 100, 101));
    check.onBook(bookAt(5, 100, 101));
    expect([check.matches, check.compared]).toEqual([1, 1]);
  });

  it("lets the oldest go where the other side stays away, and everything at a disconnect", () => {
    const check = new TouchCheck({ kept_max: 2 });
    for (const id of [1, 2, 3]) check.onQuote(quote(id, touch(100, 101)));
    check.onBook(bookAt(1, 100, 101));
    check.onBook(bookAt(2, 100, 101));
    expect(check.compared).toBe(1);
    check.onDisconnect();
    check.onBook(bookAt(3, 100, 101));
    expect(check.compared).toBe(1);
  });
});
