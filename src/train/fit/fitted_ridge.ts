/** Ridge as a model that is trained like the others: λ chosen on the validation rows, then all rows used. */

import type { Golden } from "../../model/bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import type { RowRange } from "../data/row_range.ts";
import type { OnnxGraphBuilder, ValueName } from "../export/onnx.ts";
import { goldenVectors, ridgeOnnx, writeRidge } from "../export/ridge_export.ts";
import { fitRidgeBy, type RidgeModel } from "./ridge.ts";
import type { FitSplit, Fitted, Trainable } from "./trainable.ts";

export const ridgeTrainable: Trainable = {
  kind: "ridge",
  sequence_length: 1,
  fit: async (dataset, split, options) => fittedRidge(fitRidgeBy(dataset, through(split), split, options)),
};

/**
 * Training, what is purged between, and validation: the final fit uses all of it, since λ is already chosen.
 */
const through = ({ train, validation }: FitSplit): RowRange => ({ from: train.from, to: validation.to });

export function fittedRidge(model: RidgeModel): Fitted {
  return {
    name: model.name,
    kind: "ridge",
    sequence_length: 1,
    scaler: model.scaler,
    target_scale: model.target_scale,
    history: [],
    parameters: { lambda: model.lambda, lambda_from: model.lambda_from, ...model.weighting },
    forecast: model.forecast,
    golden: (dataset: Dataset, range: RowRange): Golden => goldenVectors(dataset, range, model),
    write: (graph: OnnxGraphBuilder, x: ValueName, scope: string, output?: ValueName) =>
      writeRidge(graph, x, model, `${scope}.`, output),
    toOnnx: (metadata) => ridgeOnnx(model, metadata),
  };
}
