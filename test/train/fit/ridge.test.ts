import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { fitScaler, standardise } from "../../../src/train/data/scaler.ts";
import { solveCholesky } from "../../../src/train/fit/cholesky.ts";
import { fitRidge, fitRidgeAt } from "../../../src/train/fit/ridge.ts";

const ROWS = 20_000;
const COEFFICIENTS = [3e-4, -2e-4, 0, 5e-5];
const MEANS = [0.5, -100, 7, 61_000];
const SCALES = [2, 30, 1e-3, 400];

function linearDataset(noise: number): HeldDataset {
  const rng = seededRng(5);
  const columns = COEFFICIENTS.length + 1;
  const values = new Float64Array(ROWS * columns);
  const y = new Float64Array(ROWS);
  for (let row = 0; row < ROWS; row++) {
    for (const [j, coefficient] of COEFFICIENTS.entries()) {
      const z = rng.normal();
      values[row * columns + j] = MEANS[j]! + SCALES[j]! * z;
      y[row]! += coefficient * z;
    }
    values[row * columns + columns - 1] = 42;
    y[row]! += noise * rng.normal();
  }
  return {
    symbol: "BTCUSDT",
    feature_set: "test",
    set_hash: v1.hash,
    names: ["a", "b", "c", "d", "constant"],
    horizon_s: 10,
    cadence_s: 1,
    label: "mid",
    rows: ROWS,
    rows_seen: ROWS,
    removed: { not_warm: 0, null_feature: 0, no_label: 0 },
    ts_sec: Float64Array.from({ length: ROWS }, (_, row) => 1e9 + row),
    values,
    y,
    last_return: new Float64Array(ROWS),
    price: new Float64Array(ROWS).fill(61_000),
    y_other: new Float64Array(ROWS).fill(Number.NaN),
  };
}

describe("ridge", () => {
  it("recovers known coefficients, whatever the units of the columns", () => {
    const dataset = linearDataset(1e-4);
    const model = fitRidge(dataset, { from: 0, to: ROWS }, { horizon_s: 10, look_back_s: 60 });
    for (const [j, coefficient] of COEFFICIENTS.entries()) {
      expect(model.weights[j]! * model.target_scale).toBeCloseTo(coefficient, 5);
    }
    expect(model.lambda).toBeLessThanOrEqual(0.01);
    expect(model.lambda_from).toBe("validation");
  });

  it("gives a column that never varied no say, even when it varies later", () => {
    const dataset = linearDataset(1e-4);
    const model = fitRidgeAt(dataset, { from: 0, to: 1000 }, 0.001);
    expect(model.scaler.inverse[4]).toBe(0);
    const before = model.forecast(dataset, { from: 1500, to: 1501 })[0]!;
    dataset.values[1500 * 5 + 4] = 1e9;
    expect(model.forecast(dataset, { from: 1500, to: 1501 })[0]).toBe(before);
  });

  it("shrinks to next to nothing where features say nothing of the label", () => {
    const dataset = linearDataset(0);
    const rng = seededRng(9);
    for (let row = 0; row < ROWS; row++) dataset.y[row] = 1e-4 * rng.normal();
    const model = fitRidge(dataset, { from: 0, to: ROWS }, { horizon_s: 10, look_back_s: 60 });
    const forecasts = model.forecast(dataset, { from: 0, to: ROWS });
    expect(Math.sqrt(forecasts.reduce((sum, p) => sum + p * p, 0) / ROWS)).toBeLessThan(1e-4 * 0.02);
  });

  it("expects no more than a published signal where the rows are too few to choose by", () => {
    const dataset = linearDataset(1e-4);
    const model = fitRidge(dataset, { from: 0, to: 500 }, { horizon_s: 10, look_back_s: 60 });
    expect(model).toMatchObject({ lambda_from: "prior", lambda: (5 * 10) / (0.002 * 500) });
  });

  it("fits on training rows alone: later rows change nothing", () => {
    const dataset = linearDataset(1e-4);
    const train = { from: 0, to: ROWS / 2 };
    const before = fitRidge(dataset, train, { horizon_s: 10, look_back_s: 60 });
    dataset.values.fill(1e6, (ROWS / 2) * 5);
    dataset.y.fill(1, ROWS / 2);
    const after = fitRidge(dataset, train, { horizon_s: 10, look_back_s: 60 });
    expect([...after.weights]).toEqual([...before.weights]);
    expect(after.target_scale).toBe(before.target_scale);
  });

  it("refuses labels that are all zero", () => {
    const dataset = linearDataset(0);
    dataset.y.fill(0);
    expect(() => fitRidgeAt(dataset, { from: 0, to: ROWS }, 1)).toThrow(
      expect.objectContaining({ code: "TRAIN_DATA" }),
    );
  });
});

describe("scaler", () => {
  it("makes training rows mean 0 and deviation 1", () => {
    const dataset = linearDataset(1e-4);
    const scaler = fitScaler(dataset, { from: 0, to: ROWS });
    const z = new Float64Array(5);
    const sums = new Float64Array(5);
    const squares = new Float64Array(5);
    for (let row = 0; row < ROWS; row++) {
      standardise(dataset.values, row * 5, scaler, z);
      for (let j = 0; j < 5; j++) {
        sums[j]! += z[j]! / ROWS;
        squares[j]! += z[j]! ** 2 / ROWS;
      }
    }
    for (let j = 0; j < 4; j++) {
      expect(sums[j]).toBeCloseTo(0, 8);
      expect(squares[j]).toBeCloseTo(1, 8);
    }
    expect(squares[4]).toBe(0);
  });
});

describe("Cholesky", () => {
  it("solves a system worked by hand and refuses one that is not positive definite", () => {
    // [4 2; 2 3]·x = [2, 5] → x = [−0.5, 2]
    const x = solveCholesky(Float64Array.of(4, 0, 2, 3), Float64Array.of(2, 5));
    expect(x[0]).toBeCloseTo(-0.5, 14);
    expect(x[1]).toBeCloseTo(2, 14);
    expect(() => solveCholesky(Float64Array.of(1, 0, 2, 1), Float64Array.of(1, 1))).toThrow(
      expect.objectContaining({ code: "TRAIN_DATA" }),
    );
  });
});
