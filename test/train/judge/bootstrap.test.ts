import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { bootstrapIntervals } from "../../../src/train/judge/bootstrap.ts";
import { termsOf } from "../../../src/train/judge/metrics.ts";

const HORIZON = 10;

/** Overlapping labels y(t) = Σ of ten returns, and a forecast that explains a known share of them. */
function overlapping(seed: number, rows: number, r2: number): { y: Float64Array; p: Float64Array } {
  const rng = seededRng(seed);
  const phi = 0.87;
  const reach = (1 - phi ** HORIZON) / (1 - phi);
  const c = Math.sqrt((r2 / (1 - r2)) * HORIZON) / reach;
  const returns = new Float64Array(rows + HORIZON);
  const p = new Float64Array(rows);
  let signal = rng.normal();
  for (let t = 0; t < rows + HORIZON; t++) {
    if (t < rows) p[t] = c * signal * reach;
    returns[t] = c * signal + rng.normal();
    signal = phi * signal + Math.sqrt(1 - phi ** 2) * rng.normal();
  }
  const y = p.map((_, t) => returns.subarray(t, t + HORIZON).reduce((sum, value) => sum + value, 0));
  return { y, p };
}

function trueR2(r2: number): number {
  const { y, p } = overlapping(999, 400_000, r2);
  const error = y.reduce((sum, value, t) => sum + (value - p[t]!) ** 2, 0);
  return 1 - error / y.reduce((sum, value) => sum + value * value, 0);
}

describe("bootstrap", () => {
  it("covers the true R² at about the stated rate, labels overlapping tenfold", () => {
    const truth = trueR2(0.05);
    const runs = 200;
    let covered = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const { y, p } = overlapping(seed, 3600, 0.05);
      const options = { rng: seededRng(seed), coverage: 0.9, resamples: 400 };
      const [low, high] = bootstrapIntervals(termsOf(y, p), y.length, options).r2!;
      if (low <= truth && truth <= high) covered++;
    }
    // 0.9 ± 3 standard errors of 200 runs, and the known small-sample undercoverage of percentiles below it.
    expect(covered / runs).toBeGreaterThan(0.8);
    expect(covered / runs).toBeLessThan(0.965);
  });

  it("is wider than drawing rows one by one, which overlapping labels would make too narrow", () => {
    const { y, p } = overlapping(3, 7200, 0);
    for (let t = 0; t < p.length; t++) p[t] = Math.sin(t / 40);
    const width = (block_rows: number): number => {
      const { ic_pearson } = bootstrapIntervals(termsOf(y, p), y.length, {
        rng: seededRng(1),
        blocks: { block_s: block_rows, block_rows, cell_rows: 1 },
        resamples: 500,
      });
      return ic_pearson![1] - ic_pearson![0];
    };
    expect(width(60) / width(1)).toBeGreaterThan(2);
  });

  it("comes out alike by the row and by cells of ten rows", () => {
    const { y, p } = overlapping(6, 14_403, 0.05);
    const by = (cell_rows: number) =>
      bootstrapIntervals(termsOf(y, p, cell_rows), y.length, {
        rng: seededRng(2),
        blocks: { block_s: 60, block_rows: 60, cell_rows },
      }).r2!;
    const [rows, cells] = [by(1), by(10)];
    expect((cells[0] + cells[1]) / 2).toBeCloseTo((rows[0] + rows[1]) / 2, 9);
    expect((cells[1] - cells[0]) / (rows[1] - rows[0])).toBeGreaterThan(0.9);
    expect((cells[1] - cells[0]) / (rows[1] - rows[0])).toBeLessThan(1.1);
  });

  it("is a function of its seed", () => {
    const { y, p } = overlapping(1, 2400, 0.05);
    const run = (seed: number) => bootstrapIntervals(termsOf(y, p), y.length, { rng: seededRng(seed) });
    expect(run(4)).toEqual(run(4));
    expect(run(5).r2).not.toEqual(run(4).r2);
  });

  it("gives no interval for less than twenty blocks, or for a figure that is undefined", () => {
    const { y, p } = overlapping(1, 1200, 0.05);
    expect(
      bootstrapIntervals(termsOf(y.subarray(1), p.subarray(1)), 1199, { rng: seededRng(1) }).r2,
    ).toBeNull();
    const zero = bootstrapIntervals(termsOf(y, new Float64Array(1200)), 1200, { rng: seededRng(1) });
    expect(zero).toMatchObject({ r2: [0, 0], mae_cut: [0, 0], ic_pearson: null, hit_rate: null });
  });
});
