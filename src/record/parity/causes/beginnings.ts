/** Why a vector is cold where its process has only begun: by its first vectors, and by what looks back before them. */

import type { Sql } from "postgres";
import { type Micros, startOf, type UnixSec, unixSec } from "../../../base/units.ts";
import { lookBackOf, lookBackStart, warmUpMaxSeconds } from "../../../features/algebra/look_back.ts";
import { asked } from "../../sql/asked.ts";
import { microsFromText, textFromMicros } from "../../sql/time_text.ts";
import type { Explanation } from "../report.ts";
import type { MismatchedRow, ParitySpan } from "../rows.ts";

/**
 * A process that began without the database knows only what it could fetch, and no row says how far that reached.
 * What is certain: it knows its own time. Only columns that look back before its first vector may differ.
 */
export async function begunLately(
  sql: Sql,
  span: ParitySpan,
  starts: readonly Micros[],
  row: MismatchedRow,
): Promise<Explanation | undefined> {
  const started_us = starts.findLast((start_us) => start_us <= row.closed_us);
  if (started_us === undefined) return undefined;
  const first_us = await firstVectorOf(sql, span, row.ts_sec, started_us);
  if (first_us === undefined) return undefined;
  const { columns } = span.set;
  const looksBefore = columns.every(
    ({ expr }, column) =>
      row.live[column] === row.sql[column] ||
      startOf(unixSec(lookBackStart(lookBackOf(expr), row.ts_sec))) < first_us,
  );
  if (!looksBefore) return undefined;
  const detail = `the vector says it is not warm; its process gave its first vector at ${textFromMicros(first_us)}, and only columns that look back before that differ`;
  return { cause: "warm_up", detail };
}

/** Whether the process that began at `started_us` gave no vector as long before `ts_sec` as the set looks back. */
export async function beganWithin(
  sql: Sql,
  span: ParitySpan,
  ts_sec: UnixSec,
  started_us: Micros,
): Promise<boolean> {
  const first_us = await firstVectorOf(sql, span, ts_sec, started_us);
  const from_sec = oldestRead(span, ts_sec);
  return first_us !== undefined && first_us > startOf(unixSec(from_sec + span.set.cadence_s - 1));
}

const oldestRead = ({ set }: ParitySpan, ts_sec: UnixSec): number =>
  Math.max(0, ts_sec - warmUpMaxSeconds(set.look_back));

/** Instant of the first vector of the process that began at `started_us`, among those the set looks back on. */
async function firstVectorOf(
  sql: Sql,
  span: ParitySpan,
  ts_sec: UnixSec,
  started_us: Micros,
): Promise<Micros | undefined> {
  const { symbol, set } = span;
  const from_sec = oldestRead(span, ts_sec);
  const text = `
    select min(ts) as first
    from features_live
    where symbol = $1
      and feature_set = $2
      and set_hash = $3
      and ts >= $4
      and ts <= $5
      and closed_at >= $6`;
  const [row] = await asked(
    sql.unsafe<{ first: string | null }[]>(text, [
      symbol,
      set.name,
      set.hash,
      textFromMicros(startOf(from_sec)),
      textFromMicros(startOf(ts_sec)),
      textFromMicros(started_us),
    ]),
  );
  return row!.first === null ? undefined : microsFromText(row!.first);
}
