/**
 * Live vectors beside what SQL computes for the same instants, joined by the server. Both sides are written
 * out by it as float8 text, the shortest digits that read back to the same bits, so equal text is equal bits:
 * −0 is not 0, and null equals null and nothing else. Values travel only where they differ.
 */

import type { Sql } from "postgres";
import { fail } from "../../base/errors.ts";
import { type Micros, micros, type UnixSec, US_PER_SEC, unixSec } from "../../base/units.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { versionedNames } from "../../features/sql/versions.ts";
import { asked, askedByPage } from "../sql/asked.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";

/** Instants of one symbol and set: from_us ≤ ts < to_us. */
export interface ParitySpan {
  readonly symbol: string;
  readonly set: FeatureSet;
  readonly from_us: Micros;
  readonly to_us: Micros;
}

/** A row of both sides that differs. Values are float8 texts in the set's order, null for null. */
export interface MismatchedRow {
  readonly ts_sec: UnixSec;
  readonly closed_us: Micros;
  readonly live_warm: boolean;
  readonly sql_warm: boolean;
  readonly live: readonly (string | null)[];
  readonly sql: readonly (string | null)[];
}

export interface ComparedRows {
  /** Rows that both sides have. */
  readonly rows_compared: number;
  readonly mismatched: readonly MismatchedRow[];
  /** Instants SQL has and live has not. */
  readonly missing: readonly UnixSec[];
  /** Instants live has and SQL has not. */
  readonly extra: readonly UnixSec[];
}

interface JoinedRow {
  readonly ts: string;
  readonly closed_at: string | null;
  readonly live_warm: boolean | null;
  readonly sql_warm: boolean | null;
  readonly live: string | null;
  readonly sql: string | null;
}

/** A set's columns as a float8 array. Names are those of a set, which are checked to be plain. */
const columnsOf = (set: FeatureSet): string => set.names.map((name) => `"${name}"`).join(", ");

/**
 * @throws ForetickError FEATURE_SET_MISMATCH where the database's function is of another definition;
 *   STORE_QUERY or STORE_UNREACHABLE where the database does not answer.
 */
export async function comparedRows(sql: Sql, span: ParitySpan): Promise<ComparedRows> {
  const { symbol, set, from_us, to_us } = span;
  await checkFunction(sql, set);
  const text = `
    with live as (
      select ts, warm, closed_at, values::text as values
      from features_live
      where symbol = $1
        and ts >= $2
        and ts < $3
        and feature_set = $4
        and set_hash = $5
    ), recomputed as materialized (
      select ts, warm, array[${columnsOf(set)}]::text as values
      from ${versionedNames(set).features}($1::text, $2::timestamptz, $3::timestamptz)
    )
    select
      ts,
      live.closed_at,
      live.warm as live_warm,
      recomputed.warm as sql_warm,
      case when live.values is distinct from recomputed.values then live.values end as live,
      case when live.values is distinct from recomputed.values then recomputed.values end as sql
    from live
    full join recomputed using (ts)
    order by ts`;
  const parameters = [symbol, textFromMicros(from_us), textFromMicros(to_us), set.name, set.hash];
  const found = { rows_compared: 0, mismatched: [], missing: [], extra: [] } as Mutable;
  for await (const row of askedByPage<JoinedRow>(sql, text, parameters)) sort(found, row);
  return found;
}

/**
 * The end of a span, or where the stored rows end, whichever comes first.
 * @throws ForetickError STORE_QUERY or STORE_UNREACHABLE.
 */
export async function bornOutUntil(sql: Sql, { symbol, from_us, to_us }: ParitySpan): Promise<Micros> {
  const [row] = await asked(
    sql.unsafe<{ sec: string | null }[]>(
      `select last_row_sec($1, trades, quotes) as sec
      from bar_places_of('trade_bars_1s', 'trades', $1) as trades, bar_places_of('quote_bars_1s', 'quotes', $1) as quotes`,
      [symbol],
    ),
  );
  const known_us = row?.sec == null ? 0 : (Number(row.sec) + 1) * US_PER_SEC;
  return micros(Math.max(from_us, Math.min(to_us, known_us)));
}

interface Mutable {
  rows_compared: number;
  readonly mismatched: MismatchedRow[];
  readonly missing: UnixSec[];
  readonly extra: UnixSec[];
}

function sort(found: Mutable, row: JoinedRow): void {
  const ts_sec = unixSec(microsFromText(row.ts) / US_PER_SEC);
  const { closed_at, live_warm, sql_warm } = row;
  if (closed_at === null || live_warm === null) found.missing.push(ts_sec);
  else if (sql_warm === null) found.extra.push(ts_sec);
  else {
    found.rows_compared += 1;
    if (row.live === null && live_warm === sql_warm) return;
    const closed_us = microsFromText(closed_at);
    const [live, sql] = [textsOf(row.live), textsOf(row.sql)];
    found.mismatched.push({ ts_sec, closed_us, live_warm, sql_warm, live, sql });
  }
}

/** `{1.5,NULL,-0}` → ["1.5", null, "-0"]; none where the values were equal. */
function textsOf(literal: string | null): (string | null)[] {
  if (literal === null || literal === "{}") return [];
  return literal
    .slice(1, -1)
    .split(",")
    .map((text) => (text === "NULL" ? null : text));
}

/**
 * The hash that names the function's definition is in its comment. Floats must be written out in full: a
 * server may be set to round them, and rounded texts would be equal too easily.
 */
async function checkFunction(sql: Sql, set: FeatureSet): Promise<void> {
  const name = versionedNames(set).features;
  const [found] = await asked(
    sql.unsafe<{ comments: string | null; digits: number }[]>(
      `select
        string_agg(obj_description(oid, 'pg_proc'), ' ') as comments,
        current_setting('extra_float_digits')::int as digits
      from pg_proc
      where proname = $1
        and pronamespace = current_schema()::regnamespace`,
      [name],
    ),
  );
  const { comments, digits } = found!;
  if (digits < 1) {
    fail(
      "STORE_QUERY",
      `extra_float_digits expected 1 or more, PostgreSQL's default, was ${digits}: reset it for this role or database`,
    );
  }
  if (comments?.includes(set.hash)) return;
  const was = comments === null ? "there is none" : "it is of another definition";
  fail(
    "FEATURE_SET_MISMATCH",
    `${name} expected with hash ${set.hash.slice(0, 12)}…, ${was}. Start the service of this version once: it installs its functions`,
  );
}
