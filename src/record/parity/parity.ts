/**
 * The proof in production that live and SQL are equal: recomputes a span of final seconds from the bars,
 * compares every value with the vector that was stored, bit for bit, and finds the cause of each difference.
 */

import type { Sql } from "postgres";
import { assert } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { startOf, US_PER_SEC } from "../../base/units.ts";
import { warmUpMaxSeconds } from "../../features/algebra/look_back.ts";
import { explainMissing } from "./causes/missing.ts";
import { explainMismatched } from "./causes.ts";
import {
  differingFeatures,
  type Explanation,
  type ParityDifference,
  type ParityReport,
  reportOf,
} from "./report.ts";
import { bornOutUntil, comparedRows, type ParitySpan } from "./rows.ts";

/** Brings bars up to date: `Refresher`. */
export interface BarsRefresh {
  /** Every bar that the span touches holds what is stored, when it resolves. */
  through(span: { readonly from_us: number; readonly to_us: number }): Promise<void>;
}

export interface ParityOptions {
  readonly sql: Sql;
  readonly bars: BarsRefresh;
  readonly span: ParitySpan;
  /** µs from an arbitrary origin. */
  readonly monotonicUs: () => number;
}

const NOT_IN_SQL: Explanation = { cause: "unexplained", detail: "SQL has no row for this vector" };

/**
 * Compares one span, as far as rows at or after an instant bear it out: what comes after the last row, the live path
 * takes for empty seconds, and SQL for not known. The report says where it ended.
 *
 * @throws ForetickError INVARIANT where it is longer than LIMITS.parity_span_s_max; FEATURE_SET_MISMATCH where the database's function is of another definition;
 *   STORE_QUERY or STORE_UNREACHABLE where the database does not answer.
 */
export async function compareSpan(options: ParityOptions): Promise<ParityReport> {
  const { sql, bars, monotonicUs } = options;
  let { span } = options;
  const seconds = (span.to_us - span.from_us) / US_PER_SEC;
  const { parity_span_s_max } = LIMITS;
  assert(seconds <= parity_span_s_max, `span expected within ${parity_span_s_max} s, was ${seconds} s`);
  const started_us = monotonicUs();
  const reach_us = span.from_us - startOf(warmUpMaxSeconds(span.set.look_back));
  await bars.through({ from_us: Math.max(0, reach_us), to_us: span.to_us });
  span = { ...span, to_us: await bornOutUntil(sql, span) };
  const rows = await comparedRows(sql, span);
  const mismatched = await explainMismatched(sql, span, rows.mismatched);
  const missing = await explainMissing(sql, span, rows.missing);
  const differences: ParityDifference[] = [
    ...rows.mismatched.map((row): ParityDifference => {
      const { ts_sec } = row;
      const features = differingFeatures(span.set, row);
      return { ts_sec, kind: "mismatched", features, ...mismatched.get(ts_sec)! };
    }),
    ...rows.missing.map(
      (ts_sec): ParityDifference => ({ ts_sec, kind: "missing", features: [], ...missing.get(ts_sec)! }),
    ),
    ...rows.extra.map((ts_sec): ParityDifference => ({ ts_sec, kind: "extra", features: [], ...NOT_IN_SQL })),
  ];
  return reportOf(span, rows, differences, (monotonicUs() - started_us) / 1_000);
}
