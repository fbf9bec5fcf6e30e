/**
 * What the indicator weights of a model may say of its confidence: how far the features it reads most are from what is
 * usual, and what share of the confidence beyond an even chance is left there. Whether they have a say at all is decided
 * when the model is trained (train/judge/weighed_confidence.ts), and the bundle says so.
 */

import { assert } from "../base/errors.ts";

/** One number for each column of the set, in its order. */
export interface UnusualOptions {
  readonly mean: readonly number[];
  /** 1 ÷ standard deviation; 0 for a column that did not vary. */
  readonly inverse: readonly number[];
  /** Indicator weights, from 0. */
  readonly weights: readonly number[];
}

/** How the share falls, or rises, with what is unusual. */
export interface ShareLine {
  /** Change of the share per unit. */
  readonly slope: number;
  /** Where the share is 1. */
  readonly middle: number;
}

/** A column further out than this many standard deviations is as far as that. */
const DEVIATIONS_MAX = 6;
/** No confidence beyond an even chance more than doubles. */
const SHARE_MAX = 2;

/** Root mean square of the standardised columns, each by its weight: 1 where all is usual. */
export class Unusual {
  readonly #options: UnusualOptions;
  readonly #total: number;

  constructor(options: UnusualOptions) {
    const { mean, inverse, weights } = options;
    assert(
      mean.length === weights.length && inverse.length === weights.length,
      `${weights.length} weights expected as many means and scales, was ${mean.length} and ${inverse.length}`,
    );
    this.#options = options;
    this.#total = weights.reduce((sum, weight) => sum + weight, 0);
  }

  /** @param values one vector, from `at` on; none of them null. */
  of(values: ArrayLike<number>, at = 0): number {
    const { mean, inverse, weights } = this.#options;
    let sum = 0;
    for (let column = 0; column < weights.length; column++) {
      const deviations = (values[at + column]! - mean[column]!) * inverse[column]!;
      const bounded = Math.max(-DEVIATIONS_MAX, Math.min(DEVIATIONS_MAX, deviations));
      sum += weights[column]! * bounded * bounded;
    }
    return this.#total > 0 ? Math.sqrt(sum / this.#total) : 0;
  }
}

/** What is left of the confidence beyond an even chance, 0 to 2. */
export const shareAt = ({ slope, middle }: ShareLine, unusual: number): number =>
  Math.max(0, Math.min(SHARE_MAX, 1 + slope * (unusual - middle)));

/** A model's, where its weights have a say. */
export class WeighedConfidence {
  readonly #unusual: Unusual;
  readonly #line: ShareLine;

  constructor(unusual: UnusualOptions, line: ShareLine) {
    this.#unusual = new Unusual(unusual);
    this.#line = line;
  }

  /** @param values the vector that is forecast from; of several the newest. */
  shareOf(values: ArrayLike<number>): number {
    return shareAt(this.#line, this.#unusual.of(values));
  }
}
