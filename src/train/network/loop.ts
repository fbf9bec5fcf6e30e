/**
 * The training loop: epochs of shuffled batches, a look at the validation rows after each, the learning rate
 * reduced where they stop improving, and the best weights kept. A function of its seed: beginnings, shuffles and
 * dropout draw from generators of their own.
 */

import { systemClock } from "../../base/clock.ts";
import { purposeRng, type Rng } from "../../base/rng.ts";
import { nextTurn } from "../../base/turns.ts";
import type { EpochRecord } from "../fit/trainable.ts";
import { Adam } from "./adam.ts";
import type { Inputs } from "./inputs.ts";
import type { Labels, Weights } from "./labels.ts";
import { DropoutMasks } from "./layers/dropout_masks.ts";
import type { Layer } from "./layers/layer.ts";
import { beginning } from "./layers/parameters.ts";
import { lossAndGradient, measureStatistics, outputsOf } from "./passes.ts";
import type { FitSettings } from "./settings.ts";

/** Training rows over which batch norm's moments are measured. */
const STATISTICS_ROWS = 8192;
/** How long the loop computes before it lets signals and timers in. */
const BREATH_US = 50_000;

export interface Task {
  readonly network: Layer;
  readonly input_dims: readonly number[];
  readonly inputs: Inputs;
  readonly labels: Labels;
  /** Undefined: all rows count alike. */
  readonly weights?: Weights | undefined;
  /** The loop shuffles it in place: a year's order is not held twice. */
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
  readonly settings: FitSettings;
  readonly seed: number;
  readonly onEpoch?: ((record: EpochRecord, best_epoch: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Trained {
  /** Those of the best epoch. */
  readonly weights: Float32Array;
  /** 0 where no epoch beat forecasting nothing on the validation rows; the weights then do just that. */
  readonly best_epoch: number;
  readonly history: readonly EpochRecord[];
  readonly ended: "patience" | "epochs" | "aborted";
}

export async function trainNetwork(task: Task): Promise<Trained> {
  const { network, settings, seed } = task;
  const weights = beginning(network.parameters, purposeRng(seed, "weights"));
  const adam = new Adam(network.parameters, weights, settings);
  // Takes its sample before the rows are shuffled.
  const validation = new Validation(task);
  const epochs = new Epochs(task, weights, adam);

  let learning_rate = settings.learning_rate;
  let best = { epoch: 0, loss: validation.zero_loss, weights: weights.slice() };
  let lowered_at = 0;
  const history: EpochRecord[] = [];
  const result = (ended: Trained["ended"]): Trained => ({
    weights: best.weights,
    best_epoch: best.epoch,
    history,
    ended,
  });
  for (let epoch = 1; epoch <= settings.epochs_max; epoch++) {
    const started_us = systemClock.monotonicUs();
    const loss = await epochs.run(learning_rate);
    if (loss === undefined) return result("aborted");
    const candidate = adam.averaged.slice();
    const { loss: validation_loss, r2: validation_r2 } = validation.look(candidate);
    if (validation_loss < best.loss) best = { epoch, loss: validation_loss, weights: candidate };
    const took_ms = (systemClock.monotonicUs() - started_us) / 1000;
    history.push({ epoch, loss, validation_loss, validation_r2, learning_rate, took_ms });
    task.onEpoch?.(history.at(-1)!, best.epoch);
    if (epoch - best.epoch >= settings.patience_epochs) return result("patience");
    if (epoch - Math.max(best.epoch, lowered_at) >= settings.plateau_epochs) {
      learning_rate *= settings.plateau_factor;
      lowered_at = epoch;
    }
  }
  return result("epochs");
}

/** Shuffled batches, one step each. */
class Epochs {
  readonly #task: Task;
  readonly #weights: Float32Array;
  readonly #adam: Adam;
  readonly #order: Uint32Array;
  readonly #shuffles: Rng;
  readonly #masks: DropoutMasks;
  readonly #gradient: Float32Array;
  #breath_us = systemClock.monotonicUs();

  constructor(task: Task, weights: Float32Array, adam: Adam) {
    this.#task = task;
    this.#weights = weights;
    this.#adam = adam;
    this.#order = task.train;
    this.#shuffles = purposeRng(task.seed, "shuffle");
    this.#masks = new DropoutMasks(purposeRng(task.seed, "dropout"));
    this.#gradient = new Float32Array(weights.length);
  }

  /** @returns the mean training loss; undefined where it was stopped. */
  async run(learning_rate: number): Promise<number | undefined> {
    const { settings, signal } = this.#task;
    const rows = Math.min(this.#order.length, settings.epoch_rows_max || this.#order.length);
    shuffleFirst(this.#order, rows, this.#shuffles);
    let sum = 0;
    let seen = 0;
    // What is left of the last batch waits for another epoch: batch norm of a handful of rows is noise.
    for (let from = 0; from === 0 || from + settings.batch <= rows; from += settings.batch) {
      await this.#breathe();
      if (signal?.aborted) return undefined;
      const to = Math.min(rows, from + settings.batch);
      sum += this.#step(from, to, learning_rate) * (to - from);
      seen += to - from;
    }
    return sum / seen;
  }

  async #breathe(): Promise<void> {
    if (systemClock.monotonicUs() - this.#breath_us < BREATH_US) return;
    await nextTurn();
    this.#breath_us = systemClock.monotonicUs();
  }

  #step(from: number, to: number, learning_rate: number): number {
    const { network, inputs, input_dims, labels, weights, settings } = this.#task;
    const rows = to - from;
    const x = new Float32Array(rows * inputs.width);
    inputs.fill(this.#order, from, to, x);
    const y = new Float32Array(rows);
    labels.fill(this.#order, from, to, y);
    const row_weights = weights && new Float32Array(rows);
    if (row_weights) weights?.fill(this.#order, from, to, row_weights);
    const options = { input_dims, delta: settings.huber_delta, masks: this.#masks, row_weights };
    const loss = lossAndGradient(network, this.#weights, { x, rows }, y, options, this.#gradient);
    this.#adam.step(this.#gradient, learning_rate);
    return loss;
  }
}

// Fisher–Yates, as far as it is needed.
function shuffleFirst(order: Uint32Array, count: number, rng: Rng): void {
  for (let at = 0; at < count; at++) {
    const other = at + rng.below(order.length - at);
    const value = order[at]!;
    order[at] = order[other]!;
    order[other] = value;
  }
}

/** Loss and R² on the validation rows. */
class Validation {
  /** Loss of forecasting nothing. */
  readonly zero_loss: number;
  readonly #task: Task;
  readonly #y: Float32Array;
  readonly #sample: Float32Array;

  constructor(task: Task) {
    this.#task = task;
    this.#y = new Float32Array(task.validation.length);
    task.labels.fill(task.validation, 0, task.validation.length, this.#y);
    this.zero_loss = this.#measure(new Float32Array(this.#y.length)).loss;
    const stride = Math.max(1, Math.floor(task.train.length / STATISTICS_ROWS));
    const rows = task.train.filter((_, index) => index % stride === 0);
    this.#sample = new Float32Array(rows.length * task.inputs.width);
    task.inputs.fill(rows, 0, rows.length, this.#sample);
  }

  /** Measures the statistics of `weights` in place, then forecasts with them. */
  look(weights: Float32Array): { loss: number; r2: number } {
    const { network, inputs, input_dims, validation } = this.#task;
    const rows = this.#sample.length / inputs.width;
    measureStatistics(network, weights, { x: this.#sample, rows }, input_dims);
    const fill = (from: number, to: number, into: Float32Array) => inputs.fill(validation, from, to, into);
    return this.#measure(outputsOf(network, weights, input_dims, validation.length, fill));
  }

  #measure(outputs: Float32Array): { loss: number; r2: number } {
    const { huber_delta } = this.#task.settings;
    let loss = 0;
    let error2 = 0;
    let square = 0;
    for (const [row, y] of this.#y.entries()) {
      const error = outputs[row]! - y;
      const slope = Math.max(-huber_delta, Math.min(huber_delta, error));
      loss += slope * (error - slope / 2);
      error2 += error * error;
      square += y * y;
    }
    return { loss: loss / this.#y.length, r2: 1 - error2 / square };
  }
}
