/** Breaks around which no id is missing any more are filled: vectors across them are warm again. */

import type { Sql } from "postgres";
import { asked } from "../sql/asked.ts";
import type { MissingIds, Stretch } from "./known_history.ts";

/**
 * Marks the breaks of a stretch that has a trade on either side of them, and no missing ids between.
 *
 * @param missing all ids of the stretch that are.
 * @returns how many breaks were marked.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function markFilled(
  sql: Sql,
  { symbol, from_us, to_us }: Stretch,
  missing: readonly MissingIds[],
  now_us: number,
): Promise<number> {
  const before = missing.map(({ before_us }) => before_us ?? 0);
  const after = missing.map(({ after_us }) => after_us ?? Number.MAX_SAFE_INTEGER);
  const marked = await asked(
    sql`
      update disconnects d
      set filled_at = at_us(${now_us})
      where d.symbol = ${symbol}
        and d.filled_at is null
        and d.fillable
        and d.ts >= at_us(${from_us})
        and d.ts < at_us(${to_us})
        and (
          exists (select from trades t where t.symbol = d.symbol and t.set_aside is null and t.ts > d.ts and t.ts < at_us(${to_us}))
          or exists (select from trade_bars_1s_kept k where k.symbol = d.symbol and k.n > 0 and k.sec > d.ts and k.sec < at_us(${to_us}))
        )
        and (
          exists (select from trades t where t.symbol = d.symbol and t.set_aside is null and t.ts <= d.ts and t.ts >= at_us(${from_us}))
          or exists (select from trade_bars_1s_kept k where k.symbol = d.symbol and k.n > 0 and k.sec <= d.ts and k.sec >= at_us(${from_us}))
        )
        and not exists (
          select
          from unnest(${`{${before.join(",")}}`}::bigint[], ${`{${after.join(",")}}`}::bigint[])
            as missing(before_us, after_us)
          where us_of(d.ts) < missing.after_us
            and (us_of(d.ts) >= missing.before_us or us_of(d.until) > missing.before_us)
        )`,
  );
  return marked.count;
}
