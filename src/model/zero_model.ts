/**
 * The forecast of no move: what is served while there is no bundle. It is the baseline every model is measured
 * against. Every prediction carries its name, so that it is not mistaken for a trained model.
 */

import { fail } from "../base/errors.ts";
import { type ModelVersion, modelVersion, type SetHash } from "../base/units.ts";
import type { Inference, Model, ModelCounters } from "./model.ts";

export const ZERO_VERSION: ModelVersion = modelVersion("zero/1");

export class ZeroModel implements Model {
  readonly version = ZERO_VERSION;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly horizon_s: number;
  readonly label = "mid";
  readonly sequence_length = 1;
  readonly #counters = { inferences: 0, fallbacks: 0, unanswered: 0, last_error: "" };

  constructor(set: { readonly name: string; readonly hash: SetHash }, horizon_s = 10) {
    this.feature_set = set.name;
    this.set_hash = set.hash;
    this.horizon_s = horizon_s;
  }

  get counters(): Readonly<ModelCounters> {
    return this.#counters;
  }

  /** Always 0, from "fallback": there is no session behind it. */
  async infer(set_hash: SetHash, _values: Float64Array): Promise<Inference> {
    if (set_hash !== this.set_hash) {
      fail(
        "FEATURE_SET_MISMATCH",
        `${this.version} expected a vector of ${this.feature_set}, was another set's`,
      );
    }
    this.#counters.inferences++;
    this.#counters.fallbacks++;
    return { yhat: 0, source: "fallback" };
  }

  async close(): Promise<void> {}
}
