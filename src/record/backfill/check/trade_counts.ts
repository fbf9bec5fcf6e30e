/**
 * How many trades a stretch has, and of how many the own size is known. The two differ where history came as
 * aggregates: everything there is exact but what features of the sizes of single trades say.
 */

import type { Database } from "../../database.ts";
import { asked } from "../../sql/asked.ts";
import { exactNumber } from "../../sql/columns.ts";
import type { Stretch } from "../known_history.ts";

export interface TradeCounts {
  readonly n: number;
  /** Trades that are rows of their own. */
  readonly n_single: number;
  /** Seconds with a trade. */
  readonly bars: number;
}

/**
 * By the bars, which outlive the trades they were made of.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function tradeCounts(
  { sql }: Pick<Database, "sql">,
  { symbol, from_us, to_us }: Stretch,
): Promise<TradeCounts> {
  const [row] = await asked(
    sql<Record<keyof TradeCounts, string>[]>`
      select coalesce(sum(n), 0) as n, coalesce(sum(n_single), 0) as n_single, count(*) as bars
      from bars_1s
      where symbol = ${symbol} and sec >= at_us(${from_us}) and sec < at_us(${to_us})`,
  );
  const { n, n_single, bars } = row!;
  return { n: exactNumber(n), n_single: exactNumber(n_single), bars: exactNumber(bars) };
}
