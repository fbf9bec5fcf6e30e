/** What there is to compare, and the comparison of all of it, span after span: `bun run parity`. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, micros, US_PER_SEC } from "../../base/units.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { asked } from "../sql/asked.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";
import { compareSpan, type ParityOptions } from "./parity.ts";
import type { ParityReport } from "./report.ts";

/** Compares spans of at most LIMITS.parity_span_s_max, oldest first; throws what `compareSpan` throws. */
export async function* compareRange(options: ParityOptions): AsyncGenerator<ParityReport> {
  const { from_us, to_us } = options.span;
  const step_us = LIMITS.parity_span_s_max * US_PER_SEC;
  for (let at_us: number = from_us; at_us < to_us; at_us += step_us) {
    const span = { ...options.span, from_us: micros(at_us), to_us: micros(Math.min(to_us, at_us + step_us)) };
    yield await compareSpan({ ...options, span });
  }
}

/**
 * The instants from the first to the last vector stored of this definition; undefined where there is none.
 * @throws ForetickError STORE_QUERY or STORE_UNREACHABLE.
 */
export async function storedRange(
  sql: Sql,
  symbol: string,
  set: FeatureSet,
): Promise<{ from_us: Micros; to_us: Micros } | undefined> {
  const ends = await storedEnds(sql, symbol, set, micros(0));
  return ends && { from_us: ends.first_us, to_us: micros(ends.last_us + 1) };
}

/**
 * The first and the last vector of this definition stored at or after `since_us`; undefined where there is none.
 * @throws ForetickError STORE_QUERY or STORE_UNREACHABLE.
 */
export async function storedEnds(
  sql: Sql,
  symbol: string,
  set: FeatureSet,
  since_us: Micros,
): Promise<{ first_us: Micros; last_us: Micros } | undefined> {
  const where = "symbol = $1 and feature_set = $2 and set_hash = $3 and ts >= $4";
  const text = `
    select
      (select ts from features_live where ${where} order by ts limit 1) as first,
      (select ts from features_live where ${where} order by ts desc limit 1) as last`;
  const parameters = [symbol, set.name, set.hash, textFromMicros(since_us)];
  const [row] = await asked(sql.unsafe<{ first: string | null; last: string | null }[]>(text, parameters));
  if (!row?.first || !row.last) return undefined;
  return { first_us: microsFromText(row.first), last_us: microsFromText(row.last) };
}
