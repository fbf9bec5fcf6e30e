/** Labels in units of the target scale, and weights of rows, by row number. Made batch by batch from the dataset. */

import type { Dataset } from "../data/dataset.ts";
import { held } from "../data/numbers.ts";
import type { RowWeights } from "../data/row_weights.ts";
import { runsOf } from "./runs.ts";

export class Labels {
  readonly #dataset: Dataset;
  readonly #target_scale: number;

  constructor(dataset: Dataset, target_scale: number) {
    this.#dataset = dataset;
    this.#target_scale = target_scale;
  }

  /** Writes the labels of `rows[from … to)`. */
  fill(rows: Uint32Array, from: number, to: number, into: Float32Array | Float64Array): void {
    for (const { at, first, length } of runsOf(rows, from, to)) {
      const y = held(this.#dataset.y, first, first + length);
      for (let index = 0; index < length; index++) into[at + index] = y[index]! / this.#target_scale;
    }
  }
}

export class Weights {
  readonly #dataset: Dataset;
  readonly #weights: RowWeights;
  /** So that the mean of the training rows is 1. */
  readonly #factor: number;

  /** @param rows training rows, of which the weights are. */
  constructor(dataset: Dataset, weights: RowWeights, rows: number) {
    this.#dataset = dataset;
    this.#weights = weights;
    this.#factor = rows / weights.sum;
  }

  fill(rows: Uint32Array, from: number, to: number, into: Float32Array): void {
    for (const { at, first, length } of runsOf(rows, from, to)) {
      const ts_sec = held(this.#dataset.ts_sec, first, first + length);
      for (let index = 0; index < length; index++) {
        into[at + index] = this.#weights.of(ts_sec[index]!) * this.#factor;
      }
    }
  }
}
