import { describe, expect, it } from "vitest";
import { Ledger, type LedgerTick } from "../../../src/judge/signal/ledger.ts";
import { STRATEGIES } from "../../../src/judge/signal/strategies.ts";
import { figuresOf, paperTrades, randomTicks } from "../../signal/paper.ts";

const strategy = (name: string) => STRATEGIES.find((one) => one.name === name)!;

function ledger(ticks: readonly LedgerTick[], name = "direction", fee_bp = 0) {
  const of = new Ledger(strategy(name), fee_bp);
  for (const tick of ticks) of.add(tick);
  return of.figures();
}

/** Prices are quote units × 1e8. */
const tick = (ts_sec: number, direction: LedgerTick["direction"], bid: number, ask: number): LedgerTick => ({
  ...{ ts_sec, direction, horizon_s: 10, recommendation: direction, position_multiplier: 1 },
  ...{ bid_price_e8: bid * 1e8, ask_price_e8: ask * 1e8 },
});

describe("a ledger", () => {
  it.each(STRATEGIES)("of strategy $name is what a plain list of its trades gives", (one) => {
    for (const seed of [1, 2, 3]) {
      const ticks = randomTicks(seed, 3_000, 1_700_000_000);
      const trades = paperTrades(ticks, one, 2.5);
      const expected = figuresOf(ticks, trades);
      const figures = ledger(ticks, one.name, 2.5);
      expect(trades.length).toBeGreaterThan(50);
      expect(figures.trades).toBe(expected.trades);
      for (const name of Object.keys(expected) as (keyof typeof expected)[]) {
        expect(Math.abs(figures[name]! / expected[name] - 1)).toBeLessThan(1e-8);
      }
      expect(figures.moves - figures.spread - figures.fees).toBeCloseTo(figures.net, 10);
    }
  });

  it("buys at the ask, sells at the bid, and pays the fee on both ends", () => {
    const held = [tick(100, "BUY", 99, 101), tick(105, "HOLD", 150, 152), tick(110, "HOLD", 103, 105)];
    const figures = ledger(held, "direction", 10);
    expect(figures.net).toBeCloseTo(103 / 101 - 1 - 0.001 * (1 + 103 / 101), 12);
    expect(figures.moves).toBeCloseTo(0.04, 12);
    expect(figures).toMatchObject({ trades: 1, is_open: false, win_rate: 1, profit_factor: null });
  });

  it("holds for the horizon, to the first quote after it where there is none then", () => {
    const ticks = [tick(100, "SELL", 100, 100), tick(109, "HOLD", 1, 1), tick(130, "HOLD", 98, 98)];
    expect(ledger(ticks).net).toBeCloseTo(0.02, 12);
  });

  it("turns a position round at an opposite signal, but not at one the strategy does not act on", () => {
    const ticks = [tick(100, "BUY", 100, 100), tick(103, "SELL", 102, 102), tick(113, "HOLD", 101, 101)];
    expect(ledger(ticks)).toMatchObject({ trades: 2 });
    expect(ledger(ticks).net).toBeCloseTo(0.02 + 1 / 102, 12);
    const avoided = ticks.map((one, at) => (at === 1 ? { ...one, recommendation: "AVOID" as const } : one));
    expect(ledger(avoided, "weak")).toMatchObject({ trades: 1 });
  });

  it("does nothing where no quote is known, and passes over a tick that comes again", () => {
    const unknown = { ...tick(100, "BUY", 1, 1), bid_price_e8: null };
    const ticks = [unknown, tick(101, "HOLD", 1, 1), tick(101, "BUY", 1, 1), tick(100, "BUY", 1, 1)];
    expect(ledger(ticks)).toMatchObject({
      ticks: 1,
      trades: 0,
      is_open: false,
      sharpe: null,
      win_rate: null,
    });
  });
});
