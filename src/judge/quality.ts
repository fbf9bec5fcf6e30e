/**
 * What the outcomes of a window say of a model: every figure from sums of its minutes, with an interval that knows
 * that labels overlap. Seconds of one minute go together, minutes hardly, so an interval is the jackknife over minutes
 * (longer blocks for longer horizons): each figure without each block in turn, and Student's t with as many degrees
 * of freedom as there are blocks, less one.
 *
 * Efron and Stein (1981), "The jackknife estimate of variance"; Künsch (1989) for blocks.
 */

import { emptySums, type MinuteSums, merge, SUM_NAMES, totalOf } from "./minute_sums.ts";
import { blockSeconds } from "./statistics/block_means.ts";
import { studentReach } from "./statistics/normal.ts";
import { ratios } from "./statistics/ratios.ts";

/** Sums of the forecasts of one minute. */
export interface QualityMinute {
  /** floor(ts_sec / 60) of its forecasts. */
  readonly minute: number;
  readonly sums: MinuteSums;
}

export interface QualityOptions {
  readonly horizon_s: number;
  /** Seconds from one forecast to the next. Default 1. */
  readonly cadence_s?: number;
}

/** null where undefined, and where the blocks are too few for an interval. Intervals hold 95 %. */
export interface Quality {
  /** Forecasts with an outcome. */
  readonly n: number;
  /** Outcomes that share nothing of their horizon: what `n` is worth. */
  readonly n_effective: number;
  /** 1 − Σ(y − ŷ)² ÷ Σy²: against forecasting no move. */
  readonly r2: number | null;
  readonly r2_low: number | null;
  readonly r2_high: number | null;
  /** Share of the mean absolute error that is cut, against forecasting no move. */
  readonly mae_cut: number | null;
  /** Correlation of forecast and outcome. */
  readonly ic: number | null;
  /** Share of right signs where neither the move nor the forecast is 0 (1e-8), and how many those are. */
  readonly hit_rate: number | null;
  readonly moves: number;
  /** Slope of the outcome on the forecast: 1 is calibrated, below 1 overconfident. */
  readonly calibration_slope: number | null;
  /** Share of outcomes inside their interval, and its mean whole width (log-return). */
  readonly coverage: number | null;
  readonly width: number | null;
  readonly intervals: Readonly<Record<FigureName, readonly [low: number, high: number] | null>>;
}

const FIGURES = {
  r2: (sums: MinuteSums) => ratios.r2(sums, sums.n),
  mae_cut: (sums: MinuteSums) => ratios.mae_cut(sums, sums.n),
  ic: (sums: MinuteSums) => ratios.ic_pearson(sums, sums.n),
  hit_rate: (sums: MinuteSums) => ratios.hit_rate(sums, sums.n),
  calibration_slope: (sums: MinuteSums) => ratios.calibration_slope(sums, sums.n),
  coverage: (sums: MinuteSums) => sums.inside / sums.intervals,
} as const;
type FigureName = keyof typeof FIGURES;
const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

const INTERVAL_COVERAGE = 0.95;
/** With fewer blocks an interval would be a guess. A quarter of an hour has fifteen. */
const BLOCKS_MIN = 10;
const MINUTE_S = 60;

/** @param minutes in any order; several of one minute are taken together. */
export function qualityOf(
  minutes: Iterable<QualityMinute>,
  { horizon_s, cadence_s = 1 }: QualityOptions,
): Quality {
  const blocks = blocksOf(minutes, Math.ceil(blockSeconds(horizon_s) / MINUTE_S));
  const total = totalOf(blocks);
  const intervals = jackknife(total, blocks);
  const figure = (name: FigureName): number | null => orNull(FIGURES[name](total));
  return {
    n: total.n,
    n_effective: total.n * Math.min(1, cadence_s / horizon_s),
    r2: figure("r2"),
    r2_low: intervals.r2?.[0] ?? null,
    r2_high: intervals.r2?.[1] ?? null,
    mae_cut: figure("mae_cut"),
    ic: figure("ic"),
    hit_rate: figure("hit_rate"),
    moves: total.counted,
    calibration_slope: figure("calibration_slope"),
    coverage: figure("coverage"),
    width: orNull(total.width / total.intervals / 1e8),
    intervals,
  };
}

function blocksOf(minutes: Iterable<QualityMinute>, block_minutes: number): MinuteSums[] {
  const blocks = new Map<number, MinuteSums>();
  for (const { minute, sums } of minutes) {
    if (sums.n === 0) continue;
    const key = Math.floor(minute / block_minutes);
    const block = blocks.get(key);
    if (block) merge(block, sums);
    else blocks.set(key, { ...sums });
  }
  // In order of time, so that the same minutes give the same figures whatever order they came in.
  return [...blocks.entries()].sort(([one], [other]) => one - other).map(([, sums]) => sums);
}

function jackknife(total: MinuteSums, blocks: readonly MinuteSums[]): Quality["intervals"] {
  const without = FIGURE_NAMES.map(() => new Float64Array(blocks.length));
  // One object for all blocks: a week has ten thousand.
  const rest = emptySums();
  for (const [at, block] of blocks.entries()) {
    for (const name of SUM_NAMES) rest[name] = total[name] - block[name];
    for (const [figure, name] of FIGURE_NAMES.entries()) without[figure]![at] = FIGURES[name](rest);
  }
  const reach = blocks.length < BLOCKS_MIN ? Number.NaN : studentReach(INTERVAL_COVERAGE, blocks.length - 1);
  const intervals = FIGURE_NAMES.map((name, at) => {
    const figure = FIGURES[name](total);
    const distance = reach * deviation(without[at]!);
    const known = Number.isFinite(figure) && Number.isFinite(distance);
    return [name, known ? [figure - distance, figure + distance] : null];
  });
  return Object.fromEntries(intervals);
}

/** The jackknife's standard error of what leaves out one block each. */
function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt((square * (values.length - 1)) / values.length);
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
