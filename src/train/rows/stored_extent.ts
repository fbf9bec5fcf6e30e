/** From when to when the database has anything of a symbol. */

import { fail } from "../../base/errors.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { Database } from "../../record/database.ts";
import { asked } from "../../record/sql/asked.ts";

/** @throws ForetickError TRAIN_DATA where it has nothing; STORE_UNREACHABLE, STORE_QUERY. */
export async function storedExtent(
  { sql }: Pick<Database, "sql">,
  symbol: string,
): Promise<{ readonly from_us: number; readonly to_us: number }> {
  const [row] = await asked(sql<{ first: string | null; last: string | null }[]>`
    select
      first_row_sec(${symbol}, trades, quotes) as first,
      last_row_sec(${symbol}, trades, quotes) as last
    from
      bar_places_of('trade_bars_1s', 'trades', ${symbol}) as trades,
      bar_places_of('quote_bars_1s', 'quotes', ${symbol}) as quotes`);
  if (row?.first == null || row.last == null) {
    return fail(
      "TRAIN_DATA",
      `trades of ${symbol} expected in the database, there are none: bun run backfill --symbol ${symbol} --days 30 loads the last month's`,
    );
  }
  // A second's events are known as of its end.
  return { from_us: Number(row.first) * US_PER_SEC, to_us: (Number(row.last) + 2) * US_PER_SEC };
}
