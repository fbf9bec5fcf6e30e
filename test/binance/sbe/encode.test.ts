import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ForetickError } from "../../../src/base/errors.ts";
import type { Int64 } from "../../../src/base/units.ts";
import { decodeFrame } from "../../../src/binance/sbe/decode.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import type { BestBidAskMessage, SbeMessage } from "../../../src/binance/sbe/messages.ts";

const normal = (value: bigint): Int64 => {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
};
const edges = [
  0n,
  -1n,
  2n ** 53n - 1n,
  2n ** 53n,
  -(2n ** 53n),
  -(2n ** 53n) + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const int64 = fc.oneof(
  { arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), weight: 1 },
  { arbitrary: fc.maxSafeInteger().map(BigInt), weight: 3 },
  { arbitrary: fc.constantFrom(...edges), weight: 1 },
);
const value = int64.map(normal);
const symbol = fc
  .string({ unit: "binary", maxLength: 60 })
  .filter((text) => text.isWellFormed() && Buffer.byteLength(text) <= 255);
const shared = {
  event_time_us: value,
  price_exponent: fc.integer({ min: -127, max: 127 }),
  qty_exponent: fc.integer({ min: -127, max: 127 }),
  symbol,
};
const trade = fc.record({ id: value, price: value, qty: value, is_buyer_maker: fc.boolean() });
const levels = fc.array(fc.tuple(value, value), { maxLength: 40 }).map((pairs) => pairs.flat());
const message: fc.Arbitrary<SbeMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("trades" as const),
    ...shared,
    transact_time_us: value,
    trades: fc.array(trade, { maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constant("best_bid_ask" as const),
    ...shared,
    book_update_id: value,
    bid_price: value,
    bid_qty: value,
    ask_price: value,
    ask_qty: value,
  }),
  fc.record({
    kind: fc.constant("depth_snapshot" as const),
    ...shared,
    book_update_id: value,
    bids: levels,
    asks: levels,
  }),
  fc.record({
    kind: fc.constant("depth_diff" as const),
    ...shared,
    first_book_update_id: value,
    last_book_update_id: value,
    bids: levels,
    asks: levels,
  }),
);

/** Levels as plain arrays: a Float64Array and an array of the same numbers say the same. */
function plain(given: SbeMessage): unknown {
  return "bids" in given ? { ...given, bids: [...given.bids], asks: [...given.asks] } : given;
}

const QUOTE: BestBidAskMessage = {
  kind: "best_bid_ask",
  event_time_us: 1,
  book_update_id: 2,
  price_exponent: -8,
  qty_exponent: -8,
  bid_price: 3,
  bid_qty: 4,
  ask_price: 5,
  ask_qty: 6,
  symbol: "BTCUSDT",
};

function codeOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof ForetickError ? error.code : String(error);
  }
}

describe("encodeMessage", () => {
  it("is undone by decodeFrame for any message, int64s exact to both ends of their range", () => {
    const property = fc.property(message, (given) => {
      const result = decodeFrame(encodeMessage(given));
      expect(result.ok && plain(result.message)).toEqual(plain(given));
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it("writes frames as long as Binance's formulas say", () => {
    const levels = (n: number) => new Float64Array(2 * n).fill(1);
    const sides = { event_time_us: 1, price_exponent: -8, qty_exponent: -8, symbol: "BTCUSDT" };
    const trades = Array.from({ length: 3 }, () => ({ id: 1, price: 1, qty: 1, is_buyer_maker: false }));
    const lengths = [
      encodeMessage(QUOTE),
      encodeMessage({ ...sides, kind: "trades", transact_time_us: 1, trades }),
      encodeMessage({
        ...sides,
        kind: "depth_snapshot",
        book_update_id: 1,
        bids: levels(20),
        asks: levels(20),
      }),
      encodeMessage({
        ...sides,
        kind: "depth_diff",
        first_book_update_id: 1,
        last_book_update_id: 1,
        bids: levels(4),
        asks: levels(0),
      }),
    ].map((frame) => frame.length);
    expect(lengths).toEqual([66, 33 + 25 * 3 + 7, 682, 43 + 16 * 4 + 7]);
  });

  it.each([
    ["a fraction", { ...QUOTE, bid_price: 0.5 }],
    ["a number that is no longer exact", { ...QUOTE, bid_price: 2 ** 53 }],
    ["a bigint beyond int64", { ...QUOTE, bid_qty: 2n ** 63n }],
    ["NaN", { ...QUOTE, ask_qty: Number.NaN }],
    ["an exponent beyond int8", { ...QUOTE, price_exponent: 128 }],
    ["the exponent that means null", { ...QUOTE, qty_exponent: -128 }],
    ["a symbol longer than 255 bytes", { ...QUOTE, symbol: "币".repeat(86) }],
    ["a symbol that is no text", { ...QUOTE, symbol: "\ud800" }],
  ])("refuses %s with SBE_ENCODE", (_, given) => {
    expect(codeOf(() => encodeMessage(given))).toBe("SBE_ENCODE");
  });

  it("refuses more levels than a group may count, and half a level", () => {
    const given = {
      kind: "depth_snapshot" as const,
      event_time_us: 1,
      book_update_id: 1,
      price_exponent: -8,
      qty_exponent: -8,
      bids: new Float64Array(0),
      asks: new Float64Array(0),
      symbol: "BTCUSDT",
    };
    expect(codeOf(() => encodeMessage({ ...given, asks: new Float64Array(2 * 65_535) }))).toBe("SBE_ENCODE");
    expect(codeOf(() => encodeMessage({ ...given, asks: new Float64Array(2 * 65_534) }))).toBe("none");
    expect(codeOf(() => encodeMessage({ ...given, bids: [1] }))).toBe("SBE_ENCODE");
  });
});
