/**
 * Cold vectors of a lane that goes on from a look-back which reaches back less far than what is stored now: trades fetched
 * since (a repair, a backfill) are known to it only from the next look-back on. When it went over to which is stored.
 */

import { type Micros, startOf, US_PER_SEC } from "../../../base/units.ts";
import type { TradeEvent } from "../../../binance/events.ts";
import { lookBackStart } from "../../../features/algebra/look_back.ts";
import type { TakenLookBack } from "../../look_back_rows.ts";
import { textFromMicros } from "../../sql/time_text.ts";
import type { Explanation } from "../report.ts";
import type { MismatchedRow, ParitySpan } from "../rows.ts";
import type { Evidence } from "./evidence.ts";
import type { Selection } from "./replay.ts";

/** The look-back that vectors closed at `closed_us` rest on, of the process that began at `started_us`. */
export function lookBackOfLane(
  taken: readonly TakenLookBack[],
  closed_us: Micros,
  started_us: Micros,
): TakenLookBack | undefined {
  return taken.findLast(({ taken_us }) => taken_us <= closed_us && taken_us >= started_us);
}

/**
 * Trades that were fetched, not streamed: those that came after one of a later id, and those that came in one answer. A
 * frame's trades have one time; a page of REST has many.
 */
export function fetchedTrades({ trades }: Evidence): ReadonlySet<TradeEvent> {
  const byId = trades.map(({ event }) => event).sort((a, b) => b.epoch - a.epoch || b.trade_id - a.trade_id);
  const timeOf = new Map<Micros, Micros>();
  const pages = new Set<Micros>();
  for (const { received_us, ts_us } of byId) {
    if ((timeOf.get(received_us) ?? ts_us) !== ts_us) pages.add(received_us);
    timeOf.set(received_us, ts_us);
  }
  const fetched = new Set<TradeEvent>();
  let first_received_us = Number.POSITIVE_INFINITY;
  for (const event of byId) {
    if (event.received_us > first_received_us || pages.has(event.received_us)) fetched.add(event);
    else first_received_us = event.received_us;
  }
  return fetched;
}

/**
 * What a lane knows that has gone over to `look_back`: its trades, and since then what was streamed. The database may have
 * been read at any time from when it was asked for to when it was taken: one selection for either end.
 */
export function knownSince(
  { taken_us, asked_us, complete_from_sec, epoch, first_trade_id }: TakenLookBack,
  fetched: ReadonlySet<TradeEvent>,
  seen: Selection,
): Selection[] {
  const isOf = (event: TradeEvent): boolean =>
    first_trade_id === undefined
      ? event.received_us >= asked_us
      : event.epoch > epoch || (event.epoch === epoch && event.trade_id >= first_trade_id);
  return [taken_us, asked_us].map((until_us) => ({
    ...{ ...seen, as_noticed: true, data_from_sec: complete_from_sec },
    trade: (event, late) =>
      seen.trade(event, late) && isOf(event) && (event.received_us <= until_us || !fetched.has(event)),
  }));
}

/** The row's look-back begins before its lane's does: what is stored of the time before was not known to it. */
export function notTakenOver(
  span: ParitySpan,
  evidence: Evidence,
  row: MismatchedRow,
  look_back: TakenLookBack | undefined,
): Explanation | undefined {
  if (row.live_warm || !look_back) return undefined;
  const { complete_from_sec, taken_us, asked_us } = look_back;
  const from_sec = lookBackStart(span.set.look_back, row.ts_sec);
  if (complete_from_sec <= from_sec) return undefined;
  const fetched = evidence.trades.filter(
    ({ event, late }) =>
      !late &&
      event.ts_us >= startOf(from_sec) &&
      event.ts_us < startOf(complete_from_sec) &&
      event.received_us > asked_us,
  ).length;
  const reach = `its lane went on from the look-back taken over at ${textFromMicros(taken_us)}, which began at ${textFromMicros(startOf(complete_from_sec))}`;
  return fetched > 0
    ? {
        cause: "gap",
        detail: `not warm: ${fetched} trades in its look-back were fetched, and not taken over yet: ${reach}`,
      }
    : { cause: "warm_up", detail: `not warm: ${reach}` };
}

/**
 * The lane's look-back has the end of a break, and reaches back far enough for the row; SQL knows the break as one, and
 * has not been told that all of it is filled.
 */
export function endOfBreakTaken(
  span: ParitySpan,
  { markers }: Evidence,
  row: MismatchedRow,
  look_back: TakenLookBack | undefined,
  concerns: (marker: Evidence["markers"][number]["event"]) => boolean,
): Explanation | undefined {
  if (!row.live_warm || !look_back) return undefined;
  const from_sec = lookBackStart(span.set.look_back, row.ts_sec);
  const from_us = startOf(look_back.complete_from_sec);
  if (from_us > startOf(from_sec)) return undefined;
  const within = markers.filter(
    ({ event }) =>
      concerns(event) &&
      event.ts_us < startOf(row.ts_sec) &&
      (event.until_us ?? event.ts_us) >= startOf(from_sec),
  );
  const taken = within.filter(
    ({ event }) => event.ts_us < from_us && event.received_us <= look_back.taken_us,
  );
  // Its second is not whole in the look-back, which begins with the next.
  const others = within.filter((marker) => !taken.includes(marker) && marker.filled_us === null);
  if (taken.length === 0 || others.some(({ event }) => event.ts_us >= from_us - US_PER_SEC)) return undefined;
  const { reason } = taken[0]!.event;
  const detail = `warm: its look-back lies in what was fetched of the end of "${reason}", which SQL takes for unknown until the rest is fetched as well`;
  return { cause: "gap", detail };
}
