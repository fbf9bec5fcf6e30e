/** An ensemble asked for many vectors: its members', each in one call, and their weighted mean. It owns none of them. */

import { fail } from "../../base/errors.ts";
import type { Manifest } from "./manifest.ts";

/** What a caller asks, whichever kind it is. */
export interface AskedModel {
  /** "<name>/<version>". */
  readonly version: string;
  readonly manifest: Pick<Manifest, "feature_set" | "set_hash" | "sequence_length" | "horizon_s" | "label">;
  /** Of the features, in the order of a vector's values. */
  readonly names: readonly string[];
  /** As `BatchModel.infer`. */
  infer(values: Float32Array, rows: number): Promise<ArrayLike<number>>;
}

export interface BatchMember {
  readonly model: AskedModel;
  /** Those of an ensemble add up to 1. */
  readonly weight: number;
}

export class BatchEnsemble implements AskedModel {
  readonly version: string;
  readonly manifest: AskedModel["manifest"];
  readonly names: readonly string[];
  readonly #members: readonly BatchMember[];

  /** @throws ForetickError FEATURE_SET_MISMATCH where the members read different vectors. */
  constructor(version: string, members: readonly BatchMember[]) {
    const [first, ...others] = members.map(({ model }) => model);
    const other = others.find(({ manifest }) => manifest.set_hash !== first!.manifest.set_hash);
    if (other) {
      fail(
        "FEATURE_SET_MISMATCH",
        `${version}: its members ${first!.version} and ${other.version} read different sets`,
      );
    }
    this.version = version;
    this.manifest = first!.manifest;
    this.names = first!.names;
    this.#members = members;
  }

  /** Of all members or not at all. The sum is taken in the order in which a tick takes it. */
  async infer(values: Float32Array, rows: number): Promise<Float64Array> {
    const forecasts = new Float64Array(rows);
    for (const { model, weight } of this.#members) {
      const own = await model.infer(values, rows);
      for (let row = 0; row < rows; row++) forecasts[row]! += weight * own[row]!;
    }
    return forecasts;
  }
}
