/** How a training goes, told as it happens: a command prints it, a job writes it down. */

import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { Dataset } from "../data/dataset.ts";
import type { FoldResult } from "../data/walk_forward.ts";
import type { FinishedModel } from "../finish.ts";
import type { FitProgress } from "../fit/trainable.ts";
import type { TrainingProgress } from "../rows/training_query.ts";
import type { TrainingRun } from "../run.ts";
import type { SearchProgress } from "../search/search.ts";

/** Called in this order; none may throw, and the training waits for none. */
export interface CourseListener {
  /** A sentence for people, and what it is about: "learn", "read", "models" or "with". */
  said(about: string, sentence: string): void;
  read(progress: TrainingProgress, symbol: string, set: FeatureSet): void;
  /** All rows are read, or reading has failed. */
  readEnded(): void;
  epoch(progress: FitProgress): void;
  trial(progress: SearchProgress): void;
  folded(result: FoldResult): void;
  /** Every model is fitted and scored. */
  fitted(dataset: Dataset, run: TrainingRun): void;
  written(dir: string, finished: FinishedModel): void;
}
