/** A forecast that no trained model makes, under a name of its own, so that it is stored and scored as any other. */

import type { ModelVersion } from "../base/units.ts";
import type { Inference, Model } from "./model.ts";

/** What a model forecasts of what. */
export type Forecasts = Pick<Model, "feature_set" | "set_hash" | "horizon_s" | "label">;

export const forecastsOf = ({ feature_set, set_hash, horizon_s, label }: Forecasts): Forecasts => ({
  feature_set,
  set_hash,
  horizon_s,
  label,
});

const NO_COUNTERS: Model["counters"] = { inferences: 0, fallbacks: 0, unanswered: 0, last_error: "" };

/** Its forecast is the one value it is shown. @param like the model in whose place it forecasts. */
export function givenModel(version: ModelVersion, like: Forecasts): Model {
  return {
    ...{ ...forecastsOf(like), version, sequence_length: 1, counters: NO_COUNTERS },
    infer: async (_, values): Promise<Inference> => ({ yhat: values[0]!, source: "fallback" }),
    close: async () => {},
  };
}
