/**
 * Intervals by the moving-block bootstrap: whole minutes of consecutive rows are drawn with replacement, so
 * that the dependence between neighbouring labels (they share nine tenths of their horizon) is kept. Drawing
 * rows one by one, or a plain t-test, would give intervals about three times too narrow.
 *
 * Künsch (1989), "The jackknife and the bootstrap for general stationary observations". The resamples give the
 * figure's standard error; the interval reaches Student's t times as far, with as many degrees of freedom as
 * there are blocks, less one. Percentiles of the resamples would need tens of thousands of them so far out, and
 * ignore how few the blocks are.
 */

import { assert } from "../../base/errors.ts";
import type { Rng } from "../../base/rng.ts";
import { BLOCK_S_MIN, blockSeconds } from "../../judge/statistics/block_means.ts";
import { studentReach } from "../../judge/statistics/normal.ts";
import { ratios } from "../../judge/statistics/ratios.ts";
import type { Score } from "../../model/bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Terms } from "./metrics.ts";

export interface BootstrapOptions {
  readonly rng: Rng;
  /** Share of the intervals that hold the true value, e.g. 0.999. */
  readonly coverage?: number;
  readonly resamples?: number;
  /** Default: of rows a second apart, a minute each, one row per cell. */
  readonly blocks?: Blocks;
}

/** How rows are drawn together. */
export interface Blocks {
  /** Length of a block, and the rows it holds. */
  readonly block_s: number;
  readonly block_rows: number;
  /** Rows per term; divides `block_rows`. */
  readonly cell_rows: number;
}

/** Blocks that begin at every tenth row are as good as at every one, for a tenth of the memory. */
const CELL_ROWS_MAX = 10;

/** With fewer blocks than this in the data an interval would be a guess, and none is given. */
export const BLOCKS_MIN = 20;
/**
 * A model is held to several gates, and models are trained often: at 99 % one run in fifty on nothing but noise
 * would pass one of them.
 */
const DEFAULTS = {
  coverage: 0.999,
  resamples: 1000,
  blocks: { block_s: BLOCK_S_MIN, block_rows: BLOCK_S_MIN, cell_rows: 1 },
};

/** A minute, or six horizons where those are longer, in whole rows. */
export function blocksOf({ horizon_s, cadence_s }: Pick<Dataset, "horizon_s" | "cadence_s">): Blocks {
  const block_rows = Math.ceil(blockSeconds(horizon_s) / cadence_s);
  let cell_rows = CELL_ROWS_MAX;
  while (block_rows % cell_rows !== 0) cell_rows--;
  return { block_s: block_rows * cadence_s, block_rows, cell_rows };
}

type Intervals = Score["intervals"];

/** Intervals of each figure in `ratios`; null where the rows are too few or the figure is undefined. */
export function bootstrapIntervals(terms: Terms, rows: number, options: BootstrapOptions): Intervals {
  const { coverage, blocks, resamples } = { ...DEFAULTS, ...options };
  const intervals = intervalsOf(terms, rows, ratios, options);
  return { coverage, block_s: blocks.block_s, resamples, ...intervals };
}

/**
 * Intervals of figures made of sums over rows, all from the same resamples.
 * @param terms what each cell of rows adds, by name; all of one length.
 */
export function intervalsOf<Name extends string, Metric extends string>(
  terms: Readonly<Record<Name, Float64Array>>,
  rows: number,
  figures: Readonly<Record<Metric, (sums: Readonly<Record<Name, number>>, rows: number) => number>>,
  options: BootstrapOptions,
): Record<Metric, [number, number] | null> {
  const { coverage, resamples, blocks } = { ...DEFAULTS, ...options };
  const { block_rows, cell_rows } = blocks;
  assert(block_rows % cell_rows === 0, `blocks of ${block_rows} rows expected whole cells of ${cell_rows}`);
  const metrics = Object.keys(figures) as Metric[];
  const drawn = metrics.map(() => new Float64Array(resamples).fill(Number.NaN));
  if (rows >= BLOCKS_MIN * block_rows) {
    const cells = runningSums(terms, Math.floor(rows / cell_rows), cell_rows);
    for (let resample = 0; resample < resamples; resample++) {
      const sums = drawSums(cells, block_rows, options.rng) as Record<Name, number>;
      for (const [index, metric] of metrics.entries())
        drawn[index]![resample] = figures[metric](sums, cells.count * cells.rows);
    }
  }
  const reach = studentReach(coverage, Math.max(1, Math.floor(rows / block_rows) - 1));
  const sums = Object.fromEntries(
    Object.entries<Float64Array>(terms).map(([name, column]) => [name, sumOf(column)]),
  ) as Record<Name, number>;
  const intervals = metrics.map((metric, index) => [
    metric,
    around(figures[metric](sums, rows), reach * deviation(drawn[index]!)),
  ]);
  return Object.fromEntries(intervals) as Record<Metric, [number, number] | null>;
}

/** Running sums over cells of a few rows, so a block's sum is one subtraction. */
interface RunningSums {
  readonly names: readonly string[];
  /** Cells, whole ones only. */
  readonly count: number;
  /** Rows of each. */
  readonly rows: number;
  /** (cells + 1) × names; row-major, for a block is read across. */
  readonly values: Float64Array;
}

function runningSums(
  terms: Readonly<Record<string, Float64Array>>,
  count: number,
  cell_rows: number,
): RunningSums {
  const names = Object.keys(terms);
  const width = names.length;
  const values = new Float64Array((count + 1) * width);
  for (const [index, column] of Object.values(terms).entries()) {
    for (let cell = 0, at = index; cell < count; cell++, at += width) {
      values[at + width] = values[at]! + column[cell]!;
    }
  }
  return { names, count, rows: cell_rows, values };
}

// Blocks until the sample is as long as the data; the last one is cut to fit.
function drawSums(
  { names, count, rows, values }: RunningSums,
  block_rows: number,
  rng: Rng,
): Record<string, number> {
  const width = names.length;
  const block = block_rows / rows;
  const sums = new Float64Array(width);
  for (let filled = 0; filled < count; filled += block) {
    const from = rng.below(count - block + 1) * width;
    const to = from + Math.min(block, count - filled) * width;
    for (let index = 0; index < width; index++) sums[index]! += values[to + index]! - values[from + index]!;
  }
  return Object.fromEntries(names.map((name, index) => [name, sums[index]!]));
}

function around(figure: number, distance: number): [number, number] | null {
  return Number.isFinite(figure) && Number.isFinite(distance) ? [figure - distance, figure + distance] : null;
}

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

// Standard deviation; NaN where a resample had no value.
function deviation(values: Float64Array): number {
  const mean = sumOf(values) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
