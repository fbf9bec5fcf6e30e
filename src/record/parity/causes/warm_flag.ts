/** Why a vector says that it is warm where SQL says that it is not, or the other way round. */

import type { Sql } from "postgres";
import { type Micros, startOf } from "../../../base/units.ts";
import type { DisconnectEvent } from "../../../binance/events.ts";
import { lookBackStart } from "../../../features/algebra/look_back.ts";
import type { TakenLookBack } from "../../look_back_rows.ts";
import type { Explanation } from "../report.ts";
import type { MismatchedRow, ParitySpan } from "../rows.ts";
import { beganWithin } from "./beginnings.ts";
import { endedLater } from "./data_end.ts";
import type { Evidence } from "./evidence.ts";
import { noticedLater } from "./hypotheses.ts";
import { endOfBreakTaken, lookBackOfLane, notTakenOver } from "./taken_over.ts";

/** What is stored of the lanes that made the rows. */
export interface LaneFacts {
  /** When their processes began, oldest first. */
  readonly starts: readonly Micros[];
  /** The look-backs they went over to, by time. */
  readonly taken: readonly TakenLookBack[];
}

export async function explainFlag(
  sql: Sql,
  span: ParitySpan,
  evidence: Evidence,
  { starts, taken }: LaneFacts,
  row: MismatchedRow,
): Promise<Explanation> {
  const started_us = starts.findLast((start_us) => start_us <= row.closed_us) ?? (0 as Micros);
  const look_back = lookBackOfLane(taken, row.closed_us, started_us);
  if (row.live_warm) {
    const noticed = noticedLater(evidence, row, breaksTrades);
    const known = noticed ?? endOfBreakTaken(span, evidence, row, look_back, breaksTrades);
    const ended = known ?? (await endedLater(sql, span, evidence, row));
    return ended ?? { cause: "unexplained", detail: "the vector says it is warm, SQL says it is not" };
  }
  const from_us = startOf(lookBackStart(span.set.look_back, row.ts_sec));
  const unfilled = evidence.markers.find(
    ({ event, filled_us }) =>
      breaksTrades(event) &&
      (event.until_us ?? event.ts_us) >= from_us &&
      event.ts_us < startOf(row.ts_sec) &&
      event.received_us <= row.closed_us &&
      (filled_us === null || filled_us > row.closed_us),
  );
  if (unfilled) {
    const detail = `not warm: the trades of "${unfilled.event.reason}" had not been fetched when it was closed`;
    return { cause: "gap", detail };
  }
  const fetched = evidence.trades.filter(
    ({ event, late }) =>
      !late &&
      event.ts_us >= from_us &&
      event.ts_us < startOf(row.ts_sec) &&
      event.received_us > row.closed_us,
  ).length;
  if (fetched > 0) {
    const detail = `not warm: ${fetched} trades in its look-back were fetched after it was closed`;
    return { cause: "gap", detail };
  }
  const not_taken =
    notTakenOver(span, evidence, row, look_back) ?? repairedSince(evidence, row, from_us, look_back);
  if (not_taken) return not_taken;
  if (await beganWithin(sql, span, row.ts_sec, started_us)) {
    const detail = "not warm: its process had given vectors for less than the longest look-back";
    return { cause: "warm_up", detail };
  }
  return { cause: "unexplained", detail: "the vector says it is not warm, SQL says it is" };
}

/** A break in its look-back that had left trades out was filled after its lane had last gone over to a look-back. */
function repairedSince(
  { markers, trades }: Evidence,
  row: MismatchedRow,
  from_us: Micros,
  look_back: TakenLookBack | undefined,
): Explanation | undefined {
  if (!look_back) return undefined;
  const { taken_us } = look_back;
  const leftTradesOut = ({ ts_us, until_us = ts_us }: DisconnectEvent): boolean => {
    const inside = trades.filter(({ event }) => event.ts_us > ts_us && event.ts_us < until_us);
    if (inside.length > 0) return inside.some(({ event }) => event.received_us > taken_us);
    const before = trades.findLast(({ event }) => event.ts_us <= ts_us)?.event;
    const after = trades.find(({ event }) => event.ts_us >= until_us && event.ts_us > ts_us)?.event;
    // Ids the exchange has no trade of: known to be none only once it was asked.
    if (before === undefined || after === undefined || before.epoch !== after.epoch) return false;
    return after.trade_id - before.trade_id > 1;
  };
  const marker = markers.find(
    ({ event, filled_us }) =>
      breaksTrades(event) &&
      (event.until_us ?? event.ts_us) >= from_us &&
      event.ts_us < startOf(row.ts_sec) &&
      filled_us !== null &&
      filled_us > taken_us &&
      leftTradesOut(event),
  );
  if (!marker) return undefined;
  const detail = `not warm: the trades of "${marker.event.reason}" had been fetched, and were not taken over yet when it was closed`;
  return { cause: "gap", detail };
}

const breaksTrades = ({ stream = "all" }: DisconnectEvent): boolean => stream === "all" || stream === "trade";
