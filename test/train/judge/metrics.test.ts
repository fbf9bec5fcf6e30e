import { describe, expect, it } from "vitest";
import { measure, Ranks } from "../../../src/train/judge/metrics.ts";

const of = (...values: number[]): Float64Array => Float64Array.from(values);

describe("metrics", () => {
  it("equals values worked by hand", () => {
    // errors 1, 1, −2, 0 · Σe² = 6, Σ|e| = 4 · Σy² = 14, Σ|y| = 6
    const metrics = measure(of(2, -1, -3, 0), of(1, -2, -1, 0));
    expect(metrics.r2).toBeCloseTo(1 - 6 / 14, 14);
    expect(metrics.mae_cut).toBeCloseTo(1 - 4 / 6, 14);
    expect(metrics.mae).toBe(1);
    expect(metrics.rmse).toBeCloseTo(Math.sqrt(1.5), 14);
    // means −0.5 both; cov·4 = 7 − 1 = 6, Σ(y−ȳ)² = 13, Σ(p−p̄)² = 5
    expect(metrics.ic_pearson).toBeCloseTo(6 / Math.sqrt(65), 12);
    expect(metrics.calibration_slope).toBeCloseTo(6 / 5, 12);
    expect(metrics.dispersion).toBeCloseTo(Math.sqrt(5 / 13), 12);
    // ranks y 4 2 1 3, p 4 1 2 3: Σd² = 2
    expect(metrics.ic_spearman).toBeCloseTo(1 - (6 * 2) / (4 * 15), 12);
  });

  it("leaves exact zeros out of the hit-rate and counts them", () => {
    const metrics = measure(of(1, -1, 0, 2, 0, 3), of(1, 1, 1, 2, 0, 0));
    expect(metrics.hit_rate).toBeCloseTo(2 / 3, 14);
    expect(metrics.rows_hit_rate).toBe(3);
    expect(metrics.rows_zero_move).toBe(2);
  });

  it("says of the zero forecast that it cuts nothing and correlates with nothing", () => {
    const metrics = measure(of(1, -2, 3), of(0, 0, 0));
    expect(metrics).toMatchObject({ r2: 0, mae_cut: 0, ic_pearson: null, ic_spearman: null, hit_rate: null });
    expect(metrics).toMatchObject({ calibration_slope: null, dispersion: 0, rows_hit_rate: 0 });
  });

  it("takes a constant forecast for constant, rounding or not", () => {
    const metrics = measure(of(1, -2, 3, 5), new Float64Array(4).fill(0.1));
    expect(metrics.ic_pearson).toBeNull();
    expect(metrics.dispersion).toBe(0);
  });

  it("shares mean ranks among equals", () => {
    const values = of(5, 1, 5, 3, 5);
    const ranks = new Ranks(values);
    expect([...values].map((value) => ranks.of(value))).toEqual([4, 1, 4, 2, 4]);
  });
});
