/** How far reading rows is, as a line for `ProgressBar`. */

import { US_PER_MS } from "../../../src/base/units.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import type { TrainingProgress } from "../../../src/train/rows/training_query.ts";
import type { ProgressBar } from "./progress_bar.ts";

/** From a reading of the training function. */
export const progressOn =
  (bar: ProgressBar, title: string, symbol: string, set: FeatureSet) =>
  ({ done, at_us, rows }: TrainingProgress): void => {
    const at = `${symbol} ${set.name} ${new Date(at_us / US_PER_MS).toISOString()}`;
    bar.show({ title, done, at, count: rows, unit: "rows" });
  };
