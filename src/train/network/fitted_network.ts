/** A network that has been fitted: forecasts rows of a dataset with TensorFlow.js, and writes itself as ONNX. */

import type { Golden } from "../../model/bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { rowsWithHistory } from "../data/history_rows.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import type { Scaler } from "../data/scaler.ts";
import { networkGolden } from "../export/golden.ts";
import { OnnxGraphBuilder, type ValueName } from "../export/onnx.ts";
import type { EpochRecord, Fitted, NetworkKind, Parameters } from "../fit/trainable.ts";
import { Inputs, writeInputs } from "./inputs.ts";
import type { Layer } from "./layers/layer.ts";
import { viewsOf } from "./layers/parameters.ts";
import { networkOf, type Shape } from "./network.ts";
import { outputsOf } from "./passes.ts";

export interface NetworkParts {
  readonly kind: NetworkKind;
  readonly columns: number;
  readonly shape: Shape;
  readonly weights: Float32Array;
  readonly scaler: Scaler;
  readonly target_scale: number;
  /** The network's output is multiplied by target_scale × output_slope. */
  readonly output_slope: number;
  readonly history: readonly EpochRecord[];
  readonly parameters: Parameters;
}

export class FittedNetwork implements Fitted {
  readonly name: string;
  readonly kind: NetworkKind;
  readonly sequence_length: number;
  readonly scaler: Scaler;
  readonly target_scale: number;
  readonly history: readonly EpochRecord[];
  readonly parameters: Parameters;
  readonly #parts: NetworkParts;
  readonly #layer: Layer;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
    this.#layer = networkOf(parts.kind, parts.columns, parts.shape);
    this.name = parts.kind;
    this.kind = parts.kind;
    this.sequence_length = parts.shape.sequence_length;
    this.scaler = parts.scaler;
    this.target_scale = parts.target_scale;
    this.history = parts.history;
    this.parameters = parts.parameters;
  }

  /** 0 for a row without enough vectors before it: no forecast is a forecast of no move. */
  forecast(dataset: Dataset, range: RowRange): Float64Array {
    const rows = rowsWithHistory(dataset, range, this.sequence_length);
    const outputs = networkOutputs(this.#layer, this.#parts, dataset, rows);
    const scale = Math.fround(this.#scale);
    const forecasts = new Float64Array(rowsOf(range));
    for (const [index, row] of rows.entries()) {
      forecasts[row - range.from] = Math.fround(outputs[index]! * scale);
    }
    return forecasts;
  }

  golden(dataset: Dataset, range: RowRange): Golden {
    return networkGolden(this, dataset, range);
  }

  write(graph: OnnxGraphBuilder, x: ValueName, scope: string, output?: ValueName): ValueName {
    const z = writeInputs(graph, x, this.scaler, scope);
    const views = viewsOf(this.#layer.parameters, this.#parts.weights);
    const raw = this.#layer.write(graph, z, views, scope);
    return graph.mul(raw, graph.constant(`${scope}.target_scale`, [1], [this.#scale]), output);
  }

  toOnnx(metadata: Readonly<Record<string, string>>): Uint8Array {
    const graph = new OnnxGraphBuilder(this.kind, inputDims(this.#parts));
    this.write(graph, graph.input, "net", "yhat");
    return graph.toBytes(metadata);
  }

  get #scale(): number {
    return this.#parts.target_scale * this.#parts.output_slope;
  }
}

export const inputDims = ({ columns, shape }: Pick<NetworkParts, "columns" | "shape">): number[] =>
  shape.sequence_length === 1 ? [columns] : [shape.sequence_length, columns];

/** The network's own output for each row, in units of the target scale. */
export function networkOutputs(
  layer: Layer,
  parts: Pick<NetworkParts, "columns" | "shape" | "scaler" | "weights">,
  dataset: Dataset,
  rows: Uint32Array,
): Float32Array {
  const inputs = new Inputs(dataset, parts.scaler, parts.shape.sequence_length);
  const fill = (from: number, to: number, into: Float32Array) => inputs.fill(rows, from, to, into);
  return outputsOf(layer, parts.weights, inputDims(parts), rows.length, fill);
}
