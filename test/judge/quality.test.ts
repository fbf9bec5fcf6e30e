import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRng } from "../../src/base/rng.ts";
import {
  addRow,
  emptySums,
  type MinuteSums,
  type QualityRow,
  removeRow,
  returnE8,
  totalOf,
} from "../../src/judge/minute_sums.ts";
import { type QualityMinute, qualityOf } from "../../src/judge/quality.ts";
import { labelledSeconds } from "../../src/sim/label_series.ts";

const log_return = fc.oneof(
  fc.double({ min: -0.2, max: 0.2, noNaN: true }),
  fc.double({ min: -3e-4, max: 3e-4, noNaN: true }),
  fc.constantFrom(0, 5e-9, -5e-9, 1.5e-8, 0.05, -0.05),
);
const row: fc.Arbitrary<QualityRow> = fc.record({
  yhat_log_return: log_return,
  realized_log_return: log_return,
  lower: fc.option(log_return),
  upper: fc.option(log_return),
});

function sumsOf(rows: Iterable<QualityRow>): MinuteSums {
  const sums = emptySums();
  for (const one of rows) addRow(sums, one);
  return sums;
}

/** Rows of the second 0, 1, 2 …, as minutes. */
function minutesOf(rows: readonly QualityRow[]): QualityMinute[] {
  return Array.from({ length: Math.ceil(rows.length / 60) }, (_, minute) => ({
    minute,
    sums: sumsOf(rows.slice(minute * 60, minute * 60 + 60)),
  }));
}

const forecasts = (seed: number, seconds: number, r2: number, factor = 1): QualityRow[] =>
  labelledSeconds({ seed, r2 }, seconds).map(({ y, mean }) => ({
    yhat_log_return: factor * mean,
    realized_log_return: y,
    lower: factor * mean - 5e-4,
    upper: factor * mean + 5e-4,
  }));

describe("sums of a minute", () => {
  it("are the same to the digit in any order and any grouping", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.nat(60), fc.integer(), (rows, at, seed) => {
        const rng = seededRng(seed);
        const shuffled = rows
          .map((one) => ({ one, key: rng.uniform() }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const whole = sumsOf(rows);
        const parts = totalOf([sumsOf(shuffled.slice(0, at)), emptySums(), sumsOf(shuffled.slice(at))]);
        expect(parts).toEqual(whole);
        expect(Object.values(whole).every(Number.isSafeInteger)).toBe(true);
      }),
    );
  });

  it("give back a row that is taken out", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 59 }), row, (rows, one) => {
        const sums = sumsOf(rows);
        addRow(sums, one);
        removeRow(sums, one);
        expect(sums).toEqual(sumsOf(rows));
      }),
    );
  });

  it("are those of exact arithmetic on integers", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        const e8 = rows.map((one) => ({
          p: BigInt(returnE8(one.yhat_log_return)),
          y: BigInt(returnE8(one.realized_log_return)),
        }));
        const total = (of: (one: (typeof e8)[number]) => bigint): number =>
          Number(e8.reduce((sum, one) => sum + of(one), 0n));
        const size = (value: bigint): bigint => (value < 0n ? -value : value);
        expect(sumsOf(rows)).toMatchObject({
          n: rows.length,
          error2: total(({ p, y }) => (y - p) ** 2n),
          abs_error: total(({ p, y }) => size(y - p)),
          y: total(({ y }) => y),
          yy: total(({ y }) => y * y),
          abs_y: total(({ y }) => size(y)),
          p: total(({ p }) => p),
          pp: total(({ p }) => p * p),
          py: total(({ p, y }) => p * y),
          hit: total(({ p, y }) => (p * y > 0n ? 1n : 0n)),
          counted: total(({ p, y }) => (p * y === 0n ? 0n : 1n)),
        });
      }),
    );
  });

  it("round halves upwards, and bound what no market does", () => {
    expect([5e-9, -5e-9, 4.9e-9, -5.1e-9, 0.03125].map(returnE8)).toEqual([1, 0, 0, -1, 3_125_000]);
    expect([1, -1, Number.POSITIVE_INFINITY].map(returnE8)).toEqual([5_000_000, -5_000_000, 5_000_000]);
  });

  it("count the outcomes inside, ends included, among rows that have an interval", () => {
    const one = { yhat_log_return: 0, lower: -1e-4, upper: 2e-4 };
    const sums = sumsOf([
      { ...one, realized_log_return: -1e-4 },
      { ...one, realized_log_return: 2e-4 },
      { ...one, realized_log_return: 2.1e-4 },
      { yhat_log_return: 0, realized_log_return: 0 },
    ]);
    expect(sums).toMatchObject({ n: 4, intervals: 3, inside: 2, width: 90_000 });
  });
});

