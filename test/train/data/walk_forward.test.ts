import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { v1 } from "../../../src/features/sets/v1.ts";
import { DEFAULT_FILTERS } from "../../../src/train/data/filters.ts";
import { trainFolds, walkForward, walkForwardByMonth } from "../../../src/train/data/walk_forward.ts";
import { ridgeTrainable } from "../../../src/train/fit/fitted_ridge.ts";
import { apartOf } from "../../../src/train/run.ts";
import { syntheticDataset } from "./synthetic.ts";

const apart = { horizon_s: 10, look_back_s: 600, purge_s: undefined, embargo_s: undefined };

describe("walk-forward", () => {
  it("overlaps nowhere: training ends a purge and an embargo before its test, and tests share no row", () => {
    const seconds = fc
      .uniqueArray(fc.integer({ min: 0, max: 200_000 }), { minLength: 100, maxLength: 600 })
      .map((list) => Float64Array.from(list).sort());
    let checked = 0;
    const check = (ts_sec: Float64Array, n: number, embargo_s: number): void => {
      let folds: ReturnType<typeof walkForward>;
      try {
        folds = walkForward(ts_sec, n, { ...apart, embargo_s });
      } catch (error) {
        expect(error).toMatchObject({ code: "TRAIN_DATA" });
        return;
      }
      checked++;
      expect(folds).toHaveLength(n);
      let tested_to = 0;
      let cut_before = 0;
      for (const { cut_sec, split } of folds) {
        const [last_train, first_test] = [ts_sec[split.train.to - 1]!, ts_sec[split.test.from]!];
        expect(last_train + split.purge_s).toBeLessThanOrEqual(cut_sec);
        expect(first_test - embargo_s).toBeGreaterThanOrEqual(cut_sec);
        expect(last_train + apart.horizon_s).toBeLessThan(first_test);
        expect(split.train.from).toBe(0);
        expect(split.test.from).toBeGreaterThanOrEqual(tested_to);
        expect(cut_sec).toBeGreaterThan(cut_before);
        tested_to = split.test.to;
        cut_before = cut_sec;
      }
      expect(tested_to).toBe(ts_sec.length);
    };
    const folds = fc.integer({ min: 1, max: 6 });
    fc.assert(fc.property(seconds, folds, fc.integer({ min: 60, max: 900 }), check), { numRuns: 300 });
    expect(checked).toBeGreaterThan(100);
  });

  it("takes each calendar month by what came before it, purged, and leaves months without rows out", () => {
    const at = (day: string): number => Date.parse(`${day}Z`) / 1000;
    const stretch = (from: string, to: string): number[] =>
      Array.from({ length: (at(to) - at(from)) / 600 }, (_, index) => at(from) + 600 * index);
    const ts_sec = Float64Array.from([
      ...stretch("2025-12-30T00:00", "2026-01-20T00:00"),
      ...stretch("2026-03-02T00:00", "2026-04-01T12:00"),
    ]);
    const folds = walkForwardByMonth(ts_sec, apart);
    expect(folds.map(({ name }) => name)).toEqual(["2026-01", "2026-03", "2026-04"]);
    for (const { name, cut_sec, split } of folds) {
      const month = at(`${name}-01T00:00`);
      expect(cut_sec).toBe(month);
      expect(ts_sec[split.train.to - 1]! + apart.horizon_s + apart.look_back_s).toBeLessThanOrEqual(month);
      expect(ts_sec[split.test.from]!).toBeGreaterThanOrEqual(month + 60);
      expect(new Date(ts_sec[split.test.to - 1]! * 1000).toISOString().slice(0, 7)).toBe(name);
    }
    expect(folds.at(-1)!.split.test.to).toBe(ts_sec.length);
    expect(() => walkForwardByMonth(ts_sec.subarray(0, 200), apart)).toThrow(/rows in two calendar months/);
  });

  it("refuses more folds than the data carry, and no fold at all", () => {
    const ts_sec = Float64Array.from({ length: 300 }, (_, i) => i);
    expect(() => walkForward(ts_sec, 0, apart)).toThrow(/folds expected a whole number/);
    expect(() => walkForward(ts_sec, 5, apart)).toThrow(/fold 1 of 5 .* take fewer folds/);
    expect(() => walkForward(new Float64Array(0), 2, apart)).toThrow(/fold 1 of 2/);
  });

  it("scores every fold on its own later rows, with what is planted found in each, and keeps the dataset", async () => {
    const dataset = syntheticDataset({ seed: 5, seconds: 24_000, r2: 0.2 });
    const before = dataset.values.slice();
    const folds = walkForward(dataset.ts_sec, 2, apartOf(dataset, v1, 1, {}));
    // The made-up columns have neither a spread nor a volatility.
    const filters = { ...DEFAULT_FILTERS, spread_bp_max: undefined, volatility_max: undefined };
    const options = { seed: 1, train_share: 0.7, filters };
    const scores = [];
    for await (const { run } of trainFolds(dataset, v1, [ridgeTrainable], options, folds)) {
      expect(run.split).toEqual(folds[scores.length]!.split);
      scores.push(run.scores[0]!);
    }
    expect(scores.map(({ rows }) => rows)).toEqual(folds.map(({ split }) => split.test.to - split.test.from));
    for (const { r2 } of scores) expect(r2).toBeGreaterThan(0.1);
    expect(dataset.values).toEqual(before);
  });
});
