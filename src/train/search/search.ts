/**
 * A small genetic search for the shape and settings of a network. A generation's better half are the parents of
 * the next; the best goes on unchanged. Every trial is judged by its loss on the validation rows and nothing
 * else: the test stretch is not passed in. A function of its seed, interrupted or not.
 *
 * Trying many and keeping the luckiest overfits the validation rows, the more so the more are tried; the report's
 * test figures are the ones to believe.
 */

import { purposeRng, type Rng } from "../../base/rng.ts";
import type { Dataset } from "../data/dataset.ts";
import { numberAt } from "../data/numbers.ts";
import type { RowRange } from "../data/row_range.ts";
import type { EpochRecord, FitOptions, FitSplit, Fitted, NetworkKind, Trainable } from "../fit/trainable.ts";
import { type NetworkOptions, networkTrainable } from "../network/fit.ts";
import { SHAPES } from "../network/network.ts";
import type { FitSettings } from "../network/settings.ts";
import { childOf, type Genome, genomeText, optionsOf, randomGenome } from "./genome.ts";
import { SearchState, type Trial } from "./search_state.ts";

export interface SearchOptions {
  /** Genomes per generation. */
  readonly population: number;
  readonly generations: number;
  /** File that keeps what was tried; undefined: nothing is kept. */
  readonly state_path?: string | undefined;
  /** Settings of every trial that are not searched. */
  readonly settings?: Partial<FitSettings>;
  readonly onTrial?: ((progress: SearchProgress) => void) | undefined;
}

export interface SearchProgress {
  /** Both from 1. */
  readonly generation: number;
  readonly trial: number;
  readonly population: number;
  readonly generations: number;
  readonly latest: Trial;
  readonly best: Trial;
  readonly best_text: string;
}

/** Searches, then fits with what was found. To its caller it is a model like any other. */
export function searchedTrainable(kind: NetworkKind, options: SearchOptions): Trainable {
  return {
    kind,
    // The longest that may be found, so that enough is purged in any case.
    sequence_length: SHAPES[kind].sequence_length === 1 ? 1 : SEQUENCE_LENGTH_MAX,
    fit: async (dataset, split, fit_options) => {
      const found = await searchNetwork(kind, dataset, split, fit_options, options);
      if (found?.fitted) return found.fitted;
      const trainable = networkTrainable(
        kind,
        withSettings(found ? optionsOf(kind, found.genome) : {}, options),
      );
      // Known from an earlier run only: it has to be fitted again, also after a stop.
      return trainable.fit(dataset, split, found ? { ...fit_options, signal: undefined } : fit_options);
    },
  };
}

/** The best trial, and its model where it was fitted in this run. */
export interface Found extends Trial {
  readonly fitted?: Fitted | undefined;
}

const SEQUENCE_LENGTH_MAX = 30;

/**
 * @returns the best trial; undefined where it was stopped before the first had ended.
 * @throws ForetickError CONFIG_INVALID where the state file is of another search.
 */
export async function searchNetwork(
  kind: NetworkKind,
  dataset: Dataset,
  split: FitSplit,
  fit_options: FitOptions,
  options: SearchOptions,
): Promise<Found | undefined> {
  const { signal } = fit_options;
  const of = describe(kind, dataset, split, fit_options.seed, options);
  const state = await SearchState.open(options.state_path, kind, of);
  let best: Found | undefined;
  let generation: Genome[] = [];
  let trials: Trial[] = [];
  for (let number = 1; number <= options.generations; number++) {
    const rng = purposeRng(fit_options.seed, `generation ${number}`);
    generation =
      number === 1 ? firstGeneration(kind, options, rng) : nextGeneration(kind, trials, options, rng);
    trials = [];
    for (const [index, genome] of generation.entries()) {
      const known = state.find(genome);
      const trial: Found = known ?? (await attempt(kind, genome, dataset, split, fit_options, options));
      if (signal?.aborted) return best;
      if (!known) await state.add(trial);
      trials.push(trial);
      if (!best || trial.validation_loss < best.validation_loss) best = trial;
      options.onTrial?.({
        generation: number,
        trial: index + 1,
        population: options.population,
        generations: options.generations,
        latest: trial,
        best,
        best_text: genomeText(kind, best.genome),
      });
    }
  }
  return best;
}

async function attempt(
  kind: NetworkKind,
  genome: Genome,
  dataset: Dataset,
  split: FitSplit,
  { seed, signal, half_life_s }: FitOptions,
  options: SearchOptions,
): Promise<Found> {
  const trainable = networkTrainable(kind, withSettings(optionsOf(kind, genome), options));
  const fitted = await trainable.fit(dataset, split, { seed, signal, half_life_s });
  const least = fitted.history.reduce<EpochRecord | undefined>(
    (one, other) => (one && one.validation_loss <= other.validation_loss ? one : other),
    undefined,
  );
  return {
    fitted,
    genome,
    validation_loss: least?.validation_loss ?? Number.MAX_VALUE,
    validation_r2: least?.validation_r2 ?? 0,
  };
}

function firstGeneration(kind: NetworkKind, { population }: SearchOptions, rng: Rng): Genome[] {
  return Array.from({ length: population }, () => randomGenome(kind, rng));
}

function nextGeneration(
  kind: NetworkKind,
  trials: readonly Trial[],
  { population }: SearchOptions,
  rng: Rng,
): Genome[] {
  const ranked = trials.toSorted((a, b) => a.validation_loss - b.validation_loss);
  const parents = ranked.slice(0, Math.max(1, Math.ceil(ranked.length / 2)));
  const anyParent = (): Genome => parents[rng.below(parents.length)]!.genome;
  const children = Array.from({ length: population - 1 }, () => childOf(kind, anyParent(), anyParent(), rng));
  return [parents[0]!.genome, ...children];
}

const withSettings = (found: NetworkOptions, { settings }: SearchOptions): NetworkOptions => ({
  ...found,
  settings: { ...found.settings, ...settings },
});

function describe(
  kind: NetworkKind,
  dataset: Dataset,
  { train, validation }: FitSplit,
  seed: number,
  { settings = {} }: SearchOptions,
): string {
  const { symbol, feature_set, set_hash, ts_sec } = dataset;
  const stretch = ({ from, to }: RowRange): string => `${numberAt(ts_sec, from)}-${numberAt(ts_sec, to - 1)}`;
  return [
    kind,
    `${symbol} ${feature_set} ${set_hash.slice(0, 12)}`,
    `${stretch(train)}/${stretch(validation)}`,
    `seed ${seed}`,
    JSON.stringify(settings),
  ].join(", ");
}
