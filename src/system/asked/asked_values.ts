/** The values of a caller's vectors: whether a model can take them, and as it takes them. */

import type { AskedModel } from "../../model/bundle/batch_ensemble.ts";
import type { Ask, AskFault } from "../../serve/ports_ask.ts";

/** What is wrong with the values for this model; undefined where nothing is. */
export function faultOfValues(
  model: AskedModel,
  { values, values_name, set, model_version }: Ask,
): AskFault | undefined {
  const { manifest, version } = model;
  const { feature_set, sequence_length } = manifest;
  const invalid = (field: string, detail: string): AskFault => ({ code: "REQUEST_INVALID", field, detail });
  if (set !== undefined && set !== feature_set)
    return invalid("set", `set expected ${feature_set}, the set of ${version}, was ${set}.`);
  if (sequence_length > 1) {
    const detail = `${version} forecasts from ${sequence_length} vectors in a row: this path takes one. Name another model_version.`;
    return invalid(model_version === undefined ? "symbol" : "model_version", detail);
  }
  const missing = model.names.find((one) => !Object.hasOwn(values, one));
  if (missing !== undefined) {
    const field = `${values_name}.${missing}`;
    return invalid(
      field,
      `${field} expected a finite number, is missing: ${version} needs ${model.names.length} of ${feature_set}.`,
    );
  }
  for (const [one, value] of Object.entries(values)) {
    const field = `${values_name}.${one}`;
    if (!model.names.includes(one))
      return invalid(
        field,
        `${field} is no feature of ${feature_set}: expected only ${model.names.join(", ")}.`,
      );
    if (!Number.isFinite(Math.fround(value)))
      return invalid(field, `${field} expected a finite float32, was ${value}.`);
  }
  return undefined;
}

/** Row by row, in the order of the names. */
export function inputOf(
  names: readonly string[],
  rows: readonly { readonly ask: Pick<Ask, "values"> }[],
): Float32Array {
  const input = new Float32Array(rows.length * names.length);
  for (const [row, { ask }] of rows.entries()) {
    for (const [column, name] of names.entries()) input[row * names.length + column] = ask.values[name]!;
  }
  return input;
}