describe("quality of a window", () => {
  it("has the figures of the rows themselves", () => {
    const rows = forecasts(1, 7200, 0.05, 2);
    const y = rows.map((one) => one.realized_log_return);
    const p = rows.map((one) => one.yhat_log_return);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const [mean_y, mean_p] = [mean(y), mean(p)];
    const covariance = mean(rows.map((_, at) => (y[at]! - mean_y) * (p[at]! - mean_p)));
    const variance_p = mean(p.map((value) => (value - mean_p) ** 2));
    const variance_y = mean(y.map((value) => (value - mean_y) ** 2));
    const quality = qualityOf(minutesOf(rows), { horizon_s: 10 });
    const errors = y.map((value, at) => value - p[at]!);
    expect(quality.n).toBe(7200);
    expect(quality.n_effective).toBe(720);
    expect(quality.r2).toBeCloseTo(
      1 - mean(errors.map((e) => e * e)) / mean(y.map((value) => value * value)),
      5,
    );
    expect(quality.mae_cut).toBeCloseTo(1 - mean(errors.map(Math.abs)) / mean(y.map(Math.abs)), 5);
    expect(quality.ic).toBeCloseTo(covariance / Math.sqrt(variance_p * variance_y), 5);
    expect(quality.calibration_slope).toBeCloseTo(covariance / variance_p, 3);
    const moved = y.flatMap((value, at) => (value === 0 ? [] : [value * p[at]! > 0 ? 1 : 0]));
    expect(Math.abs(quality.hit_rate! - mean(moved))).toBeLessThan(0.001);
    expect(quality.coverage).toBe(mean(errors.map((e) => (Math.abs(e) <= 5e-4 ? 1 : 0))));
    expect(quality.width).toBeCloseTo(1e-3, 7);
  });

  it("is the same whichever way its minutes come", () => {
    const minutes = minutesOf(forecasts(2, 3600, 0.01));
    const halves = minutes.flatMap(({ minute, sums }) => [
      { minute, sums: emptySums() },
      { minute, sums },
    ]);
    const whole = qualityOf(minutes, { horizon_s: 10 });
    expect(qualityOf(halves.toReversed(), { horizon_s: 10 })).toEqual(whole);
    const kept = minutes.map(({ sums }) => ({ ...sums }));
    qualityOf(halves, { horizon_s: 600 });
    expect(minutes.map(({ sums }) => sums)).toEqual(kept);
  });

  it("has an interval that holds the true R² nineteen times in twenty, where one of rows would not", () => {
    let [held, naive, runs] = [0, 0, 0];
    for (let seed = 0; seed < 120; seed++) {
      const rows = forecasts(1000 + seed, 3600, 0);
      // Noise that goes on for ten seconds as forecasts do; what it truly explains is −(its square ÷ y's).
      let noise = 0;
      const rng = seededRng(seed);
      const judged = rows.map((one) => {
        noise = 0.9 * noise + rng.normal();
        return { ...one, yhat_log_return: 2e-5 * noise };
      });
      const { r2, r2_low, r2_high } = qualityOf(minutesOf(judged), { horizon_s: 10 });
      const sum = (of: (at: QualityRow) => number): number =>
        judged.reduce((total, one) => total + of(one), 0);
      const truth = -sum((one) => one.yhat_log_return ** 2) / sum((one) => one.realized_log_return ** 2);
      if (r2_low! <= truth && truth <= r2_high!) held++;
      if (Math.abs(r2! - truth) <= 1.96 * naiveError(judged)) naive++;
      runs++;
    }
    expect(held / runs).toBeGreaterThan(0.9);
    expect(held / runs).toBeLessThan(0.995);
    expect(naive / runs).toBeLessThan(0.7);
  });

  it("takes longer blocks for longer horizons, and gives no interval of fewer than ten", () => {
    const minutes = minutesOf(forecasts(3, 3600, 0.01));
    expect(qualityOf(minutes, { horizon_s: 60 }).r2_low).not.toBeNull();
    expect(qualityOf(minutes, { horizon_s: 61 }).r2_low).toBeNull();
    expect(qualityOf(minutes.slice(0, 9), { horizon_s: 10 })).toMatchObject({ r2_low: null, r2_high: null });
    expect(qualityOf(minutes.slice(0, 9), { horizon_s: 10 }).r2).not.toBeNull();
  });

  it("says null where a figure is undefined", () => {
    const nothing = { n: 0, r2: null, ic: null, hit_rate: null, coverage: null, width: null };
    expect(qualityOf([], { horizon_s: 10 })).toMatchObject(nothing);
    const still = sumsOf([{ yhat_log_return: 0, realized_log_return: 0 }]);
    const one = qualityOf([{ minute: 0, sums: still }], { horizon_s: 10 });
    expect(one).toMatchObject({ n: 1, r2: null, ic: null, hit_rate: null, calibration_slope: null });
  });
});

/** The standard error of R² as if rows were independent. */
function naiveError(rows: readonly QualityRow[]): number {
  const yy = rows.reduce((sum, one) => sum + one.realized_log_return ** 2, 0);
  const terms = rows.map(({ yhat_log_return: p, realized_log_return: y }) => y * y - (y - p) ** 2);
  const mean = terms.reduce((sum, one) => sum + one, 0) / terms.length;
  return Math.sqrt(terms.reduce((sum, one) => sum + (one - mean) ** 2, 0)) / yy;
}
