/** What one model takes of a closed second: the vector of its set, and the numbers it is shown. */

import { E8 } from "../../base/units.ts";
import type { BrokenStream } from "../../binance/events.ts";
import { LABEL_PRICES, type Label } from "../../features/label.ts";
import type { FeatureVector } from "../../features/vector.ts";
import type { Model } from "../../model/model.ts";
import type { ClosedSecond } from "../lane/output.ts";
import type { FigureSource } from "../source.ts";
import type { RecentVectors } from "./recent_vectors.ts";

type OpenBreaks = NonNullable<ClosedSecond["open_breaks"]>;

export interface Input {
  /** The newest vector, as it is: with its nulls. */
  readonly vector: FeatureVector;
  /** One vector's values, or those of the last `sequence_length`, the oldest first; what stands in for a null among them. */
  readonly values: Float64Array;
  /** The label's price (quote units), as it was known last where it is not known now. */
  readonly price: number;
  /** Exchange time of the newest event in it (µs). */
  readonly newest_us: number;
  /** `live`: nothing stands in for anything. */
  readonly made: FigureSource;
}

/** Why a model can make no forecast of a second. */
export interface NoInput {
  readonly counted: "failed" | "skipped_null" | "skipped_sequence";
  /** A sentence. */
  readonly reason: string;
}

/** @param recent has taken the second's vectors. */
export function inputOf(second: ClosedSecond, model: Model, recent: RecentVectors): Input | NoInput {
  const vector = second.vectors.find(({ feature_set }) => feature_set === model.feature_set);
  if (!vector) {
    const reason = `model ${model.version} needs feature set ${model.feature_set}, which is not computed`;
    return { counted: "failed", reason };
  }
  const nulls = vector.names.filter((_, column) => Number.isNaN(vector.values[column]));
  if (nulls.length === 0 && priceOf(second, model.label) !== undefined)
    return history(second, vector, model, recent);
  const what = nulls.length > 0 ? nulls.join(", ") : `no ${LABEL_PRICES[model.label]}`;
  const known = nulls.length > 0 ? "not known" : "known";
  const why = second.broken ?? "data is still warming up or has a gap";
  return { counted: "skipped_null", reason: `${what} ${known} as of ${second.ts_sec}: ${why}` };
}

function history(
  second: ClosedSecond,
  vector: FeatureVector,
  model: Model,
  recent: RecentVectors,
): Input | NoInput {
  const { version, feature_set, sequence_length, label } = model;
  const values = sequence_length === 1 ? vector.values : recent.window(feature_set, sequence_length);
  const newest_us = second.newest_event_us!;
  if (values) return { vector, values, price: priceOf(second, label)!, newest_us, made: "live" };
  const held = recent.heldOf(feature_set);
  const reason = `model ${version} needs the last ${sequence_length} vectors without a gap, so far there are ${held}`;
  return { counted: "skipped_sequence", reason };
}

/** The streams without which nothing new is known of a label's price. */
const STREAMS_OF: Readonly<Record<Label, readonly BrokenStream[]>> = {
  mid: ["quote", "all"],
  last: ["trade", "all"],
};

/** The open breaks that a label's price lies behind. */
export const breaksOf = ({ open_breaks = [] }: ClosedSecond, label: Label): OpenBreaks =>
  open_breaks.length === 0
    ? open_breaks
    : open_breaks.filter(({ stream = "all" }) => STREAMS_OF[label].includes(stream));

/** As `priceOf`, where it is known anew: the last trade before a break of the trades is the last one and says nothing of now. */
export const priceNow = (second: ClosedSecond, label: Label): number | undefined =>
  breaksOf(second, label).length === 0 ? priceOf(second, label) : undefined;

/** The price a label is of (quote units). */
function priceOf({ mid_sum_e8, close_e8 }: ClosedSecond, label: Label): number | undefined {
  if (label === "last") return close_e8 === undefined ? undefined : close_e8 / E8;
  return mid_sum_e8 === undefined ? undefined : mid_sum_e8 / (2 * E8);
}
