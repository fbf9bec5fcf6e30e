/** Days of a symbol into the lake, table by table, the oldest first. What is there is passed over: it may be stopped anywhere. */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import { asked } from "../sql/asked.ts";
import { type ArchivedDay, type ArchiveTools, archiveDay } from "./archive_day.ts";
import { daysOf } from "./lake_day.ts";
import type { LakeTable } from "./tables.ts";

export interface ArchiveRange {
  readonly symbol: string;
  readonly from_us: number;
  readonly to_us: number;
}

/** One result for each table and day. @throws what `archiveDay` throws. */
export async function* archive(
  { symbol, from_us, to_us }: ArchiveRange,
  tables: readonly LakeTable[],
  tools: ArchiveTools,
): AsyncGenerator<ArchivedDay> {
  for (const day of daysOf(symbol, from_us, to_us)) {
    // Vectors look back, labels ahead; and the day is whole where it joins the hours around it.
    await tools.bars.through({
      from_us: day.from_us - LIMITS.look_back_s_max * US_PER_SEC,
      to_us: day.to_us + 3_600 * US_PER_SEC,
    });
    for (const table of tables) {
      tools.signal?.throwIfAborted();
      yield await archiveDay(table, day, tools);
    }
  }
}

/** From the first stored trade, bar or prediction to the last; undefined where nothing is. */
export async function storedRange(
  { sql }: Pick<ArchiveTools, "sql">,
  symbol: string,
): Promise<ArchiveRange | undefined> {
  const [row] = await asked(
    sql<{ first_us: string | null; last_us: string | null }[]>`
      select us_of(min(first)) as first_us, us_of(max(last)) as last_us
      from (
        select min(sec) as first, max(sec) as last from bars_1s where symbol = ${symbol}
        union all
        select min(ts), max(ts) from trades where symbol = ${symbol}
        union all
        select min(ts), max(ts) from predictions where symbol = ${symbol}
      ) as stored`,
  );
  if (row?.first_us == null || row.last_us == null) return undefined;
  return { symbol, from_us: Number(row.first_us), to_us: Number(row.last_us) + 1 };
}
