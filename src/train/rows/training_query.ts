/**
 * Rows of the SQL training function as doubles, day after day: what a dataset and an export are both made of.
 */

import { escapeLiteral } from "pg";
import { fail } from "../../base/errors.ts";
import { DAY_US, isoOf, US_PER_SEC } from "../../base/units.ts";
import { warmUpMaxSeconds } from "../../features/algebra/look_back.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { versionedNames } from "../../features/sql/versions.ts";
import type { Refresher } from "../../record/bars/refresher.ts";
import type { Database } from "../../record/database.ts";
import { asked } from "../../record/sql/asked.ts";
import { readFloatRows } from "../../record/sql/float_rows.ts";
import { requireFeatureFunctions } from "../../record/sql/install/feature_functions.ts";

/** from_us ≤ ts < to_us. */
export interface TrainingSpan {
  readonly symbol: string;
  readonly set: FeatureSet;
  readonly from_us: number;
  readonly to_us: number;
  readonly horizon_s: number;
}

export interface TrainingProgress {
  /** 0…1 of the span. */
  readonly done: number;
  /** All before is read. */
  readonly at_us: number;
  readonly rows: number;
}

/**
 * Columns before the features: instant (s since 1970), bid + ask and the last trade's price (e8), the labels that
 * start from them, when all of it was known (µs).
 */
export const TRAINING_COLUMNS = [
  "ts",
  "mid_sum_e8",
  "close_e8",
  "label_mid",
  "label_last",
  "known_at",
] as const;

/**
 * The part of the span the database has anything of, its bars up to date, look-back and labels included.
 *
 * @throws ForetickError TRAIN_DATA where it has nothing; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function storedSpan(
  { sql }: Pick<Database, "sql">,
  bars: Pick<Refresher, "through">,
  span: TrainingSpan,
): Promise<TrainingSpan> {
  const { symbol, set, horizon_s } = span;
  await requireFeatureFunctions(sql, [set]);
  const reach_us = warmUpMaxSeconds(set.look_back) * US_PER_SEC;
  await bars.through({
    from_us: Math.max(0, span.from_us - reach_us),
    to_us: span.to_us + (horizon_s + 1) * US_PER_SEC,
  });
  const [found] = await asked(sql<{ first_us: string | null; last_us: string | null }[]>`
    select us_of(min(sec)) as first_us, us_of(max(sec)) as last_us
    from bars_1s
    where symbol = ${symbol} and sec >= at_us(${span.from_us - US_PER_SEC}) and sec < at_us(${span.to_us})`);
  if (found?.first_us == null || found.last_us == null) {
    return fail(
      "TRAIN_DATA",
      `trades of ${symbol} expected between ${isoOf(span.from_us)} and ${isoOf(span.to_us)}, there are none: record or backfill them, or ask for another range`,
    );
  }
  // A second's events are known as of its end.
  const from_us = Math.max(span.from_us, Number(found.first_us) + US_PER_SEC);
  const to_us = Math.min(span.to_us, Number(found.last_us) + 2 * US_PER_SEC);
  return { ...span, from_us, to_us };
}

/**
 * Calls `take` for every warm vector of the span, in order: TRAINING_COLUMNS, then the set's. The array is the
 * same each time.
 *
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function readTrainingRows(
  { url }: Pick<Database, "url">,
  span: TrainingSpan,
  take: (row: Float64Array) => void,
  onProgress: (progress: TrainingProgress) => void,
): Promise<void> {
  const { from_us, to_us, set } = span;
  const columns = TRAINING_COLUMNS.length + set.names.length;
  let rows = 0;
  for (let at_us = from_us; at_us < to_us; ) {
    const end_us = Math.min(to_us, (Math.floor(at_us / DAY_US) + 1) * DAY_US);
    rows += await readFloatRows(url, selectOf({ ...span, from_us: at_us, to_us: end_us }), columns, take);
    at_us = end_us;
    onProgress({ done: (at_us - from_us) / (to_us - from_us), at_us, rows });
  }
}

/** COPY takes no parameters, so the values are written out. */
function selectOf({ symbol, set, from_us, to_us, horizon_s }: TrainingSpan): string {
  const features = set.names.map((name) => `"${name}"`).join(", ");
  return `
    select extract(epoch from ts)::double precision, mid_sum_e8::double precision,
      close_e8::double precision, label_mid, label_last, us_of(known_at)::double precision, ${features}
    from ${versionedNames(set).training}(${escapeLiteral(symbol)}, at_us(${from_us}), at_us(${to_us}), ${horizon_s})
    order by ts`;
}

/** Most vectors a span can have. */
export const rowsMax = ({ from_us, to_us, set }: TrainingSpan): number =>
  Math.max(0, Math.ceil((to_us - from_us) / (set.cadence_s * US_PER_SEC)));
