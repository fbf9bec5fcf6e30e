import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRng } from "../../src/base/rng.ts";
import { Reliability } from "../../src/judge/reliability.ts";

const HORIZON = { horizon_s: 10 };

describe("reliability table", () => {
  it("counts by bin what moved and what went up, edges with the upper bin", () => {
    const table = new Reliability();
    for (const [p_up, realized] of [
      [0.5, 1e-4],
      [0.505, -1e-4],
      [0.5099, 2e-5],
      [0.51, 1e-4],
      [0.4999, 1e-4],
      [1, 1e-4],
      [0, -1e-4],
      [0.5, 0],
      [Number.NaN, 1e-4],
      [0.5, Number.NaN],
    ] as const) {
      table.add(p_up, realized);
    }
    const rows = table.table(HORIZON).filter(({ moved }) => moved > 0);
    expect(rows.map(({ from, to, moved }) => [from, to, moved])).toEqual([
      [0, 0.3, 1],
      [0.49, 0.5, 1],
      [0.5, 0.51, 3],
      [0.51, 0.525, 1],
      [0.7, 1, 1],
    ]);
    expect(rows[2]!.promised).toBeCloseTo((0.5 + 0.505 + 0.5099) / 3, 6);
    expect(rows[2]!.realized).toBeCloseTo(2 / 3, 12);
  });

  it("adds up to the digit, in whatever parts and order outcomes come", () => {
    const outcome = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(-1e-4, 0, 1e-4));
    fc.assert(
      fc.property(fc.array(outcome), fc.nat(20), (outcomes, at) => {
        const whole = new Reliability();
        for (const [p_up, realized] of outcomes) whole.add(p_up, realized);
        const parts = [outcomes.slice(at).toReversed(), outcomes.slice(0, at)].map((part) => {
          const table = new Reliability();
          for (const [p_up, realized] of part) table.add(p_up, realized);
          return table;
        });
        const stored = JSON.parse(JSON.stringify(parts[0]!.counts()));
        const merged = new Reliability(stored);
        merged.merge(parts[1]!.counts());
        expect(merged.counts()).toEqual(whole.counts());
      }),
    );
  });

  it("says 0.1 of promises that are a tenth too high, and hardly anything of promises that are kept", () => {
    const [kept, broken] = [new Reliability(), new Reliability()];
    const rng = seededRng(1);
    for (let at = 0; at < 200_000; at++) {
      const p_up = 0.35 + 0.3 * rng.uniform();
      const realized = rng.uniform() < p_up ? 1e-4 : -1e-4;
      kept.add(p_up, realized);
      broken.add(p_up + 0.1, realized);
    }
    expect(kept.error()!).toBeLessThan(0.006);
    expect(broken.error()!).toBeGreaterThan(0.095);
    expect(broken.error()!).toBeLessThan(0.105);
    expect(new Reliability().error()).toBeNull();
  });

  it("has intervals of the independent outcomes there are, a tenth of overlapping labels", () => {
    const table = new Reliability();
    for (let at = 0; at < 1000; at++) table.add(0.505, at < 550 ? 1e-4 : -1e-4);
    const { low, high } = table.table(HORIZON).find(({ moved }) => moved > 0)!;
    // The roots of (0.55 − p)² = 1.96² · p(1 − p) / 100.
    for (const p of [low!, high!]) {
      expect((0.55 - p) ** 2).toBeCloseTo((1.96 ** 2 * p * (1 - p)) / 100, 10);
    }
    expect(low!).toBeLessThan(0.5);
    expect(table.table({ horizon_s: 1 }).find(({ moved }) => moved > 0)!.low!).toBeGreaterThan(0.5);
  });
});
