/** The options of a lane. */

import type { Witness } from "../../binance/belief/row_faults.ts";
import type { StreamName } from "../../binance/events.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { LaneBook } from "./book_seconds.ts";
import type { LaneOutput } from "./output.ts";

export interface LaneOptions {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  /** The subscribed streams; they decide when a second closes. */
  readonly streams: readonly StreamName[];
  readonly grace_ms: number;
  /** The lane reads it and gives it the diffs, in that order; without it the features of the book are null. */
  readonly book?: LaneBook;
  /** The middle of the rebuilt book where it is in step: a witness of prices. */
  readonly bookPrice?: () => Witness | undefined;
  readonly output: LaneOutput;
}
