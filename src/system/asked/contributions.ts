/**
 * What each feature did to a forecast: the forecast less the one that would have been with the feature at its mean in
 * training. For a linear model these add up to the forecast less that of the means; for others they say what matters now.
 */

import type { ModelVersion } from "../../base/units.ts";
import type { FeatureVector } from "../../features/vector.ts";
import type { Model } from "../../model/model.ts";
import type { AskFault, Contributions } from "../../serve/ports_ask.ts";

export interface Explained extends Pick<Model, "feature_set" | "drift"> {
  readonly version: string;
  readonly names: readonly string[];
  readonly sequence_length: number;
}

/** @param infer forecasts of so many vectors, one after the other. */
export async function contributionsOf(
  model: Explained,
  vector: Pick<FeatureVector, "feature_set" | "names" | "values">,
  infer: (values: Float32Array, rows: number) => Promise<ArrayLike<number>>,
): Promise<Contributions | AskFault> {
  const { version, names, drift, sequence_length } = model;
  const refused = (detail: string): AskFault => ({ code: "NO_PREDICTION_YET", detail });
  if (sequence_length > 1)
    return refused(`${version} forecasts from ${sequence_length} vectors in a row: no one of them makes it.`);
  if (!drift) return refused(`${version} does not say what was usual when it was trained.`);
  const usual = names.map((name) => drift.columns.find((column) => column.name === name)?.mean);
  const values = names.map((name) => vector.values[vector.names.indexOf(name)] ?? Number.NaN);
  if (vector.feature_set !== model.feature_set || ![...values, ...usual].every(Number.isFinite))
    return refused(`not every feature of ${version} is known at this second.`);
  const rows = names.length + 1;
  const input = new Float32Array(rows * names.length);
  for (let row = 0; row < rows; row++) input.set(values, row * names.length);
  // The first row stays as it is; in each other one a feature is as usual.
  for (const [column, mean] of usual.entries()) input[(column + 1) * names.length + column] = mean!;
  const yhats = await infer(input, rows);
  return {
    model_version: version,
    yhat_log_return: yhats[0]!,
    features: names.map((name, column) => ({
      ...{ name, value: values[column]!, usual: usual[column]! },
      contribution: yhats[0]! - yhats[column + 1]!,
    })),
  };
}

/** One computation a symbol, second and model, however many ask for it meanwhile or after. */
export class LatestContributions {
  readonly #latest = new Map<
    string,
    { readonly of: string; readonly answer: Promise<Contributions | AskFault> }
  >();

  of(
    { symbol, ts_sec }: Pick<FeatureVector, "symbol" | "ts_sec">,
    version: ModelVersion,
    compute: () => Promise<Contributions | AskFault>,
  ): Promise<Contributions | AskFault> {
    const of = `${ts_sec} ${version}`;
    const known = this.#latest.get(symbol);
    if (known?.of === of) return known.answer;
    const answer = compute();
    this.#latest.set(symbol, { of, answer });
    // What failed is asked again.
    answer.catch(() => this.#latest.delete(symbol));
    return answer;
  }
}
