/** Whether each trade the exchange made is stored, once. */

import postgres from "postgres";
import { fail } from "../../src/base/errors.ts";
import type { RunningExchange } from "../peers/processes.ts";

/** How long the record may take to reach the exchange's newest trade (ms). */
const PATIENCE_MS = 30_000;

export interface StoredTrades {
  readonly stored: number;
  /** Ids between the first and the last that are not there. */
  readonly lost: number;
  readonly doubled: number;
}

/** Counted up to the exchange's newest trade of now, once the record has reached it. */
export async function storedTrades(url: string, { rest_origin }: RunningExchange): Promise<StoredTrades> {
  const newest = (await (await fetch(`${rest_origin}/api/v3/trades?symbol=BTCUSDT&limit=1`)).json()) as {
    readonly id: number;
  }[];
  const newest_id = newest[0]?.id ?? fail("INVARIANT", "the exchange expected to have a trade");
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const deadline_ms = performance.now() + PATIENCE_MS;
    for (;;) {
      const [row] = await sql<{ first: string; last: string; rows: string; ids: string }[]>`
        select min(trade_id) as first, max(trade_id) as last, count(*) as rows, count(distinct trade_id) as ids
        from trades
        where set_aside is null and trade_id <= ${newest_id}`;
      const { first, last, rows, ids } = row!;
      if (Number(last) >= newest_id)
        return {
          stored: Number(rows),
          lost: newest_id - Number(first) + 1 - Number(ids),
          doubled: Number(rows) - Number(ids),
        };
      if (performance.now() > deadline_ms)
        fail("INVARIANT", `trade ${newest_id} expected to be stored, the newest stored is ${last}`);
      await Bun.sleep(500);
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}
