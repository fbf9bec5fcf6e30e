/** Where the rows of a file go. */

import type { CheckedRun } from "../checked_runs.ts";
import type { RunBlock } from "../history_loader.ts";

/** Takes the rows of a file, in the file's order, and commits them in batches. */
export interface RowSink {
  take(run: CheckedRun): Promise<void>;
  /** Commits what is left. */
  finish(): Promise<void>;
}

/** Commits rows as they are, and the rows of whole blocks as bars alone. */
export type Commit = (runs: readonly CheckedRun[], blocks?: readonly RunBlock[]) => Promise<void>;
