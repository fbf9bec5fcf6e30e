/**
 * Why a row differs: never guessed. Two computations decide. The live engine, fed all that bars hold now,
 * must give what SQL gives; fed only what the vector can have known, it must give the vector. Where either
 * fails the difference is unexplained. docs/parity.md says what each cause asserts.
 */

import type { Sql } from "postgres";
import { type Micros, micros, startOf } from "../../base/units.ts";
import { takenLookBacks } from "../look_back_rows.ts";
import { begunLately } from "./causes/beginnings.ts";
import { type Evidence, readEvidence, readStarts } from "./causes/evidence.ts";
import { type Group, hypotheses } from "./causes/hypotheses.ts";
import { ON_TIME, replayed, sameBits } from "./causes/replay.ts";
import { lookBackOfLane } from "./causes/taken_over.ts";
import { explainFlag, type LaneFacts } from "./causes/warm_flag.ts";
import type { Explanation } from "./report.ts";
import type { MismatchedRow, ParitySpan } from "./rows.ts";

/** @param rows by time. Returns an explanation for each, by `ts_sec`. */
export async function explainMismatched(
  sql: Sql,
  span: ParitySpan,
  rows: readonly MismatchedRow[],
): Promise<Map<number, Explanation>> {
  const found = new Map<number, Explanation>();
  if (rows.length === 0) return found;
  const evidence = await readEvidence(sql, span, rows);
  const closed_us = micros(Math.max(...rows.map((row) => row.closed_us)));
  const starts = await readStarts(sql, span.symbol, closed_us);
  const first_closed_us = micros(Math.min(...rows.map((row) => row.closed_us)));
  const taken = await takenLookBacks(sql, span.symbol, first_closed_us, closed_us);
  const lane = { starts, taken };
  for (const [ts_sec, explanation] of await explainValues(span, evidence, lane, rows)) {
    found.set(ts_sec, explanation);
  }
  for (const row of rows) {
    if (row.live_warm || found.get(row.ts_sec)?.cause !== "unexplained") continue;
    const begun = await begunLately(sql, span, starts, row);
    if (begun) found.set(row.ts_sec, begun);
  }
  for (const row of rows) {
    if (row.live_warm === row.sql_warm) continue;
    const flag = await explainFlag(sql, span, evidence, lane, row);
    const values = found.get(row.ts_sec);
    // A row has one cause, and both its values and its flag must have one.
    if (values === undefined || flag.cause === "unexplained") found.set(row.ts_sec, flag);
  }
  return found;
}

async function explainValues(
  span: ParitySpan,
  evidence: Evidence,
  lane: LaneFacts,
  all: readonly MismatchedRow[],
): Promise<Map<number, Explanation>> {
  const found = new Map<number, Explanation>();
  const rows = all.filter(({ live }) => live.length > 0);
  if (rows.length === 0) return found;
  const now = await replayed(span, evidence, rows, ON_TIME);
  const sound = rows.filter((row) => sameBits(row.sql, now.get(row.ts_sec)!));
  for (const group of groupsOf(sound, evidence, lane)) {
    let open = group.rows;
    for (const hypothesis of hypotheses(span, evidence, group)) {
      const candidates = open.filter((row) => hypothesis.explain(row) !== undefined);
      if (candidates.length === 0) continue;
      const then = await replayed(span, evidence, candidates, hypothesis.selection);
      for (const row of candidates) {
        if (sameBits(row.live, then.get(row.ts_sec)!)) found.set(row.ts_sec, hypothesis.explain(row)!);
      }
      open = open.filter((row) => !found.has(row.ts_sec));
    }
  }
  for (const row of rows) {
    if (!found.has(row.ts_sec)) found.set(row.ts_sec, unexplained(row, now.get(row.ts_sec)!));
  }
  return found;
}

function unexplained(row: MismatchedRow, now: Float64Array): Explanation {
  const side = sameBits(row.sql, now)
    ? "the live engine gives SQL's values from what is stored: the vector was computed from something else"
    : sameBits(row.live, now)
      ? "the live engine gives the vector again from what is stored: SQL computes something else"
      : "the live engine gives neither side's values from what is stored";
  return { cause: "unexplained", detail: side };
}

/**
 * Splits the rows where something was received between two of them that the earlier ones lacked: a fill, a look-back
 * taken over, or another process.
 */
function groupsOf(rows: readonly MismatchedRow[], evidence: Evidence, { starts, taken }: LaneFacts): Group[] {
  if (rows.length === 0) return [];
  const splits = new Set<number>([0]);
  const newest_us = rows.at(-1)!.closed_us;
  for (const { event } of [...evidence.trades, ...evidence.markers]) {
    const { ts_us, received_us } = event;
    if (received_us <= rows[0]!.closed_us || received_us > newest_us) continue;
    const knows = firstClosedBy(rows, received_us);
    if (startOf(rows[knows - 1]!.ts_sec) > ts_us) splits.add(knows);
  }
  for (const start_us of starts) splits.add(firstClosedBy(rows, start_us));
  for (const { taken_us } of taken) splits.add(firstClosedBy(rows, taken_us));
  splits.delete(rows.length);
  const bounds = [...splits].sort((a, b) => a - b);
  return bounds.map((from, index) => {
    const part = rows.slice(from, bounds[index + 1]);
    const closed_us = part.at(-1)!.closed_us;
    const started_us = starts.findLast((start_us) => start_us <= part[0]!.closed_us) ?? (0 as Micros);
    const look_back = lookBackOfLane(taken, part[0]!.closed_us, started_us);
    return { rows: part, closed_us, started_us, look_back };
  });
}

/** Index of the first row closed at or after `time_us`, by bisection: rows close in order. */
function firstClosedBy(rows: readonly MismatchedRow[], time_us: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]!.closed_us < time_us) low = middle + 1;
    else high = middle;
  }
  return low;
}
