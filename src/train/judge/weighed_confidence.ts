/**
 * Should the indicator weights have a say in a model's confidence? Validation rows in order, as they would have been
 * served: the live calibration promises, each outcome is learned a horizon later. In the first half it is fitted how the
 * confidence should fall with how unusual the features are that the model reads; in the second half the promises with and
 * without are held against what came, by the reliability table. The weights get a say only where the table's error is
 * smaller with them beyond doubt: the interval of the difference, by blocks drawn in pairs, lies above 0, and the square
 * of the error says the same.
 */

import { seededRng } from "../../base/rng.ts";
import { Calibration } from "../../judge/calibration.ts";
import { confidenceOf } from "../../judge/confidence.ts";
import { RecentMoves } from "../../judge/recent_moves.ts";
import { RELIABILITY_BINS, reliabilityBin } from "../../judge/reliability.ts";
import { type ShareLine, shareAt, Unusual } from "../../judge/weighed_confidence.ts";
import { CONFIDENCE_FORMAT, type ConfidenceComparison } from "../../model/bundle/confidence.ts";
import type { FeatureImportance } from "../../model/bundle/importance.ts";
import { type Dataset, heldPartOf, rowsIn } from "../data/dataset.ts";
import { pieces } from "../data/numbers.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import type { Fitted } from "../fit/trainable.ts";
import { blocksOf, intervalsOf } from "./bootstrap.ts";

/** The newest of the validation: as many as the live calibration remembers, two days. */
const ROWS_MAX = 172_800;
const COVERAGE = 0.99;

/** Validation rows as they would have been served. */
interface Promises {
  /** P(up | moves) of the live calibration. */
  readonly p_up: Float64Array;
  readonly unusual: Float64Array;
  /** Log-return. */
  readonly y: Float64Array;
}

/**
 * @param importance the weights; undefined is answered where they were not measured.
 * @param validation rows no model was fitted on, and none is tested on.
 */
export function weighedConfidence(
  dataset: Dataset,
  validation: RowRange,
  model: Fitted,
  importance: FeatureImportance,
  seed: number,
): ConfidenceComparison | undefined {
  if (importance.rows === 0) return undefined;
  const range = { from: Math.max(validation.from, validation.to - ROWS_MAX), to: validation.to };
  const promises = promisesOf(dataset, range, model, importance);
  const half = Math.floor(rowsOf(range) / 2);
  // No outcome of the first half reaches into the second.
  const overlap = rowsIn(dataset, dataset.horizon_s);
  const line = lineOf(promises, { from: 0, to: Math.max(0, half - overlap) }, overlap);
  return judged(promises, { from: half, to: rowsOf(range) }, line, { dataset, seed });
}

function promisesOf(
  dataset: Dataset,
  range: RowRange,
  model: Fitted,
  { features }: FeatureImportance,
): Promises {
  const { horizon_s, cadence_s } = dataset;
  const rows = rowsOf(range);
  const [p_up, unusual, y] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  const [ts_sec, yhat, sizes] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  const { mean, inverse } = model.scaler;
  const weights = features.map(({ weight }) => weight);
  const distance = new Unusual({ mean: [...mean], inverse: [...inverse], weights });
  const moves = new RecentMoves({ cadence_s });
  const calibration = new Calibration({ horizon_s, cadence_s });
  let learned = 0;
  for (const piece of pieces(range)) {
    const part = heldPartOf(dataset, piece);
    yhat.set(model.forecast(dataset, piece), piece.from - range.from);
    for (let at = 0; at < part.rows; at++) {
      const row = piece.from + at - range.from;
      ts_sec[row] = part.ts_sec[at]!;
      y[row] = part.y[at]!;
      moves.observe(part.last_return[at]!);
      sizes[row] = moves.size;
      for (; ts_sec[learned]! + horizon_s <= ts_sec[row]!; learned++) {
        const outcome = { yhat_log_return: yhat[learned]!, realized_log_return: y[learned]! };
        calibration.learn({ ...outcome, volatility: sizes[learned]! });
      }
      p_up[row] = sizes[row]! > 0 ? calibration.predict(yhat[row]!, sizes[row]!).p_up : 0.5;
      unusual[row] = distance.of(part.values, at * part.names.length);
    }
  }
  return { p_up, unusual, y };
}

/** What a slope is taken to be before any row: 0, give or take so much. */
const SLOPE_SD = 1;
/** Of an outcome that is 1 or 0 with nearly even chances. */
const OUTCOME_VARIANCE = 0.25;

/**
 * By least squares of promise − outcome, with the level held: what is unusual changes how the confidence is spread over
 * rows, and not how large it is in the mean.
 * @param overlap rows whose labels share outcomes: so many count as one.
 */
