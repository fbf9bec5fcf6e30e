/**
 * Why a vector is missing where SQL has a row: by the vectors stored on either side of the hole, and by the
 * processes that began between them. The wall clock is compared with the wall clock only, the exchange's
 * with the exchange's.
 */

import type { Sql } from "postgres";
import { startOf, type UnixSec, US_PER_SEC, unixSec } from "../../../base/units.ts";
import { SERVICE_STARTED } from "../../market_rows.ts";
import { asked } from "../../sql/asked.ts";
import { microsFromText, textFromMicros } from "../../sql/time_text.ts";
import type { Explanation } from "../report.ts";
import type { ParitySpan } from "../rows.ts";

/** Missing instants in a row, both ends included. */
interface Hole {
  readonly first: UnixSec;
  readonly last: UnixSec;
}

interface Neighbours {
  readonly before: string | null;
  readonly after: string | null;
  readonly started: string | null;
}

/** @param missing by time. Returns an explanation for each. */
export async function explainMissing(
  sql: Sql,
  span: ParitySpan,
  missing: readonly UnixSec[],
): Promise<Map<number, Explanation>> {
  const found = new Map<number, Explanation>();
  if (missing.length === 0) return found;
  const others = await otherDefinitions(sql, span, missing);
  const detail = `a vector of another definition of ${span.set.name} is stored in its place`;
  for (const ts_sec of missing) if (others.has(ts_sec)) found.set(ts_sec, { cause: "set_changed", detail });
  const holes = holesOf(
    missing.filter((ts_sec) => !found.has(ts_sec)),
    span.set.cadence_s,
  );
  const neighbours = await neighboursOf(sql, span, holes);
  for (const [index, hole] of holes.entries()) {
    const explanation = explainHole(neighbours[index]!);
    for (let ts_sec: number = hole.first; ts_sec <= hole.last; ts_sec += span.set.cadence_s) {
      found.set(ts_sec, explanation);
    }
  }
  return found;
}

function explainHole({ before, after, started }: Neighbours): Explanation {
  if (after === null) {
    return { cause: "not_written", detail: "no vector at or after it has reached the store" };
  }
  if (before === null) {
    return { cause: "restart", detail: "before the first vector stored: the service had not begun" };
  }
  if (started !== null) {
    const detail = `a process began at ${started}, between the vectors before (closed ${before}) and after it`;
    return { cause: "restart", detail };
  }
  return { cause: "unexplained", detail: "vectors of the same process are stored before and after it" };
}

/** Instants at which a vector of the set's name and another hash is stored. */
async function otherDefinitions(
  sql: Sql,
  { symbol, set }: ParitySpan,
  missing: readonly UnixSec[],
): Promise<Set<number>> {
  const text = `
    select distinct ts
    from features_live
    where symbol = $1
      and ts >= $2
      and ts <= $3
      and feature_set = $4
      and set_hash <> $5`;
  const [from, to] = [missing[0]!, missing.at(-1)!].map((sec) => textFromMicros(startOf(sec)));
  const rows = await asked(sql.unsafe<{ ts: string }[]>(text, [symbol, from!, to!, set.name, set.hash]));
  return new Set(rows.map(({ ts }) => microsFromText(ts) / US_PER_SEC));
}

/** Missing instants a cadence apart are one hole. */
function holesOf(missing: readonly UnixSec[], cadence_s: number): Hole[] {
  const holes: Hole[] = [];
  for (const ts_sec of missing) {
    const open = holes.at(-1);
    if (open && ts_sec === open.last + cadence_s) holes[holes.length - 1] = { ...open, last: ts_sec };
    else holes.push({ first: ts_sec, last: unixSec(ts_sec) });
  }
  return holes;
}

/** When the vectors around each hole were closed, and the first start of a process in between. */
async function neighboursOf(sql: Sql, span: ParitySpan, holes: readonly Hole[]): Promise<Neighbours[]> {
  if (holes.length === 0) return [];
  const { symbol, set } = span;
  const text = `
    select before.closed_at as before, after.closed_at as after, started.received_at as started
    from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as hole (first, last, number)
    left join lateral (
      select closed_at
      from features_live
      where symbol = $3 and feature_set = $4 and ts < hole.first
      order by ts desc
      limit 1
    ) as before on true
    left join lateral (
      select closed_at
      from features_live
      where symbol = $3 and feature_set = $4 and ts > hole.last
      order by ts
      limit 1
    ) as after on true
    left join lateral (
      select received_at
      from disconnects
      where symbol = $3
        and reason = $5
        and received_at > before.closed_at
        and received_at <= after.closed_at
      order by received_at
      limit 1
    ) as started on true
    order by hole.number`;
  const array = (secs: readonly UnixSec[]): string =>
    `{${secs.map((sec) => `"${textFromMicros(startOf(sec))}"`).join(",")}}`;
  const rows = await asked(
    sql.unsafe<Neighbours[]>(text, [
      array(holes.map(({ first }) => first)),
      array(holes.map(({ last }) => last)),
      symbol,
      set.name,
      SERVICE_STARTED,
    ]),
  );
  return [...rows];
}
