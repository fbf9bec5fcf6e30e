/**
 * Which of the fitted models to serve: the simplest of those the data cannot distinguish from the best. Ridge
 * is the measure: a network is proposed only where the whole interval of its gain over ridge is above zero.
 */

import { assert } from "../../base/errors.ts";
import type { Numbers } from "../data/numbers.ts";
import { type Comparison, compare, type Draws, type Forecasts } from "./compare.ts";

export interface Proposal {
  readonly model: string;
  /** Why, for people. */
  readonly sentence: string;
  /** Every other model against ridge, in the order given. */
  readonly comparisons: readonly Comparison[];
}

/** @param candidates ridge first, then from the simpler to the less simple. */
export function propose(y: Numbers, candidates: readonly Forecasts[], draws: Draws): Proposal {
  const [ridge, ...others] = candidates;
  assert(ridge, "a proposal needs ridge");
  const comparisons = others.map((other) => compare(y, other, ridge, draws));
  const better = others.filter((_, index) => excludesZero(comparisons[index]!));
  const gainOf = (name: string): number => comparisons.find(({ model }) => model === name)!.r2_gain;
  const best = better.reduce<Forecasts | undefined>(
    (top, other) => (top && gainOf(top.name) >= gainOf(other.name) ? top : other),
    undefined,
  );
  if (!best) return { model: ridge.name, sentence: ridgeSentence(comparisons), comparisons };
  // Ends at the latest with the best itself, which is not better than itself.
  const simplest = better.find((other) => other === best || !excludesZero(compare(y, best, other, draws)))!;
  const comparison = comparisons.find(({ model }) => model === simplest.name)!;
  return {
    model: simplest.name,
    sentence: networkSentence(comparison, best.name, better.length),
    comparisons,
  };
}

const excludesZero = ({ interval }: Comparison): boolean => interval !== null && interval[0] > 0;

function ridgeSentence(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return "Ridge is proposed: nothing else was fitted.";
  if (comparisons.every(({ interval }) => interval === null)) {
    return "Ridge is proposed, as the simplest: the test rows are too few to compare models.";
  }
  return "Ridge is proposed: no other model beats it by an interval that excludes zero, and it is the simplest.";
}

function networkSentence({ model, r2_gain, interval }: Comparison, best: string, better: number): string {
  const range = `${interval![0].toFixed(4)} to ${interval![1].toFixed(4)}`;
  const sentence = `${model} is proposed: its R² exceeds ridge's by ${r2_gain.toFixed(4)}, interval ${range}`;
  if (model !== best) return `${sentence}; the data cannot tell it from ${best}, which is less simple.`;
  return better > 1 ? `${sentence}, more than any simpler model's.` : `${sentence}.`;
}
