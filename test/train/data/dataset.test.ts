import { describe, expect, it } from "vitest";
import { unixSec } from "../../../src/base/units.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import { gold } from "../../../src/features/sets/gold.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { rowsWithHistory } from "../../../src/train/data/history_rows.ts";
import { HeldRows } from "../../../src/train/data/row_store.ts";
import { DatasetBuilder, type DatasetRow } from "../../../src/train/rows/dataset_builder.ts";
import { builderOf, START_SEC, vectorOf } from "./synthetic.ts";

const HORIZON_S = 3;
const values = (second: number): number[] => Array.from({ length: 22 }, (_, j) => second * 100 + j);
const mid = (second: number): number => 12_000_000_000_000 + 1_000_000 * second ** 2;
const close = (second: number): number => 6_000_000_000_000 + 700_000 * second ** 2;

interface Second {
  readonly warm?: boolean;
  readonly mid?: number | null;
  readonly values?: number[];
}

function rowOf(second: number, { values: given, warm = true, mid: price }: Second = {}): DatasetRow {
  const vector = vectorOf(START_SEC + second, given ?? values(second), warm);
  const mid_sum_e8 = price === undefined ? mid(second) : price;
  return { ts_sec: START_SEC + second, vector, mid_sum_e8, close_e8: close(second) };
}

function build(seconds: Record<number, Second>): HeldDataset {
  const builder = builderOf(HORIZON_S);
  for (const [key, row] of Object.entries(seconds)) {
    const second = Number(key);
    builder.push(rowOf(second, row));
  }
  return builder.finish();
}

const secondsUsed = (dataset: HeldDataset): number[] => Array.from(dataset.ts_sec, (sec) => sec - START_SEC);
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
    const builder = builderOf(HORIZON_S);
    for (let second = 0; second < 10; second++) {
      if (second === 5) builder.endOfRecording();
      builder.push(rowOf(second));
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
    const builder = builderOf(HORIZON_S);
    expect(() => builder.finish()).toThrow(expect.objectContaining({ code: "TRAIN_DATA" }));
    builder.push(rowOf(0));
    expect(() => builder.push(rowOf(0))).toThrow(expect.objectContaining({ code: "TRAIN_DATA" }));
  });

  it("labels by the last price where that is asked for, quotes or none, and keeps the other label beside it", () => {
    const builder = builderOf(HORIZON_S, "last");
    for (let second = 0; second < 12; second++) {
      builder.push(rowOf(second, second < 7 ? { mid: null } : {}));
    }
    const { y, y_other, price, label } = builder.finish();
    expect(label).toBe("last");
    const rows = Array.from({ length: 9 }, (_, second) => second);
    expect([...y]).toEqual(rows.map((second) => lnr(close(second + 3), close(second))));
    expect([...price]).toEqual(rows.map((second) => close(second) / 1e8));
    expect([...y_other].map(Number.isNaN)).toEqual(rows.map((second) => second < 7));
    expect(y_other[8]).toBe(lnr(mid(11), mid(8)));
  });

  it("drops what reaches past a break dated before it was noticed, by the streams its label is of", () => {
    const through = (stream: "trade" | "quote" | "depth", label: "mid" | "last") => {
      const builder = builderOf(HORIZON_S, label);
      for (let second = 0; second < 14; second++) {
        // The data ended in second 5; it is noticed as 8 closes.
        const breaks = second === 8 ? [{ ts_us: (START_SEC + 5.5) * 1e6, stream }] : [];
        builder.push({ ...rowOf(second), breaks });
      }
      return builder.finish();
    };
    for (const [stream, label] of [
      ["quote", "mid"],
      ["trade", "last"],
    ] as const) {
      const broken = through(stream, label);
      expect(secondsUsed(broken)).toEqual([0, 1, 2, 8, 9, 10]);
      expect([...broken.y_other].some(Number.isNaN)).toBe(false);
      const other = through(stream, label === "mid" ? "last" : "mid");
      expect(secondsUsed(other)).toHaveLength(11);
      const unknown = secondsUsed(other).filter((_, row) => Number.isNaN(other.y_other[row]!));
      expect(unknown).toEqual([3, 4, 5, 6, 7]);
    }
    expect(secondsUsed(through("depth", "mid"))).toHaveLength(11);
  });

  it("of a set every two seconds has a row every two, and labels that end between two vectors too", () => {
    const builder = new DatasetBuilder(
      { symbol: "BTCUSDT", set: gold, horizon_s: HORIZON_S, label: "mid" },
      new HeldRows(gold.names.length),
    );
    const first = START_SEC + (START_SEC % 2);
    const at = (second: number): number => first - START_SEC + second;
    for (let second = 0; second < 12; second++) {
      const ts_sec = unixSec(first + second);
      const of_gold = { names: gold.names, values: new Float64Array(gold.names.length) };
      const vector = { ...vectorOf(ts_sec, []), feature_set: "gold", set_hash: gold.hash, ...of_gold };
      const due = second % 2 === 0;
      const prices = { mid_sum_e8: mid(at(second)), close_e8: close(at(second)) };
      builder.push({ ts_sec, vector: due ? vector : undefined, ...prices });
    }
    const dataset = builder.finish();
    expect([...dataset.ts_sec].map((sec) => sec - first)).toEqual([0, 2, 4, 6, 8]);
    expect(dataset).toMatchObject({ cadence_s: 2, rows_seen: 6, removed: { no_label: 1 } });
    expect(dataset.y[1]).toBe(lnr(mid(at(5)), mid(at(2))));
    expect(dataset.last_return[2]).toBe(lnr(mid(at(4)), mid(at(1))));
    expect([...rowsWithHistory(dataset, { from: 0, to: 5 }, 3)]).toEqual([2, 3, 4]);
  });
});
