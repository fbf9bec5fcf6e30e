/**
 * Walk-forward: the time span in n + 1 blocks of the same length, or in calendar months; a fold learns from all
 * blocks before its own and is scored on that, each apart as any split. One test part may be lucky; n later ones are less likely to be.
 */

import { fail } from "../../base/errors.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { Trainable } from "../fit/trainable.ts";
import { type TrainingRun, type TrainOptions, train } from "../run.ts";
import { copiedPartOf, type Dataset, release } from "./dataset.ts";
import { type FilterSettings, filterDataset } from "./filters.ts";
import { firstFrom, type Numbers, numberAt } from "./numbers.ts";
import { type Apart, type Split, splitAt } from "./split.ts";

export interface Fold {
  /** e.g. "2 of 5", "2026-02". */
  readonly name: string;
  /** Training is before, the test after. */
  readonly cut_sec: number;
  readonly split: Split;
}

/**
 * @param ts_sec ascending.
 * @returns n folds in order of time; test rows of different folds are different rows.
 * @throws ForetickError TRAIN_DATA where n is not a whole number of at least 1, or a fold has an empty side.
 */
export function walkForward(ts_sec: Numbers, n: number, apart: Apart): Fold[] {
  if (!Number.isInteger(n) || n < 1) fail("TRAIN_DATA", `folds expected a whole number from 1, was ${n}`);
  const first_sec = numberAt(ts_sec, 0);
  const block_s = (numberAt(ts_sec, ts_sec.length - 1) - first_sec) / (n + 1);
  return Array.from({ length: n }, (_, index): Fold => {
    const cut_sec = first_sec + (index + 1) * block_s;
    const last = index === n - 1;
    const all = { from: 0, to: ts_sec.length };
    const range = last ? all : { from: 0, to: firstFrom(ts_sec, all, cut_sec + block_s) };
    const split = splitAt(ts_sec, range, cut_sec, apart);
    if (split) return { name: `${index + 1} of ${n}`, cut_sec, split };
    return fail(
      "TRAIN_DATA",
      `fold ${index + 1} of ${n} expected rows on both sides, has none on one: take fewer folds or more data`,
    );
  });
}

/**
 * A fold for each UTC month that has rows and rows before it; a month without either is left out.
 *
 * @param ts_sec ascending.
 * @throws ForetickError TRAIN_DATA where there is no such month.
 */
export function walkForwardByMonth(ts_sec: Numbers, apart: Apart): Fold[] {
  const all = { from: 0, to: ts_sec.length };
  const last_sec = numberAt(ts_sec, ts_sec.length - 1);
  const folds: Fold[] = [];
  for (let cut_sec = monthAfter(numberAt(ts_sec, 0)); cut_sec <= last_sec; cut_sec = monthAfter(cut_sec)) {
    const range = { from: 0, to: firstFrom(ts_sec, all, monthAfter(cut_sec)) };
    const split = splitAt(ts_sec, range, cut_sec, apart);
    const name = new Date(cut_sec * 1000).toISOString().slice(0, 7);
    if (split) folds.push({ name, cut_sec, split });
  }
  if (folds.length > 0) return folds;
  return fail(
    "TRAIN_DATA",
    "walk-forward by month expected rows in two calendar months, has them in one: give a longer range",
  );
}

/** Where the UTC month after the one of `sec` begins (s since 1970). */
function monthAfter(sec: number): number {
  const date = new Date(sec * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) / 1000;
}

/** A fold that was trained and scored. */
export interface FoldResult {
  readonly fold: Fold;
  readonly run: TrainingRun;
}

/**
 * Trains every fold from the start, filters included, on a copy of its rows; the dataset stays as it is.
 * @throws what `train` throws.
 */
export async function* trainFolds(
  dataset: Dataset,
  set: FeatureSet,
  trainables: readonly Trainable[],
  options: TrainOptions & { readonly filters: FilterSettings },
  folds: readonly Fold[],
): AsyncGenerator<FoldResult> {
  for (const fold of folds) {
    const { cut_sec, split } = fold;
    const copy = copiedPartOf(dataset, { from: 0, to: split.test.to });
    try {
      const part = filterDataset(copy, cut_sec, options.filters);
      yield { fold, run: await train(part, set, trainables, { ...options, cut_sec }) };
    } finally {
      release(copy);
    }
  }
}
