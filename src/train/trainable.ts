/**
 * What every model that learns is to the training run: fitted on one stretch of rows, watched on a later one,
 * and then a forecaster that can be written as an ONNX graph. A fitted model is plain numbers: it holds no
 * memory of a backend, so there is nothing to release.
 */

import type { Golden } from "../model/manifest.ts";
import type { Dataset, RowRange } from "./dataset.ts";
import type { Forecaster } from "./forecaster.ts";
import type { OnnxGraphBuilder, ValueName } from "./onnx.ts";
import type { Scaler } from "./scaler.ts";

/** The kinds `scripts/train.ts --model` knows that learn something; baselines are in baselines.ts. */
export const MODEL_KINDS = ["ridge", "mlp", "mlp-large", "lstm", "transformer", "ensemble"] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];
export type NetworkKind = Exclude<ModelKind, "ridge" | "ensemble">;

export const isNetwork = (kind: ModelKind): kind is NetworkKind => kind !== "ridge" && kind !== "ensemble";

/** Validation lies after training, apart by the purge; the test stretch is never shown to `fit`. */
export interface FitSplit {
  readonly train: RowRange;
  readonly validation: RowRange;
}

/** One pass over the training rows. Losses are in units of the scaled target, the mean over rows. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly validation_loss: number;
  /** 1 − Σ(y−ŷ)² ÷ Σy² on the validation rows. */
  readonly validation_r2: number;
  readonly learning_rate: number;
  readonly took_ms: number;
}

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
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
  /** Aborted (Ctrl-C): the fit ends after the batch under way and resolves with the best so far. */
  readonly signal?: AbortSignal | undefined;
}

/** What was chosen or found, as the manifest's `parameters` take it. */
export type Parameters = Readonly<Record<string, number | string | boolean | null>>;

export interface Fitted extends Forecaster {
  readonly kind: ModelKind;
  /** Vectors one forecast takes: 1 for one vector, n for the last n consecutive ones, oldest first. */
  readonly sequence_length: number;
  readonly scaler: Scaler;
  /** Multiplies the network's output: root mean square of the training labels (log-return). */
  readonly target_scale: number;
  /** Empty for what is solved in one step. */
  readonly history: readonly EpochRecord[];
  readonly parameters: Parameters;
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
  readonly kind: ModelKind;
  /** As of what it fits; the look-back that is purged grows by all but one of these. */
  readonly sequence_length: number;
  /**
   * @throws ForetickError TRAIN_DATA where the rows cannot be learned from (none, every label zero, shorter than
   * the sequence).
   */
  fit(dataset: Dataset, split: FitSplit, options: FitOptions): Promise<Fitted>;
}
