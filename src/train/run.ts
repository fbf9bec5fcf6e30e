/**
 * A training run from dataset to bundles: split, fit, score every model beside every baseline on the later part,
 * judge. Deterministic but for the times it takes: the same dataset, options and seed give the same models.
 */

import { seededRng } from "../base/rng.ts";
import { warmUpMaxSeconds } from "../features/algebra/look_back.ts";
import type { FeatureSet } from "../features/sets/feature_set.ts";
import type { Score } from "../model/bundle/manifest.ts";
import { collectGarbage } from "./data/collect.ts";
import { type Dataset, rowsIn } from "./data/dataset.ts";
import { FileNumbers, type Scratch } from "./data/number_file.ts";
import { type Numbers, pieces } from "./data/numbers.ts";
import type { RowRange } from "./data/row_range.ts";
import { type Apart, findSplit, type Split, splitByTime } from "./data/split.ts";
import { fitBaselines } from "./fit/baselines.ts";
import { fittedRidge } from "./fit/fitted_ridge.ts";
import type { Forecaster } from "./fit/forecaster.ts";
import { fitRidge } from "./fit/ridge.ts";
import { type FitOptions, type FitSplit, type Fitted, MODEL_KINDS, type Trainable } from "./fit/trainable.ts";
import { blocksOf, bootstrapIntervals } from "./judge/bootstrap.ts";
import type { Draws, Forecasts } from "./judge/compare.ts";
import { measure, termsOf } from "./judge/metrics.ts";
import { type Proposal, propose } from "./judge/propose.ts";

export interface TrainOptions extends FitOptions {
  readonly train_share: number;
  readonly purge_s?: number | undefined;
  readonly embargo_s?: number | undefined;
  /** Instead of the share: where the cut was before filters left rows out (s since 1970). */
  readonly cut_sec?: number | undefined;
}

export interface TrainingRun {
  /** Training, validation included, and test. */
  readonly split: Split;
  /** What a model that learns is fitted on, and what decides when it stops. */
  readonly fit_split: FitSplit;
  /** In the order asked for; fewer where the run was stopped. */
  readonly fitted: readonly Fitted[];
  /** Fitted in every run, asked for or not: what the others are measured by. */
  readonly ridge: Fitted;
  /** The baselines. */
  readonly baselines: readonly Forecaster[];
  /** One for each fitted model, then ridge where it was not asked for, then every baseline. */
  readonly scores: readonly Score[];
  /** Which of them to serve, and why. */
  readonly proposal: Proposal;
}

const VALIDATION_SHARE = 0.25;

/** @throws ForetickError TRAIN_DATA where the rows are too few to split or the price never moves. */
export async function train(
  dataset: Dataset,
  set: FeatureSet,
  trainables: readonly Trainable[],
  options: TrainOptions,
): Promise<TrainingRun> {
  const { half_life_s } = options;
  const sequence_length = Math.max(1, ...trainables.map((trainable) => trainable.sequence_length));
  const { split, fit_split, apart } = splitsOf(dataset, set, sequence_length, options);
  const fitted: Fitted[] = [];
  for (const trainable of trainables) {
    if (fitted.length > 0 && options.signal?.aborted) break;
    fitted.push(await trainable.fit(dataset, fit_split, options));
    collectGarbage();
  }
  const ridge =
    fitted.find(({ kind }) => kind === "ridge") ??
    fittedRidge(fitRidge(dataset, split.train, { ...apart, half_life_s }));
  const models = fitted.includes(ridge) ? fitted : [...fitted, ridge];
  const baselines = fitBaselines(dataset, split.train);
  const y = dataset.y.subarray(split.test.from, split.test.to);
  const draws = { seed: options.seed, blocks: blocksOf(dataset) };
  const forecasts = [...models, ...baselines].map((each) => forecastsOf(each, dataset, split.test));
  const scores = forecasts.map((each) => score(y, each, draws));
  const candidates = models
    .toSorted((one, other) => simplicity(one) - simplicity(other))
    .map(({ name }) => forecasts.find((each) => each.name === name)!);
  const proposal = propose(y, candidates, draws);
  for (const { values } of forecasts) if (values instanceof FileNumbers) values.close();
  return { split, fit_split, fitted, ridge, baselines, scores, proposal };
}

/** Of what was made elsewhere nothing is known: it comes last. */
const simplicity = ({ kind }: Fitted): number =>
  kind === "imported" ? MODEL_KINDS.length : MODEL_KINDS.indexOf(kind);

function forecastsOf(model: Forecaster, dataset: Dataset, test: RowRange): Forecasts {
  const { y } = dataset;
  const values =
    y instanceof FileNumbers ? filed(model, dataset, test, y.scratch) : model.forecast(dataset, test);
  collectGarbage();
  return { name: model.name, values };
}

/** Beside the rows' own files, a piece at a time. */
function filed(model: Forecaster, dataset: Dataset, test: RowRange, scratch: Scratch): FileNumbers {
  const file = scratch.create("float64");
  for (const piece of pieces(test)) file.appendAll(model.forecast(dataset, piece));
  return file.finish();
}

/** Every model is scored with the same resamples, so that their intervals differ only where they do. */
function score(y: Numbers, { name, values }: Forecasts, { seed, blocks }: Draws): Score {
  const terms = termsOf(y, values, blocks.cell_rows);
  const options = { rng: seededRng(seed), blocks };
  const intervals = bootstrapIntervals(terms, y.length, options);
  const scored = { model: name, ...measure(y, values, terms), intervals };
  collectGarbage();
  return scored;
}

/**
 * Which rows a model is fitted on, watched on and tested on.
 * @throws ForetickError TRAIN_DATA where the rows are too few.
 */
export function splitsOf(
  dataset: Dataset,
  set: FeatureSet,
  sequence_length: number,
  options: Pick<TrainOptions, "train_share" | "cut_sec" | "purge_s" | "embargo_s">,
): { readonly split: Split; readonly fit_split: FitSplit; readonly apart: Apart } {
  const apart = apartOf(dataset, set, sequence_length, options);
  const all = { from: 0, to: dataset.rows };
  const { train_share, cut_sec } = options;
  const split = splitByTime(dataset.ts_sec, all, { ...apart, train_share, cut_sec });
  return { split, fit_split: validationSplit(dataset, split.train, apart), apart };
}

/**
 * How far apart the sides of a split have to be; a model of several vectors looks back farther than the set.
 */
export const apartOf = (
  { horizon_s }: Pick<Dataset, "horizon_s">,
  set: FeatureSet,
  sequence_length: number,
  { purge_s, embargo_s }: Pick<TrainOptions, "purge_s" | "embargo_s">,
): Apart => ({
  horizon_s,
  look_back_s: warmUpMaxSeconds(set.look_back) + (sequence_length - 1) * set.cadence_s,
  purge_s,
  embargo_s,
});

// The last quarter, apart from the rest like the test; where there is too little for that, by the horizon alone.
function validationSplit(dataset: Dataset, train: RowRange, apart: Apart): FitSplit {
  const inner = findSplit(dataset.ts_sec, train, { ...apart, train_share: 1 - VALIDATION_SHARE });
  if (inner) return { train: inner.train, validation: inner.test };
  const from = train.from + Math.floor((1 - VALIDATION_SHARE) * (train.to - train.from));
  const to = Math.max(train.from, from - rowsIn(dataset, dataset.horizon_s));
  return { train: { from: train.from, to }, validation: { from, to: train.to } };
}
