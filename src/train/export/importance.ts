/** What `importance.json` of a fitted model says; see model/bundle/importance.ts. */

import { type FeatureImportance, IMPORTANCE_FORMAT } from "../../model/bundle/importance.ts";
import type { Dataset } from "../data/dataset.ts";
import type { RowRange } from "../data/row_range.ts";
import type { Fitted } from "../fit/trainable.ts";
import { importanceOf, lookedAt } from "../report/figures/importance.ts";

/** @param validation rows that decided when the fit stopped: no row of the test has a say in a weight. */
export function featureImportance(
  dataset: Dataset,
  validation: RowRange,
  model: Fitted,
  seed: number,
): FeatureImportance {
  const measured = importanceOf(dataset, validation, model, seed);
  const lost = new Map(measured.map(({ feature, r2_lost }) => [feature, r2_lost]));
  const gains = dataset.names.map((name) => Math.max(0, lost.get(name) ?? 0));
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const { from, to } = lookedAt(validation, model);
  return {
    format: IMPORTANCE_FORMAT,
    rows: measured.length === 0 ? 0 : to - from,
    features: dataset.names.map((name, column) => ({
      name,
      r2_lost: lost.get(name) ?? 0,
      weight: mean > 0 ? gains[column]! / mean : 1,
    })),
  };
}
