import { describe, expect, it } from "vitest";
import { micros, priceE8, qtyE8 } from "../../../src/base/units.ts";
import { type TradeRow, tradeFault } from "../../../src/binance/belief/row_faults.ts";

const START_US = 1_700_000_000_000_000;

const row = (trade_id: number, price: number, at_ms = trade_id * 10, qty = 1): TradeRow => ({
  ts_us: micros(START_US + at_ms * 1_000),
  price_e8: priceE8(price * 1e8),
  qty_e8: qtyE8(qty * 1e8),
});

const faultsOf = (rows: readonly TradeRow[]) =>
  rows.map((one, index) => tradeFault(rows[index - 1], one, rows[index + 1]));

describe("a trade of history", () => {
  it("is believed beside its neighbours, also where the price moves, and where many share a time", () => {
    expect(faultsOf([row(1, 100), row(2, 104), row(3, 104, 20), row(4, 99, 19), row(5, 92)])).toEqual(
      Array(5).fill(undefined),
    );
  });

  it("is not where neither neighbour has a price like it; after a real leap it is, from the first on", () => {
    expect(faultsOf([row(1, 100), row(2, 500), row(3, 101)])).toEqual([undefined, "price_band", undefined]);
    expect(faultsOf([row(1, 100), row(2, 101), row(3, 70), row(4, 71)])).toEqual(Array(4).fill(undefined));
  });

  it("is not with a time that the next one is far before", () => {
    const rows = [row(1, 100), row(2, 100, 3_000_000), row(3, 100), row(4, 100)];
    expect(faultsOf(rows)).toEqual([undefined, "time_ahead", undefined, undefined]);
  });

  it("is not without a price or a size", () => {
    expect(faultsOf([row(1, 0), row(2, 100, 20, 0)])).toEqual(["non_positive", "non_positive"]);
  });
});