function lineOf({ p_up, unusual, y }: Promises, { from, to }: RowRange, overlap: number): ShareLine {
  let [weight, mean] = [0, 0];
  for (let row = from; row < to; row++) {
    const beyond2 = y[row] === 0 ? 0 : (p_up[row]! - 0.5) ** 2;
    weight += beyond2;
    mean += beyond2 * unusual[row]!;
  }
  if (!(weight > 0)) return { slope: 0, middle: 0 };
  const middle = mean / weight;
  let [product, square] = [0, 0];
  for (let row = from; row < to; row++) {
    if (y[row] === 0) continue;
    const beyond = p_up[row]! - 0.5;
    const change = beyond * (unusual[row]! - middle);
    product += change * ((y[row]! > 0 ? 0.5 : -0.5) - beyond);
    square += change * change;
  }
  return { slope: product / (square + (overlap * OUTCOME_VARIANCE) / SLOPE_SD ** 2), middle };
}

const SIDES = ["without", "with"] as const;

function judged(
  { p_up, unusual, y }: Promises,
  { from, to }: RowRange,
  line: ShareLine,
  { dataset, seed }: { readonly dataset: Dataset; readonly seed: number },
): ConfidenceComparison {
  const blocks = blocksOf(dataset);
  const cells = Math.ceil((to - from) / blocks.cell_rows);
  const column = (): Float64Array => new Float64Array(cells);
  const table = (): Float64Array[] => Array.from({ length: RELIABILITY_BINS }, column);
  const sides = SIDES.map(() => ({ apart: table(), square: column() }));
  const moved = column();
  for (let row = from; row < to; row++) {
    if (y[row] === 0) continue;
    const cell = Math.floor((row - from) / blocks.cell_rows);
    const up = y[row]! > 0 ? 1 : 0;
    const believed = [p_up[row]!, weighed(p_up[row]!, shareAt(line, unusual[row]!))];
    moved[cell]! += 1;
    for (const [side, p] of believed.entries()) {
      sides[side]!.apart[reliabilityBin(p)]![cell]! += p - up;
      sides[side]!.square[cell]! += (p - up) ** 2;
    }
  }
  const terms = Object.fromEntries([
    ["moved", moved],
    ...sides.flatMap(({ apart, square }, side) => [
      ...apart.map((values, bin) => [apartName(side, bin), values] as const),
      [squareName(side), square] as const,
    ]),
  ]) as Terms;
  const intervals = intervalsOf(terms, to - from, GAINS, {
    ...{ rng: seededRng(seed), blocks, coverage: COVERAGE },
  });
  const sums = Object.fromEntries(
    Object.entries(terms).map(([name, values]) => [name, total(values)]),
  ) as Sums;
  const gain = {
    error: { value: orZero(GAINS.error(sums)), interval: intervals.error },
    brier: { value: orZero(GAINS.brier(sums)), interval: intervals.brier },
  };
  const applied = gain.error.interval !== null && gain.error.interval[0] > 0 && gain.brier.value > 0;
  const figures = (side: number) => ({
    error: orZero(errorOf(sums, side)),
    brier: orZero(sums[squareName(side)]! / sums.moved!),
  });
  return {
    ...{ format: CONFIDENCE_FORMAT, applied, why: reason(gain, applied), ...line },
    ...{ rows: to - from, moved: sums.moved!, without: figures(0), with: figures(1), gain },
    ...{ coverage: COVERAGE, block_s: blocks.block_s },
  };
}

type Terms = Readonly<Record<string, Float64Array>>;
type Sums = Readonly<Record<string, number>>;

const apartName = (side: number, bin: number): string => `apart_${side}_${bin}`;
const squareName = (side: number): string => `square_${side}`;

const errorOf = (sums: Sums, side: number): number => {
  let apart = 0;
  for (let bin = 0; bin < RELIABILITY_BINS; bin++) apart += Math.abs(sums[apartName(side, bin)]!);
  return apart / sums.moved!;
};

const GAINS = {
  error: (sums: Sums): number => errorOf(sums, 0) - errorOf(sums, 1),
  brier: (sums: Sums): number => (sums[squareName(0)]! - sums[squareName(1)]!) / sums.moved!,
};

/** P(up | moves) as the confidence has it. */
function weighed(p_up: number, share: number): number {
  const confidence = confidenceOf(p_up, [], share);
  return p_up >= 0.5 ? confidence : 1 - confidence;
}

function reason({ error, brier }: ConfidenceComparison["gain"], applied: boolean): string {
  if (error.interval === null)
    return "Too few rows to show whether weights calibrate better: they have no say.";
  if (applied) return "Beyond doubt the promises are nearer to what came with weights: they have a say.";
  if (error.interval[0] <= 0) return "It is not shown that weights calibrate better: they have no say.";
  return `Weights calibrate better by the table, and not by the square of the error (${brier.value.toExponential(1)}): they have no say.`;
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

const orZero = (value: number): number => (Number.isFinite(value) ? value : 0);
