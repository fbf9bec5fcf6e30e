import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../src/base/config.ts";
import { Calibration, type ForecastOutcome } from "../../../src/judge/calibration.ts";
import { RecentMoves } from "../../../src/judge/recent_moves.ts";
import { Reliability } from "../../../src/judge/reliability.ts";
import { type SignalInput, signalOf } from "../../../src/judge/signal/signal_of.ts";
import { labelledSeconds } from "../../../src/sim/label_series.ts";

const HORIZON = 10;
const DAY = 86_400;

/** An interval of ± `bp` basis points. */
const input = (bp: number, p_up: number, confidence = Math.max(p_up, 1 - p_up)): SignalInput => ({
  ...{ lower_log_return: -bp * 1e-4, upper_log_return: bp * 1e-4, interval_coverage: 0.9 },
  ...{ p_up, confidence },
});

const defaults = readConfig({});
const settings = (environment: Record<string, string> = {}) => readConfig(environment);
const costing = (bp: number) => settings({ SIGNAL_COST_BP: String(bp) });

describe("a signal", () => {
  it("has probabilities from 0 to 100 that add up to 100 exactly, in any order", () => {
    const any = fc.record({
      bp: fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
      p_up: fc.double({ min: 0, max: 1, noNaN: true }),
      cost: fc.integer({ min: 0, max: 1_000 }),
    });
    fc.assert(
      fc.property(any, ({ bp, p_up, cost }) => {
        const signal = signalOf(input(bp, p_up), { ...defaults, signal_cost_bp: cost });
        const { BUY, HOLD, SELL } = signal!.probabilities;
        expect(Math.min(BUY, HOLD, SELL)).toBeGreaterThanOrEqual(0);
        for (const sum of [BUY + HOLD + SELL, SELL + BUY + HOLD, HOLD + SELL + BUY]) expect(sum).toBe(100);
      }),
    );
  });

  it("says of a move beyond the interval what the interval promises, and of any move what p_up does", () => {
    const at_edge = signalOf(input(5, 0.5), costing(5))!;
    expect(at_edge.probabilities.BUY + at_edge.probabilities.SELL).toBeCloseTo(10, 8);
    expect(at_edge.probabilities.BUY).toBe(at_edge.probabilities.SELL);
    const any_move = signalOf(input(5, 0.53), costing(0))!;
    expect(any_move.probabilities.BUY).toBeCloseTo(53, 6);
    expect(any_move.probabilities.SELL).toBeCloseTo(47, 6);
  });

  it("turns round with p_up", () => {
    const up = signalOf(input(5, 0.6), costing(1))!;
    const down = signalOf(input(5, 0.4), costing(1))!;
    expect(up.direction).toBe("BUY");
    expect(down.direction).toBe("SELL");
    expect(down.probabilities.SELL).toBeCloseTo(up.probabilities.BUY, 8);
    expect(down.probabilities.HOLD).toBeCloseTo(up.probabilities.HOLD, 8);
  });

  it("is drawn towards an even chance where a part of the forecast was made up for", () => {
    const whole = signalOf(input(5, 0.6), costing(1))!;
    const part = signalOf(input(5, 0.6, 0.55), costing(1))!;
    expect(part.direction).toBe("BUY");
    expect(part.confidence).toBeLessThan(whole.confidence);
    expect(part).toEqual(signalOf(input(5, 0.55), costing(1))!);
  });

  it("is HOLD where no direction is known, and where the cost is more than the market moves", () => {
    expect(signalOf(input(5, 0.5), costing(1))!.direction).toBe("HOLD");
    const dear = signalOf(input(6, 0.55), costing(20))!;
    expect(dear).toMatchObject({ direction: "HOLD", recommendation: "STRONG_HOLD" });
    expect(dear).toMatchObject({ position_multiplier: 0, risk_level: "LOW", cost_bp: 20 });
  });

  it("is AVOID for the best forecasts there are of ten seconds", () => {
    expect(signalOf(input(6, 0.55), settings())).toMatchObject({
      ...{ direction: "BUY", recommendation: "AVOID", position_multiplier: 0.5, risk_level: "HIGH" },
    });
  });

  it("is nothing where nothing is known of the volatility", () => {
    const none = { lower_log_return: null, upper_log_return: null, interval_coverage: null };
    expect(signalOf({ ...none, p_up: 0.5, confidence: 0.5 }, settings())).toBeUndefined();
    expect(signalOf(input(0, 0.5), settings())).toBeUndefined();
  });

  it.each([
    [0.9, "STRONG_BUY", 2, "LOW"],
    [0.82, "STRONG_BUY", 1.5, "LOW"],
    [0.72, "BUY", 1, "MEDIUM"],
    [0.67, "WEAK_BUY", 1, "HIGH"],
    [0.62, "WEAK_BUY", 0.5, "HIGH"],
    [0.55, "AVOID", 0.5, "HIGH"],
  ])(
    "of %d for a move up is %s, %d usual stakes, risk %s by default",
    (p_up, recommendation, multiplier, risk) => {
      expect(signalOf(input(5, p_up), costing(0))).toMatchObject({
        ...{ recommendation, position_multiplier: multiplier, risk_level: risk },
      });
    },
  );

  it("goes by the tables of the configuration", () => {
    const tables = settings({
      ...{ SIGNAL_COST_BP: "0", SIGNAL_RECOMMENDATIONS: "52:PLAIN" },
      ...{ SIGNAL_MULTIPLIERS: "54:3,52:2", SIGNAL_RISK_LEVELS: "50:MEDIUM" },
    });
    expect(signalOf(input(5, 0.47), tables)).toMatchObject({
      ...{ recommendation: "SELL", position_multiplier: 2, risk_level: "MEDIUM" },
    });
    expect(signalOf(input(5, 0.51), tables)).toMatchObject({
      recommendation: "AVOID",
      position_multiplier: 0,
    });
  });

  it("comes true: at any cost its probabilities are the shares that came", () => {
    const calibration = new Calibration({ horizon_s: HORIZON });
    const moves = new RecentMoves();
    const issued: ForecastOutcome[] = [];
    const costs = [0.5, 1, 2, 4].map((bp) => ({
      ...{ bp, config: costing(bp) },
      ...{ BUY: new Reliability(), HOLD: new Reliability(), SELL: new Reliability() },
    }));
    for (const { last, y, mean } of labelledSeconds({ seed: 7, r2: 0.02 }, DAY)) {
      moves.observe(last);
      if (issued.length >= HORIZON) calibration.learn(issued[issued.length - HORIZON]!);
      // Three times too large: what is raw in the forecast must not matter.
      const yhat_log_return = 3 * mean;
      issued.push({ yhat_log_return, volatility: moves.size, realized_log_return: y });
      // A third of the seconds is enough.
      if (issued.length < DAY / 4 || issued.length % 3 > 0) continue;
      const { lower, upper, coverage, p_up, confidence } = calibration.predict(yhat_log_return, moves.size);
      const worth = { lower_log_return: lower, upper_log_return: upper, interval_coverage: coverage };
      for (const { bp, config, BUY, HOLD, SELL } of costs) {
        const { probabilities } = signalOf({ ...worth, p_up, confidence }, config)!;
        const move_bp = y * 1e4;
        BUY.add(probabilities.BUY / 100, move_bp > bp ? 1 : -1);
        SELL.add(probabilities.SELL / 100, move_bp < -bp ? 1 : -1);
        HOLD.add(probabilities.HOLD / 100, Math.abs(move_bp) <= bp ? 1 : -1);
      }
    }
    for (const { BUY, HOLD, SELL } of costs) {
      for (const table of [BUY, HOLD, SELL]) {
        expect(table.error()).toBeLessThan(0.035);
        const full = table.table({ horizon_s: HORIZON }).filter(({ moved }) => moved > 3_000);
        expect(full.length).toBeGreaterThan(0);
        for (const { promised, realized } of full) expect(Math.abs(promised! - realized!)).toBeLessThan(0.08);
      }
    }
  });
});
