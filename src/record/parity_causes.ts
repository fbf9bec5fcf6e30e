/**
 * Why a row differs: never guessed. Two computations decide. The live engine, fed all that bars hold now,
 * must give what SQL gives; fed only what the vector can have known, it must give the vector. Where either
 * fails the difference is unexplained. docs/parity.md says what each cause asserts.
 */

import type { Sql } from "postgres";
import { type Micros, micros, startOf, type UnixSec } from "../base/units.ts";
import { lookBackStart, warmUpMaxSeconds } from "../features/look_back.ts";
import { type Evidence, readEvidence, readStarts } from "./parity_evidence.ts";
import { ON_TIME, replayed, type Selection, sameBits } from "./parity_replay.ts";
import type { Explanation } from "./parity_report.ts";
import type { MismatchedRow, ParitySpan } from "./parity_rows.ts";
import { storeError } from "./store_errors.ts";
import { microsFromText, textFromMicros } from "./time_text.ts";

/** Rows that lacked the same of what is stored now, by time. */
interface Group {
  readonly rows: readonly MismatchedRow[];
  /** When the last of them was closed: what was received later, none of them knew. */
  readonly closed_us: Micros;
  /** When the process that closed them began; 0 where that is not known. */
  readonly started_us: Micros;
}

/** A way the rows may have come about: what to feed, and what it would mean for a row if it gave its values. */
interface Hypothesis {
  readonly selection: Selection;
  explain(row: MismatchedRow): Explanation | undefined;
}

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
  for (const [ts_sec, explanation] of await explainValues(span, evidence, starts, rows)) {
    found.set(ts_sec, explanation);
  }
  for (const row of rows) {
    if (row.live_warm === row.sql_warm) continue;
    const flag = await explainFlag(sql, span, evidence, starts, row);
    const values = found.get(row.ts_sec);
    // A row has one cause, and both its values and its flag must have one.
    if (values === undefined || flag.cause === "unexplained") found.set(row.ts_sec, flag);
  }
  return found;
}

