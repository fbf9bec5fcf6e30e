/**
 * A network's numbers as one flat float32 array, layer after layer: what the optimiser steps, what is copied
 * when the best is kept, and what the exported file holds.
 */

import * as tf from "@tensorflow/tfjs-core";
import type { Rng } from "../../../base/rng.ts";
import { sizeOf } from "./dense.ts";
import type { ParameterSpec } from "./layer.ts";

export const parameterCount = (specs: readonly ParameterSpec[]): number =>
  specs.reduce((sum, { dims }) => sum + sizeOf(dims), 0);

/** The numbers a network begins with; the same rng gives the same. */
export function beginning(specs: readonly ParameterSpec[], rng: Rng): Float32Array {
  const flat = new Float32Array(parameterCount(specs));
  for (const [index, view] of viewsOf(specs, flat).entries()) {
    const { value, sd } = specs[index]!;
    for (let at = 0; at < view.length; at++) view[at] = value + (sd > 0 ? sd * rng.normal() : 0);
  }
  return flat;
}

/** One view per parameter, not copies. */
export function viewsOf(specs: readonly ParameterSpec[], flat: Float32Array): Float32Array[] {
  let at = 0;
  return specs.map(({ dims }) => {
    const from = at;
    at += sizeOf(dims);
    return flat.subarray(from, at);
  });
}

/** One tensor per parameter, copied; inside `tf.tidy` they need no disposal. */
export const tensorsOf = (specs: readonly ParameterSpec[], flat: Float32Array): tf.Tensor[] =>
  viewsOf(specs, flat).map((view, index) => tf.tensor(view.slice(), [...specs[index]!.dims], "float32"));
