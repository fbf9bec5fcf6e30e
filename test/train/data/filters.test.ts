import { describe, expect, it } from "vitest";
import { columnOf, type HeldDataset } from "../../../src/train/data/dataset.ts";
import { DEFAULT_FILTERS, type FilterSettings, filterDataset } from "../../../src/train/data/filters.ts";
import { syntheticDataset } from "./synthetic.ts";

const OFF: FilterSettings = {
  completeness_min: undefined,
  return_max: undefined,
  spread_bp_max: undefined,
  volatility_max: undefined,
  volume_share: undefined,
  price_factor_max: undefined,
  on_test: false,
};
const SECONDS = 1_010;
const ROWS = 1_000;
/** Row 699 is the last of training. */
const TRAINING = 700;

/** Calm rows: nothing a filter takes, but for what `damage` does. */
function rows(damage: (dataset: HeldDataset, set: (row: number, name: string, to: number) => void) => void) {
  const dataset = syntheticDataset({ seed: 1, seconds: SECONDS, r2: 0 });
  const set = (row: number, name: string, to: number): void => {
    dataset.values[row * dataset.names.length + columnOf(dataset, name)] = to;
  };
  for (let row = 0; row < ROWS; row++) {
    set(row, "spread", 0.01);
    set(row, "vol_ret_10s", 1e-4);
    set(row, "buy_vol_5s", 1 + row);
    set(row, "sell_vol_5s", 0);
  }
  damage(dataset, set);
  return dataset;
}

const START = 1_700_000_100;
const cut_sec = START + TRAINING - 1;
const apply = (dataset: HeldDataset, settings: Partial<FilterSettings>) =>
  filterDataset(dataset, cut_sec, { ...OFF, ...settings });
const secondsOf = (dataset: HeldDataset): number[] => [...dataset.ts_sec].map((ts) => ts - START);

describe("filters", () => {
  it("take exactly the rows past their limit, on training rows alone, and count them", () => {
    const make = (): HeldDataset =>
      rows((dataset, set) => {
        for (const row of [10, 800]) {
          set(row, "spread", dataset.price[row]! * 0.0051);
          set(row + 1, "vol_ret_10s", 0.0101);
          dataset.y[row + 2] = -0.051;
          dataset.price[row + 3]! /= 2.5;
          dataset.price[row + 4]! *= 2.5;
        }
        set(20, "spread", dataset.price[20]! * 0.0049);
        set(21, "vol_ret_10s", 0.01);
        dataset.y[22] = 0.05;
      });
    const known = { incomplete: 0, wide_spread: 1, volatile: 1, price_off: 2 };
    const trained = apply(make(), DEFAULT_FILTERS);
    expect(trained.removed).toMatchObject({ ...known, large_return: 1 });
    expect(trained.rows).toBe(ROWS - 5);
    expect(secondsOf(trained)).toEqual(secondsOf(make()).filter((row) => row < 10 || row > 14));

    const everywhere = apply(make(), { ...DEFAULT_FILTERS, on_test: true });
    expect(everywhere.removed).toMatchObject({
      ...{ incomplete: 0, wide_spread: 2, volatile: 2, price_off: 4 },
      // What the label says is not known at t: its test row stays.
      large_return: 1,
    });
    expect(secondsOf(everywhere)).toContain(802);
    expect(secondsOf(everywhere)).not.toContain(800);
  });

  it("move every array of a row together", () => {
    const before = rows((_, set) => set(3, "spread", 1e6));
    const copy = {
      ...before,
      values: before.values.slice(),
      y: before.y.slice(),
      price: before.price.slice(),
    };
    const after = apply(before, { spread_bp_max: 50 });
    const columns = copy.names.length;
    expect(after.rows).toBe(ROWS - 1);
    for (const row of [2, 3, 500, ROWS - 2]) {
      const was = row < 3 ? row : row + 1;
      expect(after.y[row]).toBe(copy.y[was]!);
      expect(after.price[row]).toBe(copy.price[was]!);
      expect([...after.values.subarray(row * columns, (row + 1) * columns)]).toEqual([
        ...copy.values.subarray(was * columns, (was + 1) * columns),
      ]);
    }
  });

  it("take the lowest share of the volume by training rows, whatever the test rows have", () => {
    const counted = (test_volume: number): number =>
      apply(
        rows((_, set) => {
          for (let row = TRAINING; row < ROWS; row++) set(row, "buy_vol_5s", test_volume);
        }),
        { volume_share: 0.05 },
      ).removed.thin_volume!;
    expect(counted(0)).toBe(TRAINING * 0.05);
    expect(counted(1e9)).toBe(TRAINING * 0.05);
  });

  it("judge the price by the median of training rows, whatever the test rows have", () => {
    const moved = rows((dataset) => dataset.price.fill(1e9, TRAINING));
    expect(apply(moved, { price_factor_max: 2 }).removed.price_off).toBe(0);
    const moved_again = rows((dataset) => dataset.price.fill(1e9, TRAINING));
    expect(apply(moved_again, { price_factor_max: 2, on_test: true }).removed.price_off).toBe(
      ROWS - TRAINING,
    );
  });

  it("take rows after a gap until four fifths of a minute are usable, and not the first ones", () => {
    const gap = rows((dataset) => {
      for (let row = 300; row < ROWS; row++) dataset.ts_sec[row]! += 120;
    });
    const { removed, ts_sec } = apply(gap, { completeness_min: 0.8 });
    expect(removed.incomplete).toBe(47);
    expect(ts_sec[300]! - START).toBe(120 + 347);
  });

  it("leave no count where they are off", () => {
    const all = apply(
      rows(() => {}),
      {},
    );
    expect(all.rows).toBe(ROWS);
    expect(Object.keys(all.removed)).toEqual(["not_warm", "null_feature", "no_label"]);
  });
});
