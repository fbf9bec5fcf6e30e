/**
 * The ways in which rows may have come about: what the live engine is fed for each, and what it would mean if it gave
 * the vector. docs/parity.md says what each cause asserts.
 */

import { type Micros, startOf } from "../../../base/units.ts";
import type { DisconnectEvent } from "../../../binance/events.ts";
import { lookBackStart } from "../../../features/algebra/look_back.ts";
import type { TakenLookBack } from "../../look_back_rows.ts";
import { textFromMicros } from "../../sql/time_text.ts";
import type { Explanation } from "../report.ts";
import type { MismatchedRow, ParitySpan } from "../rows.ts";
import type { Evidence } from "./evidence.ts";
import { ON_TIME, type Selection } from "./replay.ts";
import { fetchedTrades, knownSince, notTakenOver } from "./taken_over.ts";

/** Rows that were made without the same stored events, by time. */
export interface Group {
  readonly rows: readonly MismatchedRow[];
  /** When the last of them was closed: what was received later, none of them knew. */
  readonly closed_us: Micros;
  /** When the process that closed them began; 0 where that is not known. */
  readonly started_us: Micros;
  /** The look-back its lane went on from, where that is stored. */
  readonly look_back: TakenLookBack | undefined;
}

/** A way the rows may have come about: what to feed, and what it would mean for a row if it gave its values. */
interface Hypothesis {
  readonly selection: Selection;
  explain(row: MismatchedRow): Explanation | undefined;
}

export function hypotheses(span: ParitySpan, evidence: Evidence, group: Group): Hypothesis[] {
  const { closed_us, started_us, look_back } = group;
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
  const fetched = fetchedTrades(evidence);
  const taken_over = look_back ? knownSince(look_back, fetched, seen) : [];
  const streamedSinceStart: Selection = {
    ...seenSinceStart,
    trade: (event, late) => !fetched.has(event) && seenSinceStart.trade(event, late),
  };
  // What the live path knew of breaks, it knew from when it noticed them.
  return [
    { selection: { ...ON_TIME, as_noticed: true }, explain: (row) => noticedLater(evidence, row) },
    { selection: { ...seen, as_noticed: true }, explain: (row) => receivedLater(span, evidence, row) },
    { selection: { ...seenSinceStart, as_noticed: true }, explain: (row) => cold(row, started_us) },
    {
      selection: { ...streamedSinceStart, as_noticed: true },
      explain: (row) => notYetTaken(row, look_back),
    },
    ...taken_over.map((selection) => ({
      selection,
      explain: (row: MismatchedRow) => notTakenOver(span, evidence, row, look_back),
    })),
    { selection: { ...seenAndLate, as_noticed: true }, explain: (row) => lateCounted(span, evidence, row) },
  ];
}

/** The vector was emitted before anyone could know that the data had ended. */
export function noticedLater(
  { markers }: Evidence,
  row: MismatchedRow,
  concerns: (event: DisconnectEvent) => boolean = () => true,
): Explanation | undefined {
  const t_us = startOf(row.ts_sec);
  const marker = markers.find(({ event }) => {
    const noticed_us = event.noticed_us ?? event.ts_us;
    return concerns(event) && event.ts_us < t_us && (noticed_us >= t_us || event.received_us > row.closed_us);
  });
  if (!marker) return undefined;
  const ended = textFromMicros(marker.event.ts_us);
  const detail = `the data had ended at ${ended} ("${marker.event.reason}"), which was noticed after the vector was out`;
  return { cause: "break_noticed", detail };
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

/** The lane goes on without its first look-back where that is late; what is fetched meanwhile it does not know. */
function notYetTaken(row: MismatchedRow, look_back: TakenLookBack | undefined): Explanation | undefined {
  if (row.live_warm || look_back) return undefined;
  const detail =
    "the vector says it is not warm, and is what comes of what was streamed: its process had gone over to no look-back yet";
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
