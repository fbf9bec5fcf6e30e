import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { backoffMs } from "../../../src/binance/backoff.ts";
import { RateBudget } from "../../../src/binance/rest/budget.ts";
import { RateWindow } from "../../../src/binance/stream/connection/rate_window.ts";

describe("backoffMs", () => {
  it("doubles from half to whole of the first wait, never past the cap", () => {
    const backoff = { first_ms: 500, cap_ms: 30_000 };
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 1_000 }), (seed, failures) => {
        const whole = Math.min(30_000, 500 * 2 ** Math.min(failures - 1, 20));
        const delay_ms = backoffMs(backoff, failures, seededRng(seed));
        expect(delay_ms).toBeGreaterThanOrEqual(whole / 2);
        expect(delay_ms).toBeLessThanOrEqual(whole);
      }),
    );
  });
});

describe("RateWindow", () => {
  it("never allows more than its number in any stretch of its length", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 100 }), (pauses) => {
        const clock = new ManualClock(0);
        const window = new RateWindow(clock, 4, 1_000);
        const sent: number[] = [];
        for (const pause of pauses) {
          clock.advance(pause);
          const delay_ms = window.delayMs();
          clock.advance(delay_ms);
          expect(window.delayMs()).toBe(0);
          window.note();
          sent.push(clock.monotonicUs());
        }
        for (let index = 4; index < sent.length; index += 1) {
          expect(sent[index]! - sent[index - 4]!).toBeGreaterThanOrEqual(1_000_000);
        }
      }),
    );
  });
});

describe("RateBudget", () => {
  it("keeps the weight of any sixty seconds within the share, and always lets the next one through in time", () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom(1, 2, 5, 25, 50, 250));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const clock = new ManualClock(0);
        const budget = new RateBudget(clock, 500, 0.8);
        const spent: { at_us: number; weight: number }[] = [];
        for (const [pause_ms, weight] of steps) {
          clock.advance(pause_ms);
          for (let waits = 0; budget.delayMs(weight) > 0; waits += 1) {
            expect(waits).toBeLessThan(100);
            clock.advance(budget.delayMs(weight));
          }
          budget.spend(weight);
          spent.push({ at_us: clock.monotonicUs(), weight });
        }
        for (const { at_us } of spent) {
          const window = spent.filter((other) => other.at_us >= at_us && other.at_us < at_us + 60_000_000);
          expect(window.reduce((sum, other) => sum + other.weight, 0)).toBeLessThanOrEqual(400);
        }
      }),
    );
  });

  it("counts what others behind the address spend for a minute, and not our own twice", () => {
    const clock = new ManualClock(0);
    const budget = new RateBudget(clock, 100, 0.8);
    budget.spend(20);
    budget.observe(70, 0);
    expect(budget.used).toBe(70);
    expect(budget.delayMs(25)).toBeGreaterThan(0);
    clock.advance(61_000);
    expect(budget.used).toBe(0);
    expect(budget.delayMs(25)).toBe(0);
  });

  it("lets a request through that is heavier than the whole allowance, once nothing else is spent", () => {
    const clock = new ManualClock(0);
    const budget = new RateBudget(clock, 100, 0.8);
    expect(budget.delayMs(250)).toBe(0);
    budget.spend(1);
    expect(budget.delayMs(250)).toBeGreaterThan(0);
  });
});
