import { describe, expect, it } from "vitest";
import { micros, priceE8, qtyE8, tradeId } from "../../src/base/units.ts";
import type { TradeEvent } from "../../src/binance/events.ts";
import { RecentTrades } from "../../src/predict/lane/recent_trades.ts";

const SEC = 1_700_000_000;

/** Ten trades a second; the one with id n comes at n · 100 ms. */
function trade(n: number): TradeEvent {
  return {
    ...{ kind: "trade", symbol: "BTCUSDT", epoch: 2, trade_id: tradeId(n) },
    ts_us: micros(SEC * 1_000_000 + n * 100_000),
    received_us: micros(SEC * 1_000_000 + n * 100_000 + 5_000),
    price_e8: priceE8(9_007_199_254_740_991 - n),
    qty_e8: qtyE8(n + 1),
    is_buyer_maker: n % 3 === 0,
  };
}

const ids = (trades: RecentTrades, before?: number): number[] =>
  [...trades.before(before)].map(({ trade: { trade_id } }) => trade_id);
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe("the trades a lane remembers", () => {
  it("come out as they were put in, by id, below the id asked for, whatever the order they came in", () => {
    const trades = new RecentTrades("BTCUSDT", 3_600);
    for (const n of [...range(5_000, 12_000), ...range(0, 5_000)]) trades.add(trade(n), n % 7 === 0);
    expect([...trades.before(11_000)]).toEqual(
      range(0, 11_000).map((n) => ({ trade: trade(n), late: n % 7 === 0 })),
    );
    trades.add(trade(12_000), false);
    expect(ids(trades)).toEqual(range(0, 12_001));
  });

  it("are those of the look-back and a minute, and no more than the bound, however many come", () => {
    const trades = new RecentTrades("BTCUSDT", 600);
    for (const n of range(0, 50_000)) trades.add(trade(n), false);
    // 660 s before the newest trade, itself included.
    expect(ids(trades)).toEqual(range(50_000 - 6_601, 50_000));
    expect(trades.count).toBe(6_601);

    const few = new RecentTrades("BTCUSDT", 3_600, 1_000);
    for (const n of range(0, 20_000)) few.add(trade(n), false);
    expect(ids(few)).toEqual(range(19_000, 20_000));
  });

  it("are by numbering and id: a bound on ids is one of the newest numbering", () => {
    const trades = new RecentTrades("BTCUSDT", 600);
    for (const n of [...range(100, 150), ...range(160, 200)]) trades.add(trade(n), false);
    for (const n of range(5, 10)) trades.add({ ...trade(n), epoch: 3, ts_us: trade(200 + n).ts_us }, false);
    for (const n of range(1, 5)) trades.learn({ ...trade(n), epoch: 3, ts_us: trade(200 + n).ts_us }, false);
    for (const n of range(150, 160)) trades.add(trade(n), false);
    expect(ids(trades)).toEqual([...range(100, 200), ...range(1, 10)]);
    expect([...trades.before(tradeId(7))].map(({ trade: { trade_id } }) => trade_id as number)).toEqual([
      ...range(100, 200),
      ...range(1, 7),
    ]);
  });
});
