import { describe, expect, it } from "vitest";
import { seededRng } from "../../src/base/rng.ts";
import { AdaptiveInterval } from "../../src/judge/interval.ts";

/** Share of outcomes inside, each learned ten steps after its interval was issued. */
function coverageOf(interval: AdaptiveInterval, sizes: (step: number) => number, steps: number): number {
  const pending: boolean[] = [];
  let held = 0;
  for (let step = 0; step < steps; step++) {
    const inside = sizes(step) <= interval.ratio;
    if (inside) held++;
    pending.push(inside);
    if (pending.length > 10) interval.observe(pending.shift()!);
  }
  return held / steps;
}

describe("adaptive interval", () => {
  it("holds its coverage though errors grow fivefold, shrink tenfold and grow tails on the way", () => {
    const rng = seededRng(3);
    const scales = [1, 5, 0.5, 2];
    const size = (step: number): number => {
      const scale = scales[Math.floor(step / 20_000)]!;
      return scale * (rng.uniform() < 0.05 ? 4 : 1) * Math.abs(rng.normal());
    };
    const interval = new AdaptiveInterval({ coverage: 0.9, start: 1.6 });
    expect(Math.abs(coverageOf(interval, size, 80_000) - 0.9)).toBeLessThan(0.01);
  });

  it("settles on the true quantile where nothing changes", () => {
    const rng = seededRng(4);
    const interval = new AdaptiveInterval({ coverage: 0.9, start: 5 });
    coverageOf(interval, () => Math.abs(rng.normal()), 60_000);
    expect(interval.ratio).toBeGreaterThan(1.45);
    expect(interval.ratio).toBeLessThan(1.85);
  });

  it("stays positive and finite when every outcome holds, or none does", () => {
    const interval = new AdaptiveInterval({ coverage: 0.9, start: 2 });
    for (let step = 0; step < 200_000; step++) interval.observe(true);
    expect(interval.ratio).toBeGreaterThan(0);
    for (let step = 0; step < 200_000; step++) interval.observe(false);
    expect(interval.ratio).toBeLessThanOrEqual(2000);
  });
});
