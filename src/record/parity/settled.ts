/**
 * Whether what a comparison read may have changed under it: trades of its look-back that are being loaded by a repair or a
 * backfill, whose bars and marks follow. Such a span is compared again instead of being called unexplained.
 */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, micros, startOf, US_PER_SEC } from "../../base/units.ts";
import { warmUpMaxSeconds } from "../../features/algebra/look_back.ts";
import { isLoading } from "../retention/loading.ts";
import { asked } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";
import type { ParityReport } from "./report.ts";
import type { ParitySpan } from "./rows.ts";

/** What comes that much after its time was loaded, not streamed (µs). */
const STREAMED_WITHIN_US = 60 * US_PER_SEC;

/**
 * Compares, and says whether the result stands. A load that has added nothing to the span and its look-back for
 * LIMITS.parity_load_s_max does not count: it is about other days.
 */
export async function comparedSettled(
  sql: Sql,
  span: ParitySpan,
  started_us: Micros,
  compare: () => Promise<ParityReport>,
): Promise<{ readonly report: ParityReport; readonly stands: boolean }> {
  const loading = await isLoading(sql);
  const report = await compare();
  if (report.rows_unexplained === 0) return { report, stands: true };
  const loaded_us = await lastLoaded(sql, span);
  const stands =
    loaded_us < started_us &&
    (loaded_us < started_us - LIMITS.parity_load_s_max * US_PER_SEC || !(loading || (await isLoading(sql))));
  return { report, stands };
}

/** When the last trade of the span and its look-back was loaded (local clock); −∞ where none was. */
async function lastLoaded(sql: Sql, { symbol, set, from_us, to_us }: ParitySpan): Promise<number> {
  const reach_us = micros(Math.max(0, from_us - startOf(warmUpMaxSeconds(set.look_back))));
  const [row] = await asked(
    sql.unsafe<{ loaded_us: string | null }[]>(
      `select us_of(max(received_at)) as loaded_us
      from trades
      where symbol = $1
        and ts >= $2
        and ts < $3
        and received_at > ts + $4::float8 * interval '1 microsecond'`,
      [symbol, textFromMicros(reach_us), textFromMicros(to_us), STREAMED_WITHIN_US],
    ),
  );
  return row?.loaded_us == null ? Number.NEGATIVE_INFINITY : Number(row.loaded_us);
}
