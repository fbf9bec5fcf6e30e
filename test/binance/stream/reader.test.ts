import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros, QTY_E8_MAX } from "../../../src/base/units.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import type { SbeMessage } from "../../../src/binance/sbe/messages.ts";
import { NO_E8, toE8 } from "../../../src/binance/sbe/scale.ts";
import { FrameReader } from "../../../src/binance/stream/reader.ts";
import { vectorNamed } from "../sbe/vectors.ts";

const RECEIVED = micros(1_759_737_800_000_000);

function readAll(frames: readonly Uint8Array[], symbols = ["BTCUSDT"]) {
  const reader = new FrameReader({ symbols });
  const events: MarketEvent[] = [];
  for (const frame of frames) reader.read(frame, RECEIVED, (event) => events.push(event));
  return { reader, events };
}

const TRADES: SbeMessage = {
  kind: "trades",
  event_time_us: 1_000_500,
  transact_time_us: 1_000_000,
  price_exponent: -2,
  qty_exponent: -5,
  trades: [
    { id: 41, price: 5_978_655, qty: 12_345, is_buyer_maker: true },
    { id: 42, price: 5_978_700, qty: 7_000, is_buyer_maker: false },
  ],
  symbol: "BTCUSDT",
};
const DIFF: SbeMessage = {
  kind: "depth_diff",
  event_time_us: 1_000_000,
  first_book_update_id: 5,
  last_book_update_id: 9,
  price_exponent: -8,
  qty_exponent: -8,
  bids: [6_183_763_000_000, 0],
  asks: [6_183_764_000_000, 12_300_000, 6_183_765_000_000, 1],
  symbol: "BTCUSDT",
};
const QUOTE: SbeMessage = {
  kind: "best_bid_ask",
  event_time_us: 1_000_000,
  book_update_id: 7,
  price_exponent: -8,
  qty_exponent: -8,
  bid_price: 100,
  bid_qty: 1,
  ask_price: 101,
  ask_qty: 2,
  symbol: "BTCUSDT",
};

