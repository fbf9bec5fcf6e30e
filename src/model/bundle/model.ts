/**
 * A loaded bundle as a `Model`: the native session, and behind it the evaluator of the same file, which answers
 * where the session fails or does not answer in time; a bundle may say that it has none, and then gives no forecast there,
 * so that the last good model's is served. Every vector is checked on the way in (its set's hash, its
 * length, that every value is a finite float32) and every forecast on the way out, so neither a NaN nor
 * another set's columns can pass through.
 */

import { type Clock, systemClock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, fail } from "../../base/errors.ts";
import type { ModelVersion, SetHash } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import type { DriftReference } from "../../judge/drift/drift_reference.ts";
import type { WeighedConfidence } from "../../judge/weighed_confidence.ts";
import type { Inference, Model, ModelCounters } from "../model.ts";
import type { Evaluator } from "../onnx/evaluator.ts";
import type { Session } from "../onnx/session.ts";
import type { FeatureImportance } from "./importance.ts";
import { type Manifest, versionOf } from "./manifest.ts";

/** What a bundle says beside its graph. */
export interface BundleSays {
  readonly importance?: FeatureImportance | undefined;
  readonly drift?: DriftReference | undefined;
  readonly weighed?: WeighedConfidence | undefined;
  readonly clock?: Clock | undefined;
}

export class BundleModel implements Model {
  readonly manifest: Manifest;
  readonly version: ModelVersion;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly horizon_s: number;
  readonly label: Label;
  readonly sequence_length: number;
  readonly kind: string;
  readonly importance: FeatureImportance | undefined;
  readonly drift: DriftReference | undefined;
  readonly weighed: WeighedConfidence | undefined;
  readonly #session: Session;
  readonly #evaluator: Evaluator | undefined;
  readonly #clock: Clock;
  readonly #counters = { inferences: 0, fallbacks: 0, unanswered: 0, last_error: "" };
  /** A run of the session that has not come to an end: until it does, the evaluator answers. */
  #hung: Promise<unknown> | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(manifest: Manifest, session: Session, evaluator: Evaluator | undefined, says: BundleSays = {}) {
    this.#clock = says.clock ?? systemClock;
    this.kind = manifest.kind;
    this.importance = says.importance;
    this.drift = says.drift;
    this.weighed = says.weighed;
    this.manifest = manifest;
    this.version = versionOf(manifest);
    this.feature_set = manifest.feature_set;
    this.set_hash = manifest.set_hash;
    this.horizon_s = manifest.horizon_s;
    this.label = manifest.label;
    this.sequence_length = manifest.sequence_length;
    this.#session = session;
    this.#evaluator = evaluator;
  }

  get counters(): Readonly<ModelCounters> {
    return this.#counters;
  }

  get impaired(): string | undefined {
    const instead = this.#evaluator ? "the evaluator in TypeScript does" : "it gives no forecast";
    return this.#hung && `the native session of ${this.version} does not answer: ${instead}`;
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
    const limit = {
      clock: this.#clock,
      limit: "model_close_ms_max" as const,
      what: `the end of ${this.version}`,
    };
    // A session is not released under a run.
    if (this.#hung) await withDeadline(this.#hung, limit);
    await withDeadline(this.#session.close(), limit);
  }

  async #infer(set_hash: SetHash, values: Float64Array): Promise<Inference> {
    if (this.#closed) return fail("MODEL_CLOSED", `model ${this.version} is closed`);
    // The session's input belongs to its run until that ends.
    const input = this.#hung ? new Float32Array(this.#session.input.length) : this.#session.input;
    this.#fill(input, set_hash, values);
    this.#counters.inferences++;
    if (!this.#hung) {
      const yhat = await this.#run();
      if (yhat !== undefined) return { yhat, source: "onnx" };
    }
    if (!this.#evaluator) {
      const why = this.impaired ?? this.#counters.last_error;
      return fail("MODEL_OUTPUT", `model ${this.version} has no evaluator beside its session: ${why}`);
    }
    this.#counters.fallbacks++;
    const yhat = this.#evaluator.evaluate(input);
    if (Number.isFinite(yhat)) return { yhat, source: "fallback" };
    return fail("MODEL_OUTPUT", `model ${this.version} expected a finite forecast, was ${yhat}`);
  }

  /** Undefined where the session fails, gives no finite number, or does not answer in time. */
  async #run(): Promise<number | undefined> {
    const running = this.#session.run();
    try {
      const yhat = await withDeadline(running, {
        ...{ clock: this.#clock, limit: "inference_ms_max", what: `the native session of ${this.version}` },
        onGivenUp: () => this.#leave(running),
      });
      if (Number.isFinite(yhat)) return yhat;
      this.#counters.last_error = `the session answered ${yhat}`;
    } catch (error) {
      this.#counters.last_error = describeError(error);
    }
    return undefined;
  }

  #leave(running: Promise<unknown>): void {
    this.#counters.unanswered++;
    const over = running
      .catch(() => undefined)
      .then(() => {
        this.#hung = undefined;
      });
    this.#hung = over;
  }

  // The one place where float64 becomes float32: each value is rounded once, by the store.
  #fill(input: Float32Array, set_hash: SetHash, values: Float64Array): void {
    if (set_hash !== this.set_hash) {
      fail(
        "FEATURE_SET_MISMATCH",
        `model ${this.version} was trained on ${this.feature_set} ${this.set_hash.slice(0, 12)}…, the vector is of ${set_hash.slice(0, 12)}…: train on the current set`,
      );
    }
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
