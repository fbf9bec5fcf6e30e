/** When the wall clock is looked at. */

import { describe, expect, it } from "vitest";
import { type Clock, ManualClock } from "../../src/base/clock.ts";
import { micros } from "../../src/base/units.ts";
import { DeadlineWatch } from "../../src/predict/deadline_watch.ts";

const START_US = 1_723_161_255_000_000;

function watching(deadlineAt: () => number): {
  clock: ManualClock;
  looks_us: number[];
  watch: DeadlineWatch;
} {
  const clock = new ManualClock(START_US);
  const looks_us: number[] = [];
  const look = (): void => void looks_us.push(clock.now() - START_US);
  return { clock, looks_us, watch: new DeadlineWatch({ clock, deadline: deadlineAt, look }) };
}

describe("the watch of the deadline", () => {
  it("looks within a millisecond after the deadline, wherever it is between two rounds", () => {
    for (const after_us of [1_000, 3_200, 9_999, 10_001, 47_300]) {
      const { clock, looks_us } = watching(() => START_US + after_us);
      clock.advance(100);
      const first = looks_us.find((at_us) => at_us >= after_us)!;
      expect(first - after_us).toBeLessThan(1_000);
    }
  });

  it("looks every ten milliseconds while there is no deadline", () => {
    const { clock, looks_us } = watching(() => Number.POSITIVE_INFINITY);
    clock.advance(40);
    expect(looks_us).toEqual([10_000, 20_000, 30_000, 40_000]);
  });

  it("lets other timers in where a deadline stays behind", () => {
    const { clock, looks_us } = watching(() => START_US - 5);
    clock.advance(5);
    expect(looks_us).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
  });

  it("looks no more once closed, from within a look too", () => {
    const { clock, looks_us, watch } = watching(() => Number.POSITIVE_INFINITY);
    clock.advance(10);
    watch.close();
    watch.close();
    clock.advance(100);
    expect(looks_us).toEqual([10_000]);
    const inner = new ManualClock(START_US);
    const closing: DeadlineWatch = new DeadlineWatch({
      clock: inner,
      deadline: () => Number.POSITIVE_INFINITY,
      look: () => {
        looks_us.push(0);
        closing.close();
      },
    });
    inner.advance(100);
    expect(looks_us).toEqual([10_000, 0]);
  });

  it("reads what came during a stall of the process before the clock closes anything", () => {
    const manual = new ManualClock(START_US);
    let stalled_us = 0;
    const clock: Clock = {
      now: () => micros(manual.now() + stalled_us),
      monotonicUs: () => manual.monotonicUs() + stalled_us,
      after: (delay_ms, run) => manual.after(delay_ms, run),
    };
    const looks_us: number[] = [];
    const look = (): void => void looks_us.push(clock.now() - START_US);
    new DeadlineWatch({ clock, deadline: () => Number.POSITIVE_INFINITY, look });
    manual.advance(10);
    stalled_us = 15_000_000;
    manual.advance(500);
    expect(looks_us[0]).toBe(10_000);
    expect(looks_us[1]).toBe(15_020_000 + 250_000);
    expect(looks_us[2]).toBe(15_020_000 + 260_000);
  });
});
