/** A person asks for a training: one at a time, or by force in place of those there are. */

import type { Sql } from "postgres";
import { asked } from "../sql/asked.ts";
import { inTransaction } from "../sql/transaction.ts";
import { cancelTraining, type TrainingJob, trainingJobs } from "./jobs.ts";
import { type Requested, requestTraining, type TrainingRequest } from "./request.ts";

/**
 * Nothing where one of the symbol runs or waits, unless that is forced; then those are taken back and this one
 * is asked for in one transaction.
 * @returns the one in the way where it is not forced; `is_new` false where the one taken back still has to end.
 * @throws ForetickError REQUEST_INVALID naming the field; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function askForTraining(
  sql: Sql,
  { force, ...request }: Pick<TrainingRequest, "symbol" | "settings"> & { actor: string; force: boolean },
): Promise<Requested | { readonly in_the_way: TrainingJob }> {
  return await asked(
    inTransaction(sql, async (own) => {
      const jobs = await trainingJobs(own, { symbol: request.symbol });
      const open = jobs.filter(({ status }) => status === "running" || status === "waiting");
      if (open[0] && !force) return { in_the_way: open[0] };
      for (const { job_id } of open) await cancelTraining(own, job_id, request.actor);
      return await requestTraining(own, { ...request, reason: "person" });
    }),
  );
}