describe("FrameReader", () => {
  it("makes one event of each trade, at the transact time, in the frame's order and at 1e-8", () => {
    const { events } = readAll([encodeMessage(TRADES)]);
    const shared = { kind: "trade", symbol: "BTCUSDT", epoch: 0, ts_us: 1_000_000, received_us: RECEIVED };
    expect(events).toEqual([
      { ...shared, trade_id: 41, price_e8: 5_978_655_000_000, qty_e8: 12_345_000, is_buyer_maker: true },
      { ...shared, trade_id: 42, price_e8: 5_978_700_000_000, qty_e8: 7_000_000, is_buyer_maker: false },
    ] as unknown as MarketEvent[]);
  });

  it("gives a quote the exchange's event time", () => {
    const { events } = readAll([vectorNamed("bba_realprefix")]);
    expect(events).toEqual([
      {
        kind: "quote",
        epoch: 0,
        symbol: "BTCUSDT",
        ts_us: 1_759_737_766_615_822,
        received_us: RECEIVED,
        update_id: 77_453_571_531,
        bid_price_e8: 12_346_739_000_000,
        bid_qty_e8: 512_345_000,
        ask_price_e8: 12_346_740_000_000,
        ask_qty_e8: 300_000_000,
      },
    ] as unknown as MarketEvent[]);
  });

  it("gives a diff and a snapshot with their ids and levels", () => {
    const { events } = readAll([encodeMessage(DIFF), vectorNamed("snap_2x2")]);
    expect(events).toMatchObject([
      {
        kind: "depth_diff",
        first_update_id: 5,
        last_update_id: 9,
        bids: new Float64Array([6_183_763_000_000, 0]),
        asks: new Float64Array([6_183_764_000_000, 12_300_000, 6_183_765_000_000, 1]),
      },
      {
        kind: "depth_snapshot",
        update_id: 900_000_100,
        bids: new Float64Array([5_978_655_000_000, 150_000_000, 5_978_600_000_000, 220_000_000]),
      },
    ]);
  });

  it("hands out events that the next frame does not change", () => {
    const first = readAll([encodeMessage(DIFF), encodeMessage(TRADES)]).events;
    const copy = structuredClone(first);
    readAll([encodeMessage({ ...DIFF, bids: [1, 1], asks: [2, 2] })]);
    const { reader, events } = readAll([encodeMessage(TRADES)]);
    const kept = structuredClone(events);
    reader.read(encodeMessage({ ...TRADES, trades: [] }), RECEIVED, () => {});
    reader.read(encodeMessage({ ...TRADES, transact_time_us: 5 }), RECEIVED, () => {});
    expect(events).toEqual(kept);
    expect(first).toEqual(copy);
  });

  it("drops and counts frames of symbols that are not subscribed", () => {
    const { reader, events } = readAll([
      vectorNamed("bba_eth"),
      vectorNamed("bba_utf8"),
      encodeMessage(QUOTE),
    ]);
    expect(events.map((event) => event.symbol)).toEqual(["BTCUSDT"]);
    expect(reader.counters).toMatchObject({ frames: 3, best_bid_ask: 3, unsubscribed: 2, refused: 0 });
    expect(readAll([vectorNamed("bba_utf8")], ["币安人生USDT"]).events).toHaveLength(1);
  });

  it("counts versions, unknown templates and errors by code, and keeps the last error", () => {
    const { reader, events } = readAll([
      vectorNamed("diff_v1_extended_root_and_group"),
      vectorNamed("unknown_template_10004"),
      vectorNamed("bba_realprefix").subarray(0, 30),
      new Uint8Array(0),
      encodeMessage({ ...QUOTE, bid_qty: -1 }),
    ]);
    expect(events).toHaveLength(1);
    expect(reader.counters).toMatchObject({ frames: 5, newer_version: 1, unknown_template: 1, refused: 3 });
    expect(reader.version_max).toBe(1);
    expect(reader.last_unknown_template).toBe(10_004);
    expect(Object.fromEntries(reader.errors)).toEqual({ SBE_TRUNCATED: 2, SBE_SCALE: 1 });
    expect(reader.last_error?.message).toBe(
      "bidQty expected a whole number of 1e-8, a price up to 90 million or a quantity up to 92 billion, was -1e-8",
    );
  });

  it.each<[string, SbeMessage, string]>([
    ["a price finer than 1e-8", { ...QUOTE, price_exponent: -9 }, "SBE_SCALE"],
    ["a price beyond 2^53 − 1", { ...QUOTE, ask_price: 2n ** 53n }, "SBE_SCALE"],
    ["a quantity beyond int8", { ...QUOTE, ask_qty: 2n ** 63n - 1n }, "SBE_SCALE"],
    ["a quantity that grows beyond it", { ...QUOTE, qty_exponent: 20 }, "SBE_SCALE"],
    ["an update id beyond 2^53 − 1", { ...QUOTE, book_update_id: 2n ** 53n }, "SBE_VALUE"],
    ["a negative time", { ...QUOTE, event_time_us: -1 }, "SBE_VALUE"],
    ["a diff that ends before it starts", { ...DIFF, last_book_update_id: 4 }, "SBE_VALUE"],
    ["a level of negative quantity", { ...DIFF, bids: [1, 1, 2, -3] }, "SBE_SCALE"],
    ["a level of negative price", { ...DIFF, asks: [-1, 1] }, "SBE_SCALE"],
    ["a level whose price is beyond 2^53 − 1", { ...DIFF, asks: [2n ** 60n, 1] }, "SBE_SCALE"],
  ])("refuses a frame with %s", (_, message, code) => {
    const { reader, events } = readAll([encodeMessage(message)]);
    expect(events).toEqual([]);
    expect([...reader.errors]).toEqual([[code, 1]] as [never, number][]);
  });

  it("keeps quantities past 2^53 − 1 to the last digit, whatever their exponent, and the rest as numbers", () => {
    const frames = [
      { ...QUOTE, bid_qty: 2n ** 53n + 1n, ask_qty: QTY_E8_MAX },
      { ...QUOTE, bid_qty: 46_116_860_414, ask_qty: 7, qty_exponent: 0 },
      { ...DIFF, asks: [1, QTY_E8_MAX, 2, 3], bids: [] },
    ].map((message) => encodeMessage(message));
    const { events } = readAll(frames);
    expect(events).toMatchObject([
      { bid_qty_e8: 2n ** 53n + 1n, ask_qty_e8: QTY_E8_MAX },
      { bid_qty_e8: 4_611_686_041_400_000_000n, ask_qty_e8: 700_000_000 },
      { asks: [1, QTY_E8_MAX, 2, 3], bids: new Float64Array(0) },
    ]);
  });

  it.each<[string, object, string]>([
    ["price beyond 2^53 − 1", { id: 43, price: 2n ** 60n, qty: 1 }, "SBE_SCALE"],
    ["quantity beyond int8", { id: 43, price: 1, qty: 2n ** 63n - 1n }, "SBE_SCALE"],
    ["id beyond 2^53 − 1", { id: 2n ** 60n, price: 1, qty: 1 }, "SBE_VALUE"],
  ])("leaves out a trade with a %s alone, and says so", (_, values, code) => {
    const bad = { ...values, is_buyer_maker: false } as (typeof TRADES.trades)[number];
    const [first, ...others] = TRADES.trades;
    const { reader, events } = readAll([encodeMessage({ ...TRADES, trades: [first!, bad, ...others] })]);
    expect(events).toMatchObject(TRADES.trades.map(({ id }) => ({ trade_id: id })));
    expect(reader.counters).toMatchObject({ refused: 0, trades_left_out: 1 });
    expect([...reader.errors]).toEqual([[code, 1]] as [never, number][]);
  });

  it("keeps a trade of negative price or quantity as it came, for belief to set it aside alone", () => {
    const below = { id: 43, price: -1, qty: 1, is_buyer_maker: false };
    const back = { id: 44, price: 1, qty: -5, is_buyer_maker: false };
    const { reader, events } = readAll([
      encodeMessage({ ...TRADES, trades: [...TRADES.trades, below, back] }),
    ]);
    expect(events.slice(-2)).toMatchObject([
      { trade_id: 43, price_e8: -1_000_000 },
      { trade_id: 44, qty_e8: -5_000 },
    ]);
    expect(reader.counters).toMatchObject({ refused: 0, trades_left_out: 0 });
  });

  it("keeps a trade of price or quantity 0 among the others, for belief to set it aside alone", () => {
    const free = { id: 43, price: 0, qty: 1, is_buyer_maker: false };
    const nothing = { id: 44, price: 1, qty: 0, is_buyer_maker: false };
    const trades = [...TRADES.trades, free, nothing];
    const { reader, events } = readAll([encodeMessage({ ...TRADES, trades })]);
    expect(events).toHaveLength(TRADES.trades.length + 2);
    expect(events.slice(-2)).toMatchObject([
      { trade_id: 43, price_e8: 0 },
      { trade_id: 44, qty_e8: 0 },
    ]);
    expect(reader.counters.refused).toBe(0);
  });

  it("reads levels of another exponent as the same levels at 1e-8", () => {
    const { events } = readAll([
      encodeMessage({ ...DIFF, price_exponent: -2, qty_exponent: 0, bids: [5_978_655, 3], asks: [] }),
    ]);
    expect(events).toMatchObject([{ bids: new Float64Array([5_978_655_000_000, 300_000_000]) }]);
  });
});

