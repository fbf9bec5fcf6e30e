/** What is in a journal directory, as lines for a person. */

import type { RejectedRow } from "../../src/record/write/journal/rejected_rows.ts";
import { waitingRows } from "../../src/record/write/journal/waiting_rows.ts";

/** @param rejected what the directory keeps of refused rows. */
export function journalLines(directory: string, rejected: readonly RejectedRow[]): string[] {
  return [...waitingLines(directory), ...rejectedLines(rejected)];
}

function waitingLines(directory: string): string[] {
  const waiting = waitingRows(directory);
  if (waiting.size === 0) return ["waiting: nothing, every row is in the database"];
  return [...waiting].map(
    ([table, { lines, bytes }]) =>
      `waiting: ${table}, ${lines} lines, ${bytes} bytes; the service writes them`,
  );
}

function rejectedLines(rejected: readonly RejectedRow[]): string[] {
  const reasons = new Map<string, number>();
  for (const { table, error } of rejected) {
    const reason = `${table}: ${error}`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  if (reasons.size === 0) return ["refused: nothing"];
  return [...reasons].map(([reason, rows]) => `refused: ${rows} of ${reason}`);
}
