/**
 * The last vectors of each feature set, for models that look at several: what they see are vectors that
 * follow each other without a gap, each warm and without a null, exactly as they were in training.
 */

import { assert } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { FeatureVector } from "../../features/vector.ts";

export class RecentVectors {
  /** Unbroken runs by set, oldest first, at most `sequence_length_max`. */
  readonly #runs = new Map<string, FeatureVector[]>();

  /** Takes every vector as its second closes; one that is not usable, or comes after a gap, ends the run. */
  push(vector: FeatureVector): void {
    const run = this.#runs.get(vector.feature_set) ?? [];
    this.#runs.set(vector.feature_set, run);
    const last = run.at(-1);
    if (last && vector.ts_sec !== last.ts_sec + cadenceOf(vector.feature_set)) run.length = 0;
    if (!vector.warm || vector.values.some(Number.isNaN)) run.length = 0;
    else run.push(vector);
    if (run.length > LIMITS.sequence_length_max) run.shift();
  }

  /** How many usable vectors there are in a row up to now. */
  heldOf(feature_set: string): number {
    return this.#runs.get(feature_set)?.length ?? 0;
  }

  /** The numbers of the last `length`, oldest first; undefined while there are fewer in a row. */
  window(feature_set: string, length: number): Float64Array | undefined {
    const run = this.#runs.get(feature_set) ?? [];
    assert(length <= LIMITS.sequence_length_max, `${length} vectors are more than are kept`);
    if (run.length < length) return undefined;
    const columns = run[0]!.values.length;
    const values = new Float64Array(length * columns);
    for (let step = 0; step < length; step++) {
      values.set(run[run.length - length + step]!.values, step * columns);
    }
    return values;
  }
}

/** Seconds from one vector of a set to the next. */
export const cadenceOf = (feature_set: string): number =>
  FEATURE_SETS.find(({ name }) => name === feature_set)?.cadence_s ?? 1;
