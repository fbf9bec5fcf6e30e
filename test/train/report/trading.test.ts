import { describe, expect, it } from "vitest";
import type { TestRows } from "../../../src/train/report/figures/test_rows.ts";
import { tradingView } from "../../../src/train/report/figures/trading.ts";

function rowsOf(
  seconds: number,
  forecast: (sec: number) => number,
  outcome: (sec: number) => number,
): TestRows {
  const ts_sec = Float64Array.from({ length: seconds }, (_, sec) => 1_000_000 + sec);
  return {
    horizon_s: 10,
    cadence_s: 1,
    ts_sec,
    y: ts_sec.map((_, sec) => outcome(sec)),
    p: ts_sec.map((_, sec) => forecast(sec)),
    price: new Float64Array(seconds).fill(60_000),
    y_other: new Float64Array(seconds).fill(Number.NaN),
    spread: new Float64Array(seconds).fill(6),
    volatility: new Float64Array(seconds).fill(1e-4),
  };
}

describe("trading view", () => {
  it("holds one position at a time, and charges both fees and one spread for it", () => {
    const { every, free, spread } = tradingView(
      rowsOf(
        100,
        () => 1e-5,
        () => 0.003,
      ),
      0.001,
    );
    expect(spread).toBeCloseTo(1e-4, 12);
    expect(every.trades).toBe(10);
    expect(every.cost).toBeCloseTo(0.0021, 12);
    expect(every.net).toBeCloseTo(0.0009, 12);
    expect(every).toMatchObject({ win_rate: 1, drawdown_max: 0, profit_factor: null });
    expect(free.net).toBeCloseTo(0.003, 12);
  });

  it("goes short on a falling forecast, and adds up gains, losses and the deepest fall as they come", () => {
    // Right, wrong, right, wrong …, ten seconds each.
    const outcome = (sec: number): number => (Math.floor(sec / 10) % 2 === 0 ? -0.002 : 0.001);
    const { free } = tradingView(
      rowsOf(400, () => -1e-5, outcome),
      0.001,
    );
    expect(free.trades).toBe(40);
    expect(free.win_rate).toBe(0.5);
    expect(free.profit_factor).toBeCloseTo(2, 9);
    expect(free.drawdown_max).toBeCloseTo(0.001, 12);
    expect(free.net_total).toBeCloseTo(20 * 0.002 - 20 * 0.001, 12);
    expect(free.sharpe_a_year).toBeGreaterThan(0);
  });

  it("trades only above its cost where asked to, and not at all on a forecast of nothing", () => {
    const { worthwhile, every } = tradingView(
      rowsOf(
        100,
        (sec) => (sec === 50 ? 0.01 : sec > 80 ? 0 : 1e-5),
        () => 0.001,
      ),
      0.001,
    );
    expect(worthwhile.trades).toBe(1);
    expect(every.trades).toBe(9);
    expect(worthwhile.sharpe_a_year).toBeNull();
  });
});
