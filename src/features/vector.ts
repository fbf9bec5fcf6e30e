/** A feature vector: what was known of a symbol as of instant `ts_sec`, and under which definition. */

import type { SetHash, UnixSec } from "../base/units.ts";

export interface FeatureVector {
  readonly symbol: string;
  /** As of this instant: every event with time < ts_sec, and nothing else. */
  readonly ts_sec: UnixSec;
  /** Name of the set, e.g. "v1". */
  readonly feature_set: string;
  readonly set_hash: SetHash;
  /** All look-backs are inside uninterrupted data. A vector that is not warm is never silently used. */
  readonly warm: boolean;
  /** Why it is not warm, as a sentence; present where it is not. */
  readonly cold_reason?: string;
  /** Column names, in the set's order. Shared between vectors of one set. */
  readonly names: readonly string[];
  /** One float64 per column; NaN means null (no feature is ever NaN otherwise). */
  readonly values: Float64Array;
}
