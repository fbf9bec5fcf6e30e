/**
 * Warm vectors of just before a break whose trades are missing. SQL takes a hole in the ids to begin at the trade before
 * it; the live path knew that the stream went on, without a trade, until the break.
 */

import type { Sql } from "postgres";
import { startOf } from "../../../base/units.ts";
import { lookBackStart } from "../../../features/algebra/look_back.ts";
import { asked } from "../../sql/asked.ts";
import { exactNumber } from "../../sql/columns.ts";
import { textFromMicros } from "../../sql/time_text.ts";
import type { Explanation } from "../report.ts";
import type { MismatchedRow, ParitySpan } from "../rows.ts";
import type { Evidence } from "./evidence.ts";

/** Undefined unless the only hole in the ids of its look-back is the one a break after its instant left. */
export async function endedLater(
  sql: Sql,
  { symbol, set }: ParitySpan,
  evidence: Evidence,
  row: MismatchedRow,
): Promise<Explanation | undefined> {
  if (!row.live_warm || !isUnbroken(evidence, startOf(lookBackStart(set.look_back, row.ts_sec)), row))
    return undefined;
  const text = `
    select d.ts, d.reason, after.trade_id - before.trade_id - 1 as missing
    from (
      select ts, epoch, trade_id
      from trades
      where symbol = $1 and set_aside is null and ts < $2
      order by ts desc, trade_id desc
      limit 1
    ) as before
    cross join lateral (
      select ts, epoch, trade_id
      from trades
      where symbol = $1 and set_aside is null and ts >= $2
      order by ts, trade_id
      limit 1
    ) as after
    cross join lateral (
      select ts, reason
      from disconnects
      where symbol = $1 and stream in ('all', 'trade') and ts >= $2 and ts <= after.ts
      order by ts
      limit 1
    ) as d
    where before.epoch = after.epoch
      and after.trade_id > before.trade_id + 1`;
  const [found] = await asked(
    sql.unsafe<{ ts: string; reason: string; missing: string }[]>(text, [
      symbol,
      textFromMicros(startOf(row.ts_sec)),
    ]),
  );
  if (!found) return undefined;
  const { ts, reason, missing } = found;
  const detail = `warm: the data went on until ${ts} ("${reason}"), past its instant; the ${exactNumber(missing)} trades missing since may be of before that for all SQL knows`;
  return { cause: "gap", detail };
}

/** No id is missing from the trade before `from_us` to the last one before the row's instant. */
function isUnbroken({ trades }: Evidence, from_us: number, { ts_sec }: MismatchedRow): boolean {
  const within = trades.filter(({ event }) => event.ts_us < startOf(ts_sec));
  const first = within.findLastIndex(({ event }) => event.ts_us < from_us);
  const ids = within
    .slice(Math.max(0, first))
    .map(({ event }) => event.trade_id)
    .sort((a, b) => a - b);
  return ids.length > 0 && ids.at(-1)! - ids[0]! === ids.length - 1;
}