describe("toE8", () => {
  it("is exact, or says that there is no exact value", () => {
    const mantissa = fc.oneof(fc.maxSafeNat().map(BigInt), fc.bigInt({ min: -10n, max: 2n ** 63n - 1n }));
    const property = fc.property(mantissa, fc.integer({ min: -30, max: 30 }), (wide, exponent) => {
      const rounded = Number(wide);
      const found = toE8(Number.isSafeInteger(rounded) ? rounded : wide, exponent);
      // value = wide × 10^exponent, so found × 10^−8 must equal it: compared over a common denominator.
      const numerator = wide * 10n ** BigInt(Math.max(0, exponent + 8));
      const denominator = 10n ** BigInt(Math.max(0, -exponent - 8));
      const exact = numerator % denominator === 0n ? numerator / denominator : -1n;
      const expected = exact >= 0n && exact < 2n ** 53n ? Number(exact) : NO_E8;
      expect(found).toBe(expected);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it("takes the largest and refuses the next", () => {
    expect(toE8(Number.MAX_SAFE_INTEGER, -8)).toBe(Number.MAX_SAFE_INTEGER);
    expect(toE8(2n ** 53n, -8)).toBe(NO_E8);
    expect(toE8(90_071_992, 0)).toBe(9_007_199_200_000_000);
    expect(toE8(90_071_993, 0)).toBe(NO_E8);
  });
});
