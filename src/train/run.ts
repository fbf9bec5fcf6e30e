/**
 * A training run from dataset to bundles: split, fit, score every model beside every baseline on the later part,
 * judge. Deterministic but for the times it takes: the same dataset, options and seed give the same models.
 */

import { seededRng } from "../base/rng.ts";
import { warmUpMaxSeconds } from "../features/look_back.ts";
import type { FeatureSet } from "../features/set.ts";
import type { BundleContents } from "../model/bundle.ts";
import type { Score } from "../model/manifest.ts";
import { fitBaselines } from "./baselines.ts";
import { bootstrapIntervals, CELL_ROWS } from "./bootstrap.ts";
import { bundleContents } from "./bundle_contents.ts";
import { collectGarbage } from "./collect.ts";
import type { Forecasts } from "./compare.ts";
import type { Dataset, RowRange } from "./dataset.ts";
import { fittedRidge } from "./fitted_ridge.ts";
import type { Forecaster } from "./forecaster.ts";
import { measure, termsOf } from "./metrics.ts";
import { type Proposal, propose } from "./propose.ts";
import { fitRidge } from "./ridge.ts";
import { type Apart, findSplit, type Split, splitByTime } from "./split.ts";
import { type FitOptions, type FitSplit, type Fitted, MODEL_KINDS, type Trainable } from "./trainable.ts";

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
  /** What a model that learns is fitted on, and what tells it when to stop. */
  readonly fit_split: FitSplit;
  /** In the order asked for; fewer where the run was told to stop. */
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
  const sequence_length = Math.max(1, ...trainables.map((trainable) => trainable.sequence_length));
  const { split, apart } = splitFor(dataset, set, sequence_length, options);
  const fit_split = validationSplit(dataset, split.train, apart);
  const fitted: Fitted[] = [];
  for (const trainable of trainables) {
    if (fitted.length > 0 && options.signal?.aborted) break;
    fitted.push(await trainable.fit(dataset, fit_split, options));
    collectGarbage();
  }
  const ridge =
    fitted.find(({ kind }) => kind === "ridge") ?? fittedRidge(fitRidge(dataset, split.train, apart));
  const models = fitted.includes(ridge) ? fitted : [...fitted, ridge];
  const baselines = fitBaselines(dataset, split.train);
  const y = dataset.y.slice(split.test.from, split.test.to);
  const { seed } = options;
  const forecasts = [...models, ...baselines].map((each) => forecastsOf(each, dataset, split.test));
  const scores = forecasts.map((each) => score(y, each, seed));
  const candidates = models
    .toSorted((one, other) => simplicity(one) - simplicity(other))
    .map(({ name }) => forecasts.find((each) => each.name === name)!);
  const proposal = propose(y, candidates, seed);
  return { split, fit_split, fitted, ridge, baselines, scores, proposal };
}

const simplicity = ({ kind }: Fitted): number => MODEL_KINDS.indexOf(kind);

/** Ridge alone, at once. */
export function trainRidge(
  dataset: Dataset,
  set: FeatureSet,
  options: TrainOptions & Parameters<typeof bundleContents>[4],
): BundleContents {
  const { split, apart } = splitFor(dataset, set, 1, options);
  const ridge = fittedRidge(fitRidge(dataset, split.train, apart));
  const y = dataset.y.slice(split.test.from, split.test.to);
  const forecasts = [ridge, ...fitBaselines(dataset, split.train)].map((each) =>
    forecastsOf(each, dataset, split.test),
  );
  const scores = forecasts.map((each) => score(y, each, options.seed));
  const proposal = propose(y, forecasts.slice(0, 1), options.seed);
  return bundleContents(dataset, set, { split, scores, proposal }, ridge, options);
}

function forecastsOf(model: Forecaster, dataset: Dataset, test: RowRange): Forecasts {
  const values = model.forecast(dataset, test);
  collectGarbage();
  return { name: model.name, values };
}

/** Every model is scored with the same resamples, so that their intervals differ only where they do. */
function score(y: Float64Array, { name, values }: Forecasts, seed: number): Score {
  const terms = termsOf(y, values, CELL_ROWS);
  const options = { rng: seededRng(seed), cell_rows: CELL_ROWS };
  const intervals = bootstrapIntervals(terms, y.length, options);
  const scored = { model: name, ...measure(y, values, terms), intervals };
  collectGarbage();
  return scored;
}

function splitFor(
  dataset: Dataset,
  set: FeatureSet,
  sequence_length: number,
  options: TrainOptions,
): { split: Split; apart: Apart } {
  const apart = apartOf(dataset, set, sequence_length, options);
  const all = { from: 0, to: dataset.rows };
  const { train_share, cut_sec } = options;
  return { split: splitByTime(dataset.ts_sec, all, { ...apart, train_share, cut_sec }), apart };
}

/** How far apart the sides of a split are to lie; a model of several vectors looks back farther than the set. */
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
  const to = Math.max(train.from, from - dataset.horizon_s);
  return { train: { from: train.from, to }, validation: { from, to: train.to } };
}
