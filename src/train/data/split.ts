/**
 * Splits by time, never at random: neighbouring seconds share nine tenths of their label, so a random split
 * would leak test labels into training. Between training and test are a *purge* (the training rows whose
 * label or whose look-back reaches the test) and an *embargo* (test rows left out after it, for what fades
 * slowly).
 */

import { fail } from "../../base/errors.ts";
import { firstAbove, type Numbers, numberAt } from "./numbers.ts";
import { type RowRange, rowsOf } from "./row_range.ts";

export const EMBARGO_S_MIN = 60;

export interface Split {
  readonly train: RowRange;
  readonly test: RowRange;
  readonly purge_s: number;
  readonly embargo_s: number;
  /** Horizon + longest look-back. A smaller `purge_s` means the data were too short for it. */
  readonly purge_full_s: number;
}

/** How far apart the sides have to be. */
export interface Apart {
  readonly horizon_s: number;
  /** Longest look-back of the feature set. */
  readonly look_back_s: number;
  /** At least the horizon. Left out: the full purge, or the horizon alone where that leaves too little. */
  readonly purge_s?: number | undefined;
  /** At least 60 s. */
  readonly embargo_s?: number | undefined;
}

export interface SplitOptions extends Apart {
  /** Share of the time span before the cut, in (0, 1). */
  readonly train_share: number;
  /** Instead of the share: the cut itself, where rows have been left out since it was chosen. */
  readonly cut_sec?: number | undefined;
}

/** Where the share of the rows' time span ends (s since 1970, not whole). */
export function cutOf(ts_sec: Numbers, range: RowRange, train_share: number): number {
  const first_sec = numberAt(ts_sec, range.from);
  return first_sec + train_share * (numberAt(ts_sec, range.to - 1) - first_sec);
}

/**
 * Train rows have ts ≤ cut − purge, test rows ts ≥ cut + embargo.
 *
 * What leaks is a training label that overlaps the test: a purge of the horizon prevents that. The look-back is
 * purged as well, so that test vectors share no raw trade with training; where a recording is so short that
 * this would take more than half of the training rows, only the horizon is purged, and the split says so.
 *
 * @param ts_sec ascending; `range` restricts it.
 * @returns undefined where a side is left without rows.
 * @throws ForetickError TRAIN_DATA where an option is out of range.
 */
export function findSplit(ts_sec: Numbers, range: RowRange, options: SplitOptions): Split | undefined {
  const { train_share } = options;
  check("train share", train_share, train_share > 0 && train_share < 1, "between 0 and 1");
  return splitAt(ts_sec, range, options.cut_sec ?? cutOf(ts_sec, range, train_share), options);
}

/** `findSplit` at a given cut. */
export function splitAt(ts_sec: Numbers, range: RowRange, cut_sec: number, apart: Apart): Split | undefined {
  const { horizon_s, look_back_s } = apart;
  const embargo_s = apart.embargo_s ?? EMBARGO_S_MIN;
  const purge_full_s = horizon_s + look_back_s;
  check("embargo", embargo_s, embargo_s >= EMBARGO_S_MIN, `at least ${EMBARGO_S_MIN} s`);
  const asked = apart.purge_s ?? purge_full_s;
  check("purge", asked, asked >= horizon_s, `at least the horizon, ${horizon_s} s`);
  if (range.to <= range.from) return undefined;

  const through = (last_sec: number): RowRange => ({
    from: range.from,
    to: firstAbove(ts_sec, range, last_sec),
  });
  const keepsHalf = rowsOf(through(cut_sec - asked)) >= rowsOf(through(cut_sec)) / 2;
  const purge_s = apart.purge_s !== undefined || keepsHalf ? asked : horizon_s;
  const train = through(cut_sec - purge_s);
  // The smallest whole second that is at least cut + embargo: everything after the one before it.
  const test = { from: firstAbove(ts_sec, range, Math.ceil(cut_sec + embargo_s) - 1), to: range.to };
  if (rowsOf(train) === 0 || rowsOf(test) === 0) return undefined;
  return { train, test, purge_s, embargo_s, purge_full_s };
}

/** `findSplit`, where a split is needed. @throws ForetickError TRAIN_DATA where there is none. */
export function splitByTime(ts_sec: Numbers, range: RowRange, options: SplitOptions): Split {
  const split = findSplit(ts_sec, range, options);
  if (split) return split;
  return fail(
    "TRAIN_DATA",
    `${rowsOf(range)} rows leave training or test empty after a purge of ${options.purge_s ?? options.horizon_s} s and an embargo of ${options.embargo_s ?? EMBARGO_S_MIN} s: record a longer tape`,
  );
}

function check(what: string, value: number, ok: boolean, expected: string): void {
  if (!ok) fail("TRAIN_DATA", `${what} expected ${expected}, was ${value}`);
}
