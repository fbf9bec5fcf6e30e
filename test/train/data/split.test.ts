import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitByTime } from "../../../src/train/data/split.ts";

const HOUR = 3600;
const everySecond = (seconds: number): Float64Array =>
  Float64Array.from({ length: seconds }, (_, i) => 1e9 + i);
const options = { train_share: 0.7, horizon_s: 10, look_back_s: 600 };
const all = (ts_sec: Float64Array) => ({ from: 0, to: ts_sec.length });

describe("split", () => {
  it("leaves no training label inside the test, and purge plus embargo between the two, whatever the rows", () => {
    const seconds = fc
      .uniqueArray(fc.integer({ min: 0, max: 20_000 }), { minLength: 50, maxLength: 400 })
      .map((list) => Float64Array.from(list).sort());
    const shares = fc.double({ min: 0.2, max: 0.8, noNaN: true });
    const embargoes = fc.integer({ min: 60, max: 900 });
    const check = (ts_sec: Float64Array, train_share: number, embargo_s: number): void => {
      let split: ReturnType<typeof splitByTime>;
      try {
        split = splitByTime(ts_sec, all(ts_sec), { ...options, train_share, embargo_s });
      } catch (error) {
        expect(error).toMatchObject({ code: "TRAIN_DATA" });
        return;
      }
      const last_train = ts_sec[split.train.to - 1]!;
      const first_test = ts_sec[split.test.from]!;
      expect(first_test - last_train).toBeGreaterThanOrEqual(split.purge_s + split.embargo_s - 1e-6);
      expect(last_train + options.horizon_s).toBeLessThan(first_test);
      expect(split.purge_s).toBeGreaterThanOrEqual(options.horizon_s);
      if (split.purge_s === split.purge_full_s) {
        expect(first_test - options.look_back_s).toBeGreaterThan(last_train + options.horizon_s);
      }
    };
    fc.assert(fc.property(seconds, shares, embargoes, check), { numRuns: 500 });
  });

  it("purges horizon and look-back where the data allow it", () => {
    const ts_sec = everySecond(6 * HOUR);
    const split = splitByTime(ts_sec, all(ts_sec), options);
    expect(split).toMatchObject({ purge_s: 610, embargo_s: 60, purge_full_s: 610 });
    expect(split.train.to).toBe(Math.floor(0.7 * (6 * HOUR - 1) - 610) + 1);
    expect(split.test.from).toBe(Math.ceil(0.7 * (6 * HOUR - 1) + 60));
    expect(split.test.to).toBe(6 * HOUR);
  });

  it("purges the horizon alone where the full purge would eat the training rows, and shows it", () => {
    const ts_sec = everySecond(400);
    expect(splitByTime(ts_sec, all(ts_sec), options)).toMatchObject({ purge_s: 10, purge_full_s: 610 });
  });

  it("obeys a purge that is asked for, and refuses one shorter than the horizon", () => {
    const ts_sec = everySecond(HOUR);
    expect(splitByTime(ts_sec, all(ts_sec), { ...options, purge_s: 1500 }).purge_s).toBe(1500);
    for (const wrong of [{ purge_s: 9 }, { embargo_s: 59 }, { train_share: 1 }, { purge_s: Number.NaN }]) {
      expect(() => splitByTime(ts_sec, all(ts_sec), { ...options, ...wrong })).toThrow(
        expect.objectContaining({ code: "TRAIN_DATA" }),
      );
    }
  });

  it("refuses data that leave a side empty, and says how many rows there were", () => {
    const ts_sec = everySecond(90);
    expect(() => splitByTime(ts_sec, all(ts_sec), options)).toThrow(
      /90 rows leave training or test empty .* record a longer tape/,
    );
  });
});
