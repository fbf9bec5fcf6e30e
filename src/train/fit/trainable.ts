/**
 * What every model that learns is to the training run: fitted on one stretch of rows, watched on a later one,
 * and then a forecaster that can be written as an ONNX graph. A fitted model is plain numbers: it holds no
 * memory of a backend, so there is nothing to release.
 */

import type { Fallback, Golden } from "../../model/bundle/manifest.ts";
import type { RunEpoch } from "../../record/registry/training_runs.ts";
import type { Dataset } from "../data/dataset.ts";
import type { RowRange } from "../data/row_range.ts";
import type { Scaler } from "../data/scaler.ts";
import type { OnnxGraphBuilder, ValueName } from "../export/onnx.ts";
import type { Forecaster } from "./forecaster.ts";

/** The kinds `scripts/train.ts --model` takes that learn something; baselines are in baselines.ts. */
export const MODEL_KINDS = ["ridge", "mlp", "mlp-large", "lstm", "transformer", "ensemble"] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];
/** Of a fitted model; what was made elsewhere has a kind of its own. */
export type FittedKind = ModelKind | "imported";
export type NetworkKind = Exclude<ModelKind, "ridge" | "ensemble">;

export const isNetwork = (kind: ModelKind): kind is NetworkKind => kind !== "ridge" && kind !== "ensemble";

/** Validation is after training, apart by the purge; the test stretch is never shown to `fit`. */
export interface FitSplit {
  readonly train: RowRange;
  readonly validation: RowRange;
}

/** One pass over the training rows. */
export type EpochRecord = Omit<RunEpoch, "member">;

export interface FitProgress {
  readonly kind: ModelKind;
  /** Which of several members, for an ensemble: from 1. */
  readonly member: number;
  readonly members: number;
  readonly epochs_max: number;
  readonly record: EpochRecord;
  /** Epoch whose weights are the best so far; 0 while the untrained ones are. */
  readonly best_epoch: number;
}

export interface FitOptions {
  readonly seed: number;
  /** The older a training row, the less it weighs, by half in so many seconds; undefined: all alike. */
  readonly half_life_s?: number | undefined;
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
  /** Aborted (Ctrl-C): the fit ends after the batch under way and resolves with the best so far. */
  readonly signal?: AbortSignal | undefined;
}

/** What was chosen or found, as the manifest's `parameters` take it. */
export type Parameters = Readonly<Record<string, number | string | boolean | null>>;

export interface Fitted extends Forecaster {
  readonly kind: FittedKind;
  /** Vectors one forecast takes: 1 for one vector, n for the last n consecutive ones, oldest first. */
  readonly sequence_length: number;
  readonly scaler: Scaler;
  /** Multiplies the network's output: root mean square of the training labels (log-return). */
  readonly target_scale: number;
  /** Empty for what is solved in one step. */
  readonly history: readonly EpochRecord[];
  readonly parameters: Parameters;
  /** Default the evaluator of its graph. */
  readonly fallback?: Fallback;
  /** It forecasts the rows it was tried on and no others, so that what it reads cannot be measured. */
  readonly own_rows_only?: boolean;
  /** Versions of a graph that was not written here. */
  readonly onnx?: { readonly ir_version: number; readonly opset: number };
  /** Inputs of the range and this model's answers, which an exported file is held to. */
  golden(dataset: Dataset, range: RowRange): Golden;
  /**
   * Adds the model to a graph.
   * @param x [batch, columns], or [batch, sequence_length, columns].
   * @param scope begins the name of each constant.
   * @returns log-return, [batch, 1].
   */
  write(graph: OnnxGraphBuilder, x: ValueName, scope: string, output?: ValueName): ValueName;
  /** The same model as an ONNX file, features in their own units to log-return. */
  toOnnx(metadata: Readonly<Record<string, string>>): Uint8Array;
}

export interface Trainable {
  readonly kind: FittedKind;
  /** As of what it fits; the look-back that is purged grows by all but one of these. */
  readonly sequence_length: number;
  /**
   * @throws ForetickError TRAIN_DATA where the rows cannot be learned from (none, every label zero, shorter than
   * the sequence).
   */
  fit(dataset: Dataset, split: FitSplit, options: FitOptions): Promise<Fitted>;
}
