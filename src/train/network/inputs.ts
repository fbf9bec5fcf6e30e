/**
 * What a network is shown: vectors standardised, clipped and in float32, exactly as the exported graph does it
 * (each step rounded to float32), so that a trained and a served model start from the same bits. Made batch by
 * batch from the dataset; nothing of its size is copied.
 */

import type { Dataset } from "../data/dataset.ts";
import { type HeldNumbers, held } from "../data/numbers.ts";
import type { Scaler } from "../data/scaler.ts";
import type { OnnxGraphBuilder, ValueName } from "../export/onnx.ts";
import { runsOf } from "./runs.ts";

/**
 * Standard deviations beyond which an input is cut off. Volumes and counts reach fifty; unclipped, a handful
 * of such rows would steer the fit, and in service a wild minute would be answered from where nothing was learned.
 */
export const INPUT_LIMIT = 6;

export class Inputs {
  readonly sequence_length: number;
  readonly #dataset: Dataset;
  readonly #mean: Float32Array;
  readonly #inverse: Float32Array;

  constructor(dataset: Dataset, scaler: Scaler, sequence_length: number) {
    this.#dataset = dataset;
    this.#mean = Float32Array.from(scaler.mean);
    this.#inverse = Float32Array.from(scaler.inverse);
    this.sequence_length = sequence_length;
  }

  /** Numbers one row takes: sequence length × columns. */
  get width(): number {
    return this.sequence_length * this.#mean.length;
  }

  /** Writes the inputs of `rows[from … to)`, oldest vector of each first. @returns rows written. */
  fill(rows: Uint32Array, from: number, to: number, into: Float32Array): number {
    const columns = this.#mean.length;
    const reach = this.sequence_length - 1;
    for (const { at, first, length } of runsOf(rows, from, to)) {
      const values = held(this.#dataset.values, (first - reach) * columns, (first + length) * columns);
      for (let index = 0; index < length; index++) {
        this.#fillRow(values, index * columns, into, (at + index) * this.width);
      }
    }
    return to - from;
  }

  /** The row whose oldest vector begins at `value`. */
  #fillRow(values: HeldNumbers, value: number, into: Float32Array, at: number): void {
    const columns = this.#mean.length;
    for (let step = 0; step < this.sequence_length; step++) {
      for (let j = 0; j < columns; j++, value++, at++) {
        const centred = Math.fround(Math.fround(values[value]!) - this.#mean[j]!);
        const z = Math.fround(centred * this.#inverse[j]!);
        into[at] = z > INPUT_LIMIT ? INPUT_LIMIT : z < -INPUT_LIMIT ? -INPUT_LIMIT : z;
      }
    }
  }
}

/** The same in a graph. */
export function writeInputs(graph: OnnxGraphBuilder, x: ValueName, scaler: Scaler, scope: string): ValueName {
  const columns = scaler.mean.length;
  const mean = graph.constant(`${scope}.mean`, [columns], scaler.mean);
  const inverse = graph.constant(`${scope}.inverse_scale`, [columns], scaler.inverse);
  const limit = (name: string, value: number): ValueName => graph.constant(`${scope}.${name}`, [], [value]);
  const z = graph.mul(graph.sub(x, mean), inverse);
  return graph.node("Clip", [z, limit("input_min", -INPUT_LIMIT), limit("input_max", INPUT_LIMIT)]);
}
