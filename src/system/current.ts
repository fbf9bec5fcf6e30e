/** Until when a forecast and a vector are given as what is now: the same wherever they are served from. */

import { LIMITS } from "../base/limits.ts";
import { type Micros, US_PER_MS, US_PER_SEC } from "../base/units.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { JoinedPrediction, Prediction } from "../predict/prediction.ts";
import { cadenceOf } from "../predict/score/recent_vectors.ts";
import type { Unavailable } from "../serve/ports.ts";

/** A prediction older than this many intervals is no longer current. */
const CURRENT_INTERVALS = 5;

export interface CurrentOptions {
  readonly now_us: Micros;
  /** Between two predictions (ms). */
  readonly interval_ms: number;
  /** Why there is no newer one, as a sentence. */
  readonly why: () => string;
}

/** The forecast itself, the same object as long as it is kept. */
export function whileCurrent(
  latest: JoinedPrediction,
  { now_us, interval_ms, why }: CurrentOptions,
): Prediction | Unavailable {
  const age_us = now_us - latest.emitted_at_us;
  const every_us = Math.max(interval_ms * US_PER_MS, cadenceOf(latest.feature_set) * US_PER_SEC);
  if (age_us <= CURRENT_INTERVALS * every_us) return latest;
  return { reason: `the last prediction is ${Math.round(age_us / US_PER_SEC)} s old: ${why()}` };
}

/** @param age_us from the vector's instant to now, by the exchange's clock. */
export function whileFresh(
  vector: FeatureVector,
  age_us: number,
  why: () => string,
): FeatureVector | Unavailable {
  if (age_us <= LIMITS.vector_age_s_max * US_PER_SEC) return vector;
  return { reason: `the last vector is ${Math.round(age_us / US_PER_SEC)} s old: ${why()}` };
}
