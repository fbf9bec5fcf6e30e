/** Rows of `look_backs`: when a live path went over to a look-back, and what that held. */

import type { Sql } from "postgres";
import { type Micros, secondOf, type UnixSec } from "../base/units.ts";
import { asked } from "./sql/asked.ts";
import { exactNumber } from "./sql/columns.ts";
import { microsFromText, textFromMicros } from "./sql/time_text.ts";

export interface TakenLookBack {
  /** Local clock: vectors closed from then on rest on it. */
  readonly taken_us: Micros;
  /** Local clock when fetching it began. */
  readonly asked_us: Micros;
  /** From this second on it had every trade. */
  readonly complete_from_sec: UnixSec;
  /** Of the numbering of its trades. */
  readonly epoch: number;
  /** The oldest trade it had; undefined where it had none. */
  readonly first_trade_id: number | undefined;
  readonly reason: string;
}

/**
 * Those that vectors closed from `from_us` to `to_us` may rest on, by time.
 * @throws ForetickError STORE_QUERY or STORE_UNREACHABLE.
 */
export async function takenLookBacks(
  sql: Sql,
  symbol: string,
  from_us: Micros,
  to_us: Micros,
): Promise<TakenLookBack[]> {
  const text = `
    select taken_at, asked_at, complete_from, epoch, first_trade_id, reason
    from look_backs
    where symbol = $1
      and taken_at <= $3
      and taken_at >= coalesce(
        (select max(taken_at) from look_backs where symbol = $1 and taken_at <= $2),
        $2
      )
    order by taken_at`;
  type Row = Record<"taken_at" | "asked_at" | "complete_from" | "reason", string> & {
    epoch: number;
    first_trade_id: string | null;
  };
  const parameters = [symbol, textFromMicros(from_us), textFromMicros(to_us)];
  const rows = await asked(sql.unsafe<Row[]>(text, parameters));
  return rows.map((row) => ({
    taken_us: microsFromText(row.taken_at),
    asked_us: microsFromText(row.asked_at),
    complete_from_sec: secondOf(microsFromText(row.complete_from)),
    epoch: row.epoch,
    first_trade_id: row.first_trade_id === null ? undefined : exactNumber(row.first_trade_id),
    reason: row.reason,
  }));
}