async function explainValues(
  span: ParitySpan,
  evidence: Evidence,
  starts: readonly Micros[],
  all: readonly MismatchedRow[],
): Promise<Map<number, Explanation>> {
  const found = new Map<number, Explanation>();
  const rows = all.filter(({ live }) => live.length > 0);
  if (rows.length === 0) return found;
  const now = await replayed(span, evidence, rows, ON_TIME);
  const sound = rows.filter((row) => sameBits(row.sql, now.get(row.ts_sec)!));
  for (const group of groupsOf(sound, evidence, starts)) {
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
 * Splits the rows where something was received between two of them that the earlier ones lacked: a fill, or
 * another process.
 */
function groupsOf(rows: readonly MismatchedRow[], evidence: Evidence, starts: readonly Micros[]): Group[] {
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
  splits.delete(rows.length);
  const bounds = [...splits].sort((a, b) => a - b);
  return bounds.map((from, index) => {
    const part = rows.slice(from, bounds[index + 1]);
    const closed_us = part.at(-1)!.closed_us;
    const started_us = starts.findLast((start_us) => start_us <= part[0]!.closed_us) ?? (0 as Micros);
    return { rows: part, closed_us, started_us };
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

function hypotheses(span: ParitySpan, evidence: Evidence, group: Group): Hypothesis[] {
  const { closed_us, started_us } = group;
  const seen: Selection = {
    trade: ({ received_us }, late) => !late && received_us <= closed_us,
    quote: ({ received_us }, late) => !late && received_us <= closed_us,
    marker: ({ received_us }) => received_us <= closed_us,
  };
  const seenSinceStart: Selection = {
    trade: (event, late) => event.received_us >= started_us && seen.trade(event, late),
    quote: (event, late) => event.received_us >= started_us && seen.quote(event, late),
    marker: (event) => event.received_us >= started_us && seen.marker(event),
  };
  const seenAndLate: Selection = {
    ...seen,
    trade: (event) => seen.trade(event, false),
    quote: (event) => seen.quote(event, false),
  };
  return [
    { selection: seen, explain: (row) => receivedLater(span, evidence, row) },
    { selection: seenSinceStart, explain: (row) => cold(row, started_us) },
    { selection: seenAndLate, explain: (row) => lateCounted(span, evidence, row) },
  ];
}

function receivedLater(span: ParitySpan, evidence: Evidence, row: MismatchedRow): Explanation | undefined {
  const unknown = ({ event }: { event: { ts_us: number; received_us: number } }): boolean =>
    event.ts_us < startOf(row.ts_sec) && event.received_us > row.closed_us;
  const from_us = startOf(lookBackStart(span.set.look_back, row.ts_sec));
  const trades = evidence.trades.filter((trade) => !trade.late && unknown(trade));
  const inside = trades.filter(({ event }) => event.ts_us >= from_us).length;
  if (trades.length > 0) {
    const carried = inside < trades.length ? ", or carried into it" : "";
    const detail = `${trades.length} trades in its look-back${carried} were fetched after it was closed; without them SQL's side is the vector`;
    return { cause: "gap", detail };
  }
  const marker = evidence.markers.find(unknown);
  if (!marker) return undefined;
  const detail = `the break "${marker.event.reason}" was marked after it was closed; without the marker SQL's side is the vector`;
  return { cause: "restart", detail };
}

function cold(row: MismatchedRow, started_us: Micros): Explanation | undefined {
  if (row.live_warm || started_us === 0) return undefined;
  const detail =
    "the vector says it is not warm, and is what comes of the rows received since its process began";
  return { cause: "warm_up", detail };
}

function lateCounted(span: ParitySpan, evidence: Evidence, row: MismatchedRow): Explanation | undefined {
  const from_us = startOf(lookBackStart(span.set.look_back, row.ts_sec));
  const read = ({ event, late }: { event: { ts_us: number; received_us: number }; late: boolean }): boolean =>
    late && event.ts_us >= from_us && event.ts_us < startOf(row.ts_sec) && event.received_us <= row.closed_us;
  const count = evidence.trades.filter(read).length + evidence.quotes.filter(read).length;
  if (count === 0) return undefined;
  const detail = `${count} events in its look-back are stored as late, and the vector is what comes of counting them`;
  return { cause: "late_event", detail };
}

async function explainFlag(
  sql: Sql,
  span: ParitySpan,
  evidence: Evidence,
  starts: readonly Micros[],
  row: MismatchedRow,
): Promise<Explanation> {
  if (row.live_warm) {
    return { cause: "unexplained", detail: "the vector says it is warm, SQL says it is not" };
  }
  const from_us = startOf(lookBackStart(span.set.look_back, row.ts_sec));
  const unfilled = evidence.markers.find(
    ({ event, filled_us }) =>
      event.ts_us >= from_us &&
      event.ts_us < startOf(row.ts_sec) &&
      event.received_us <= row.closed_us &&
      (filled_us === null || filled_us > row.closed_us),
  );
  if (unfilled) {
    const detail = `not warm: the trades of "${unfilled.event.reason}" had not been fetched when it was closed`;
    return { cause: "gap", detail };
  }
  const started_us = starts.findLast((start_us) => start_us <= row.closed_us) ?? (0 as Micros);
  if (await beganWithin(sql, span, row.ts_sec, started_us)) {
    const detail = "not warm: its process had given vectors for less than the longest look-back";
    return { cause: "warm_up", detail };
  }
  return { cause: "unexplained", detail: "the vector says it is not warm, SQL says it is" };
}

/** Whether the process that began at `started_us` gave no vector as long before `ts_sec` as the set looks back. */
async function beganWithin(
  sql: Sql,
  { symbol, set }: ParitySpan,
  ts_sec: UnixSec,
  started_us: Micros,
): Promise<boolean> {
  const from_sec = Math.max(0, ts_sec - warmUpMaxSeconds(set.look_back));
  const text = `
    select min(ts) as first
    from features_live
    where symbol = $1
      and feature_set = $2
      and set_hash = $3
      and ts >= $4
      and ts <= $5
      and closed_at >= $6`;
  const [row] = await sql
    .unsafe<{ first: string | null }[]>(text, [
      symbol,
      set.name,
      set.hash,
      textFromMicros(startOf(from_sec)),
      textFromMicros(startOf(ts_sec)),
      textFromMicros(started_us),
    ])
    .catch((error: unknown) => {
      throw storeError(error, "STORE_QUERY");
    });
  return row!.first !== null && microsFromText(row!.first) > startOf(from_sec + set.cadence_s - 1);
}
