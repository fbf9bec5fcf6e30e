/**
 * A network is a list of layers, and a layer is written down twice: `apply` computes it with TensorFlow.js
 * for training, `write` adds it to an ONNX graph for serving. The two are side by side in one file, so that
 * a change to one is made to the other; tests hold them equal.
 */

import type { Tensor } from "@tensorflow/tfjs-core";
import type { OnnxGraphBuilder, ValueName } from "../../export/onnx.ts";

export interface ParameterSpec {
  readonly name: string;
  readonly dims: readonly number[];
  /** Begins as `value` + `sd` × a standard normal. */
  readonly value: number;
  readonly sd: number;
  /** Weights are learned and decay, biases are learned, statistics are measured (batch norm's moments). */
  readonly role: "weight" | "bias" | "statistic";
}

/** One forward pass. */
export interface Pass {
  /** Batch norm takes the batch's own moments, rather than the measured ones. */
  readonly batch_moments: boolean;
  /** Dropout; without it nothing is dropped. Elements are 0 or 1 ÷ (1 − rate). */
  readonly mask?: ((dims: readonly number[], rate: number) => Tensor) | undefined;
  /** Called with the batch's own value of each statistic. */
  readonly observe?: ((statistic: Tensor, value: Tensor) => void) | undefined;
}

export interface Layer {
  readonly parameters: readonly ParameterSpec[];
  /** Shape of one output, without the batch. */
  readonly dims: readonly number[];
  /** @param x [batch, …]; @param weights one tensor per parameter. */
  apply(x: Tensor, weights: readonly Tensor[], pass: Pass): Tensor;
  /** @param scope begins the name of every constant, e.g. "m1.dense2". */
  write(graph: OnnxGraphBuilder, x: ValueName, weights: readonly Float32Array[], scope: string): ValueName;
}

/** Layers one after the other. */
export function chain(...layers: readonly Layer[]): Layer {
  const starts: number[] = [];
  let count = 0;
  for (const layer of layers) {
    starts.push(count);
    count += layer.parameters.length;
  }
  const partOf = <T>(weights: readonly T[], index: number): readonly T[] =>
    weights.slice(starts[index]!, starts[index]! + layers[index]!.parameters.length);
  return {
    parameters: layers.flatMap((layer, index) =>
      layer.parameters.map((spec) => ({ ...spec, name: `${index}.${spec.name}` })),
    ),
    dims: layers.at(-1)!.dims,
    apply: (x, weights, pass) =>
      layers.reduce((value, layer, index) => layer.apply(value, partOf(weights, index), pass), x),
    write: (graph, x, weights, scope) =>
      layers.reduce(
        (value, layer, index) => layer.write(graph, value, partOf(weights, index), `${scope}.${index}`),
        x,
      ),
  };
}
