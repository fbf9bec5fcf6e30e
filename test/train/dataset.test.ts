import { describe, expect, it } from "vitest";
import { lnr } from "../../src/features/lnr.ts";
import { type Dataset, DatasetBuilder } from "../../src/train/dataset.ts";
import { START_SEC, vectorOf } from "./synthetic.ts";

const HORIZON_S = 3;
const values = (second: number): number[] => Array.from({ length: 22 }, (_, j) => second * 100 + j);
const mid = (second: number): number => 12_000_000_000_000 + 1_000_000 * second ** 2;

interface Second {
  readonly warm?: boolean;
  readonly mid?: number | null;
  readonly values?: number[];
}

function build(seconds: Record<number, Second>): Dataset {
  const builder = new DatasetBuilder({ horizon_s: HORIZON_S });
  for (const [key, row] of Object.entries(seconds)) {
    const second = Number(key);
    const vector = vectorOf(START_SEC + second, row.values ?? values(second), row.warm ?? true);
    builder.push({ vector, mid_sum_e8: row.mid === undefined ? mid(second) : row.mid });
  }
  return builder.finish();
}

const secondsUsed = (dataset: Dataset): number[] => Array.from(dataset.ts_sec, (sec) => sec - START_SEC);
const plain = (from: number, to: number): Record<number, Second> =>
  Object.fromEntries(Array.from({ length: to - from }, (_, index) => [from + index, {}]));

describe("dataset", () => {
  it("labels a row with the mid a horizon later, and leaves out the tail that has none", () => {
    const dataset = build(plain(0, 8));
    expect(secondsUsed(dataset)).toEqual([0, 1, 2, 3, 4]);
    expect([...dataset.y]).toEqual([0, 1, 2, 3, 4].map((second) => lnr(mid(second + 3), mid(second))));
    expect(dataset.removed).toEqual({ not_warm: 0, null_feature: 0, no_label: 3 });
    expect([...dataset.values.subarray(22, 44)]).toEqual(values(1));
  });

  it("gives the last return only where the data reach back", () => {
    const { last_return } = build(plain(0, 8));
    expect([...last_return].map(Number.isNaN)).toEqual([true, true, true, false, false]);
    expect(last_return[4]).toBe(lnr(mid(4), mid(1)));
  });

  it("never labels across a missing second, a missing quote or a break in the look-back", () => {
    const { 5: _gone, ...missing } = plain(0, 12);
    for (const seconds of [
      missing,
      { ...plain(0, 12), 5: { mid: null } },
      { ...plain(0, 12), 5: { warm: false } },
    ]) {
      const dataset = build(seconds);
      expect(secondsUsed(dataset)).toEqual([0, 1, 6, 7, 8]);
      expect(dataset.last_return[2]).toBeNaN();
    }
  });

  it("leaves out a vector with a null, and still uses its quote for its neighbours' labels", () => {
    const holed = values(4);
    holed[15] = Number.NaN;
    const dataset = build({ ...plain(0, 8), 4: { values: holed } });
    expect(secondsUsed(dataset)).toEqual([0, 1, 2, 3]);
    expect(dataset.y[1]).toBe(lnr(mid(4), mid(1)));
    expect(dataset.removed.null_feature).toBe(1);
  });

  it("accounts for every row it saw", () => {
    const dataset = build({
      ...plain(0, 40),
      3: { warm: false },
      9: { mid: null },
      20: { values: [Number.NaN] },
    });
    const { not_warm, null_feature, no_label } = dataset.removed;
    expect(dataset.rows + not_warm + null_feature + no_label).toBe(dataset.rows_seen);
    expect(dataset.rows_seen).toBe(40);
  });

  it("labels nothing from one recording into the next", () => {
    const builder = new DatasetBuilder({ horizon_s: HORIZON_S });
    for (let second = 0; second < 10; second++) {
      if (second === 5) builder.endOfRecording();
      builder.push({ vector: vectorOf(START_SEC + second, values(second)), mid_sum_e8: mid(second) });
    }
    expect(secondsUsed(builder.finish())).toEqual([0, 1, 5, 6]);
  });

  it("grows past its first allocation without changing a row", () => {
    const dataset = build(plain(0, 9000));
    expect(dataset.rows).toBe(8997);
    expect(dataset.ts_sec[8996]).toBe(START_SEC + 8996);
    expect([...dataset.values.subarray(8996 * 22)]).toEqual(values(8996));
    expect(dataset.y[6000]).toBe(lnr(mid(6003), mid(6000)));
  });

  it("refuses time that runs back and a recording of nothing", () => {
    const builder = new DatasetBuilder({ horizon_s: HORIZON_S });
    expect(() => builder.finish()).toThrow(expect.objectContaining({ code: "TRAIN_DATA" }));
    builder.push({ vector: vectorOf(START_SEC, values(0)), mid_sum_e8: mid(0) });
    const again = (): void => builder.push({ vector: vectorOf(START_SEC, values(0)), mid_sum_e8: mid(0) });
    expect(again).toThrow(expect.objectContaining({ code: "TRAIN_DATA" }));
  });
});
