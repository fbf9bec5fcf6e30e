/** The running comparison of live and SQL, of all sets, up to now: what it found. */

import { FEATURE_SETS } from "../../src/features/sets/all.ts";
import type { ParityDifference } from "../../src/record/parity/report.ts";
import { type ParityRun, ParityRuns } from "../../src/record/parity/runs.ts";
import { met, type Running } from "./running.ts";

export interface Compared {
  readonly runs: readonly ParityRun[];
  readonly rows: number;
  readonly unexplained: readonly ParityDifference[];
}

/** Waits until every set has been compared up to the newest vector there is now. */
export async function comparedUpToNow({ pipeline, worker }: Running): Promise<Compared> {
  await pipeline.writer.flush();
  const { symbol } = worker;
  const made = new ParityRuns(pipeline.database.sql);
  const through_us = worker.state.vector!.ts_sec * 1e6;
  await met("the comparison of all of it", async () => {
    const reached = await Promise.all(FEATURE_SETS.map((set) => made.comparedThrough(symbol, set)));
    return reached.every((to_us) => (to_us ?? 0) >= through_us - 4e6);
  });
  const runs = await made.newest({ symbol, limit: 1_000 });
  const unexplained = runs
    .filter(({ rows_unexplained }) => rows_unexplained > 0)
    .flatMap(({ differences }) => differences.filter(({ cause }) => cause === "unexplained"));
  return { runs, rows: runs.reduce((sum, run) => sum + run.rows_compared, 0), unexplained };
}
