/** What the service needs of a model, whichever kind it is. */

import type { ModelVersion, SetHash } from "../base/units.ts";
import type { Label } from "../features/label.ts";
import type { DriftReference } from "../judge/drift/drift_reference.ts";
import type { WeighedConfidence } from "../judge/weighed_confidence.ts";
import type { FeatureImportance } from "./bundle/importance.ts";

/** Which evaluator produced a number: the ONNX session, or the pure-TypeScript one of the same bundle. */
export type InferenceSource = "onnx" | "fallback";

export interface Inference {
  /** Forecast log-return over the model's horizon (natural log). */
  readonly yhat: number;
  readonly source: InferenceSource;
}

/** What a model has done since it was loaded; read when metrics are scraped. */
export interface ModelCounters {
  readonly inferences: number;
  /** Of these, answered by the fallback evaluator. */
  readonly fallbacks: number;
  /** Times the native session did not answer in time; part of `fallbacks`. */
  readonly unanswered: number;
  /** Why the last fallback was needed; empty while none was. */
  readonly last_error: string;
}

export interface Model {
  /** `<name>/<version>`: the bundle's folder below MODEL_DIR, e.g. "ridge-v1/20261121-100000". */
  readonly version: ModelVersion;
  readonly feature_set: string;
  /** The set this model was trained on; a vector with another hash is refused. */
  readonly set_hash: SetHash;
  readonly horizon_s: number;
  /** What price its forecast is of. */
  readonly label: Label;
  /** Vectors one forecast takes: 1, or the last n consecutive ones. */
  readonly sequence_length: number;
  /** What it is, e.g. "ridge"; undefined where nothing says so. */
  readonly kind?: string | undefined;
  readonly counters: ModelCounters;
  /** How much it reads each feature; undefined where that was not measured when it was trained. */
  readonly importance?: FeatureImportance | undefined;
  /** What those weights say of its confidence; undefined where they have no say, and for an ensemble. */
  readonly weighed?: WeighedConfidence | undefined;
  /** What was normal when it was trained; undefined where the bundle does not say, and for an ensemble. */
  readonly drift?: DriftReference | undefined;
  /** What is not as it should be now, as a sentence, e.g. that its fallback answers; undefined while all is well. */
  readonly impaired?: string | undefined;
  /**
   * One forecast from one vector, or from the last `sequence_length`.
   * @param values float64, one per column of the set, the oldest vector's first; no NaN (a vector
   * with a null is not scored).
   * At most one inference is in flight in a model: a call made meanwhile waits its turn.
   * @throws ForetickError FEATURE_SET_MISMATCH where `set_hash` differs from the model's; MODEL_INPUT for a
   * value that is no finite float32; MODEL_OUTPUT where no finite forecast comes out.
   */
  infer(set_hash: SetHash, values: Float64Array): Promise<Inference>;
  close(): Promise<void>;
}
