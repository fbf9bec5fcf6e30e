/**
 * Fits a network on a dataset: scaler and target scale from the training rows, the loop, and a last factor for
 * its output. Where training stops the forecast is somewhat too large or too small; one number, the slope of
 * the outcomes on the forecasts over the validation rows, kept within 0 and 1, puts that right.
 */

import { fail } from "../../base/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { rowsWithHistory } from "../data/history_rows.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import { rowWeights } from "../data/row_weights.ts";
import { fitScaler, targetScale } from "../data/scaler.ts";
import { evenly } from "../export/golden.ts";
import type { FitOptions, FitSplit, NetworkKind, Parameters, Trainable } from "../fit/trainable.ts";
import { readyBackend } from "./backend.ts";
import { FittedNetwork, inputDims, networkOutputs } from "./fitted_network.ts";
import { INPUT_LIMIT, Inputs } from "./inputs.ts";
import { Labels, Weights } from "./labels.ts";
import { parameterCount } from "./layers/parameters.ts";
import { type Trained, trainNetwork } from "./loop.ts";
import { networkOf, SHAPES, type Shape } from "./network.ts";
import { FIT_DEFAULTS, type FitSettings } from "./settings.ts";

/** What differs from the kind's own shape and the usual settings. */
export interface NetworkOptions {
  readonly shape?: Partial<Shape>;
  readonly settings?: Partial<FitSettings>;
}

export interface NetworkTrainable extends Trainable {
  fit(dataset: Dataset, split: FitSplit, options: FitOptions): Promise<FittedNetwork>;
}

export function networkTrainable(kind: NetworkKind, options: NetworkOptions = {}): NetworkTrainable {
  const plan = {
    kind,
    shape: { ...SHAPES[kind], ...options.shape },
    settings: { ...FIT_DEFAULTS[kind], ...options.settings },
  };
  return {
    kind,
    sequence_length: plan.shape.sequence_length,
    fit: (dataset, split, fit_options) => fitNetwork(plan, dataset, split, fit_options),
  };
}

interface Plan {
  readonly kind: NetworkKind;
  readonly shape: Shape;
  readonly settings: FitSettings;
}

async function fitNetwork(
  { kind, shape, settings }: Plan,
  dataset: Dataset,
  split: FitSplit,
  options: FitOptions,
): Promise<FittedNetwork> {
  const backend = await readyBackend();
  const columns = dataset.names.length;
  const layer = networkOf(kind, columns, shape);
  const scaler = fitScaler(dataset, split.train);
  const target_scale = targetScale(dataset, split.train);
  const labels = new Labels(dataset, target_scale);
  const row_weights = rowWeights(dataset, split.train, options.half_life_s);
  const weights_alike = options.half_life_s === undefined;
  const all = usable(dataset, split.validation, shape, "validation");
  const validation = evenly(all, settings.validation_rows_max || all.length);
  const trained = await trainNetwork({
    network: layer,
    input_dims: inputDims({ columns, shape }),
    inputs: new Inputs(dataset, scaler, shape.sequence_length),
    labels,
    weights: weights_alike ? undefined : new Weights(dataset, row_weights, rowsOf(split.train)),
    train: usable(dataset, split.train, shape, "training"),
    validation,
    settings,
    seed: options.seed,
    signal: options.signal,
    onEpoch: (record, best_epoch) => {
      const { epochs_max } = settings;
      options.onProgress?.({ kind, member: 1, members: 1, epochs_max, record, best_epoch });
    },
  });
  const { weights, history } = trained;
  const outputs = networkOutputs(layer, { columns, shape, scaler, weights }, dataset, validation);
  const y = new Float64Array(validation.length);
  labels.fill(validation, 0, validation.length, y);
  const output_slope = slopeOf(outputs, y);
  const parameters = {
    ...describe(shape, settings, trained),
    ...row_weights.parameters,
    output_slope,
    seed: options.seed,
    weights: parameterCount(layer.parameters),
    backend: backend.description,
  };
  return new FittedNetwork({
    kind,
    columns,
    shape,
    weights,
    scaler,
    target_scale,
    output_slope,
    history,
    parameters,
  });
}

function usable(dataset: Dataset, range: RowRange, shape: Shape, what: string): Uint32Array {
  const rows = rowsWithHistory(dataset, range, shape.sequence_length);
  if (rows.length > 0) return rows;
  return fail(
    "TRAIN_DATA",
    `${what} expected rows with ${shape.sequence_length} consecutive vectors, had none: give more data`,
  );
}

// Least squares through zero; 1 where nothing is forecast, for then there is nothing to correct.
function slopeOf(outputs: Float32Array, y: Float64Array): number {
  let square = 0;
  let product = 0;
  for (const [index, output] of outputs.entries()) {
    square += output * output;
    product += output * y[index]!;
  }
  return square > 0 ? Math.max(0, Math.min(1, product / square)) : 1;
}

const describe = (shape: Shape, settings: FitSettings, trained: Trained): Parameters => ({
  widths: shape.widths.join("-"),
  dropout: shape.dropout,
  sequence_length: shape.sequence_length,
  input_limit: INPUT_LIMIT,
  ...settings,
  epochs: trained.history.length,
  best_epoch: trained.best_epoch,
  ended: trained.ended,
});
