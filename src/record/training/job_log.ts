/** Table `training_logs`: the last lines that each training has logged. */

import type { Sql } from "postgres";
import type { Micros } from "../../base/units.ts";
import { asked } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";
import { microsFromText } from "../sql/time_text.ts";
import type { Attempt } from "./job_changes.ts";

export interface LogLine {
  /** When it was logged (ISO 8601, UTC); null where the line does not say. */
  readonly at: string | null;
  readonly level: "info" | "warn" | "error";
  readonly text: string;
}

export interface JobLog {
  readonly lines: readonly LogLine[];
  /** Older lines of the attempt that are no longer kept. */
  readonly left_out: number;
}

export interface StoredJobLog extends JobLog {
  readonly attempt: number;
  readonly told_us: Micros;
}

/** Takes the place of what was told before of the attempt, or of an older one. */
export async function tellLog(
  sql: Sql,
  { job_id, attempt }: Attempt,
  { lines, left_out }: JobLog,
): Promise<void> {
  await asked(sql`
    insert into training_logs (job_id, attempt, lines, left_out)
    values (${job_id}, ${attempt}, ${JSON.stringify(lines)}::text::jsonb, ${left_out})
    on conflict (job_id) do update
    set attempt = excluded.attempt, lines = excluded.lines, left_out = excluded.left_out, told_at = now()
    where training_logs.attempt <= excluded.attempt`);
}

/**
 * Undefined where the job has logged nothing, or is not known.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function jobLog(sql: Sql, job_id: string): Promise<StoredJobLog | undefined> {
  const [row] = await asked(sql<{ attempt: number; lines: LogLine[]; left_out: string; told_at: string }[]>`
    select attempt, lines, left_out, told_at
    from training_logs
    where job_id::text = ${job_id}`);
  if (!row) return undefined;
  const { attempt, lines, left_out, told_at } = row;
  return { attempt, lines, left_out: exactNumber(left_out), told_us: microsFromText(told_at) };
}
