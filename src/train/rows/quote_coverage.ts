/** How far a range of the database's history is covered by quotes: what the choice of set and label goes by. */

import type { Refresher } from "../../record/bars/refresher.ts";
import type { Database } from "../../record/database.ts";
import { asked } from "../../record/sql/asked.ts";
import type { QuoteCoverage } from "./choice.ts";

/**
 * Counted in minutes, each looked up in the bars' index: a year takes as long as a few days' bars.
 *
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function quoteCoverage(
  { sql }: Pick<Database, "sql">,
  bars: Pick<Refresher, "through">,
  { symbol, from_us, to_us }: { readonly symbol: string; readonly from_us: number; readonly to_us: number },
): Promise<QuoteCoverage> {
  await bars.through({ from_us, to_us });
  const has = (table: string) => sql`
    exists (
      select from ${sql(table)}
      where symbol = ${symbol}
        and sec >= minute
        and sec < least(minute + interval '1 minute', at_us(${to_us}))
    )`;
  // Both are asked for in what is selected, where each stays a look into the index: as a condition the planner joins the
  // minutes with all bars there are, and a month takes longer than anyone waits.
  const [found] = await asked(sql<{ traded: string; quoted: string }[]>`
    select count(*) filter (where is_traded) as traded, count(*) filter (where is_traded and is_quoted) as quoted
    from (
      select ${has("bars_1s")} as is_traded, ${has("quotes_1s")} as is_quoted
      from (
        select min(sec) as first, max(sec) as last
        from bars_1s
        where symbol = ${symbol}
          and sec >= at_us(${from_us})
          and sec < at_us(${to_us})
      ) as stored,
        generate_series(first, last, interval '1 minute') as minutes(minute)
    ) as looked_at`);
  return { traded: Number(found!.traded), quoted: Number(found!.quoted), unit: "minutes" };
}
