/** Bars and the sums of quality brought up to date over all there is: at once, so that a restored service answers from the start. */

import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_SEC } from "../../base/units.ts";
import { keeperFor } from "../bars/keepers.ts";
import { Refresher } from "../bars/refresher.ts";
import type { Database } from "../database.ts";
import { QUALITY_1M } from "../quality/quality_table.ts";

export async function refreshAll(
  database: Database,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<void> {
  const [extent] = await database.sql<{ from_us: string | null; to_us: string | null }[]>`
    select us_of(min(ts)) as from_us, us_of(max(ts)) as to_us
    from (
      select min(ts) as ts from trades union all select max(ts) from trades
      union all select min(ts) from quotes union all select max(ts) from quotes
      union all select min(ts) from outcomes union all select max(ts) from outcomes
    ) as ends`;
  if (extent!.from_us === null) return;
  const span = { from_us: Number(extent!.from_us), to_us: Number(extent!.to_us) + US_PER_SEC };
  const bars = new Refresher({ database, clock, log });
  try {
    await bars.through(span);
    const quality = keeperFor(database, [QUALITY_1M]);
    await bars.exclusively(async (sql) => {
      for (const stretch of await quality.stale(sql, span, true)) await quality.refresh(sql, stretch);
    });
  } finally {
    await bars.close();
  }
}
