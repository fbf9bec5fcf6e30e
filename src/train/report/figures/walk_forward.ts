/** How each later part was forecast by a model that saw none of it: by month, whether skill lasts. */

import type { Score } from "../../../model/bundle/manifest.ts";
import { rowsOf } from "../../data/row_range.ts";
import type { FoldResult } from "../../data/walk_forward.ts";

export interface WalkForwardPart {
  /** e.g. "2026-02". */
  readonly name: string;
  readonly rows_train: number;
  readonly rows_test: number;
  /** Every model of the fold and every baseline. */
  readonly scores: readonly Score[];
}

export const walkForwardPart = ({ fold, run }: FoldResult): WalkForwardPart => ({
  name: fold.name,
  rows_train: rowsOf(run.split.train),
  rows_test: rowsOf(run.split.test),
  scores: run.scores,
});
