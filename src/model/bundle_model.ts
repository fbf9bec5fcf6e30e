/**
 * A loaded bundle as a `Model`: the native session, and behind it the evaluator of the same file. Every vector
 * is checked on the way in (its set's hash, its length, that every value is a finite float32) and every
 * forecast on the way out, so neither a NaN nor a stranger's columns can pass through.
 */

import { describeError, fail } from "../base/errors.ts";
import type { ModelVersion, SetHash } from "../base/units.ts";
import type { Evaluator } from "./evaluator.ts";
import { type Manifest, versionOf } from "./manifest.ts";
import type { Inference, Model, ModelCounters } from "./model.ts";
import type { Session } from "./session.ts";

export class BundleModel implements Model {
  readonly manifest: Manifest;
  readonly version: ModelVersion;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly horizon_s: number;
  readonly sequence_length: number;
  readonly #session: Session;
  readonly #evaluator: Evaluator;
  readonly #counters = { inferences: 0, fallbacks: 0, last_error: "" };
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(manifest: Manifest, session: Session, evaluator: Evaluator) {
    this.manifest = manifest;
    this.version = versionOf(manifest);
    this.feature_set = manifest.feature_set;
    this.set_hash = manifest.set_hash;
    this.horizon_s = manifest.horizon_s;
    this.sequence_length = manifest.sequence_length;
    this.#session = session;
    this.#evaluator = evaluator;
  }

  get counters(): Readonly<ModelCounters> {
    return this.#counters;
  }

  /**
   * At most one inference is in flight in a model, because its input tensor is shared: a call made while
   * another runs (several symbols on one model) waits for it. `values` is read when its turn comes.
   * @throws ForetickError FEATURE_SET_MISMATCH, MODEL_INPUT, MODEL_OUTPUT, MODEL_CLOSED.
   */
  infer(set_hash: SetHash, values: Float64Array): Promise<Inference> {
    const turn = this.#tail.then(() => this.#infer(set_hash, values));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#tail;
    await this.#session.close();
  }

  async #infer(set_hash: SetHash, values: Float64Array): Promise<Inference> {
    if (this.#closed) return fail("MODEL_CLOSED", `model ${this.version} is closed`);
    this.#fill(set_hash, values);
    this.#counters.inferences++;
    try {
      const yhat = await this.#session.run();
      if (Number.isFinite(yhat)) return { yhat, source: "onnx" };
      this.#counters.last_error = `the session answered ${yhat}`;
    } catch (error) {
      this.#counters.last_error = describeError(error);
    }
    this.#counters.fallbacks++;
    const yhat = this.#evaluator.evaluate(this.#session.input);
    if (Number.isFinite(yhat)) return { yhat, source: "fallback" };
    return fail("MODEL_OUTPUT", `model ${this.version} expected a finite forecast, was ${yhat}`);
  }

  // The one place where float64 becomes float32: each value is rounded once, by the store.
  #fill(set_hash: SetHash, values: Float64Array): void {
    if (set_hash !== this.set_hash) {
      fail(
        "FEATURE_SET_MISMATCH",
        `model ${this.version} was trained on ${this.feature_set} ${this.set_hash.slice(0, 12)}…, the vector is of ${set_hash.slice(0, 12)}…: train on the current set`,
      );
    }
    const { input } = this.#session;
    if (values.length !== input.length) {
      fail("MODEL_INPUT", `model ${this.version} expected ${input.length} values, was ${values.length}`);
    }
    for (let index = 0; index < input.length; index++) {
      input[index] = values[index]!;
      if (!Number.isFinite(input[index])) {
        fail("MODEL_INPUT", `value ${index} expected a finite float32, was ${values[index]}`);
      }
    }
  }
}
