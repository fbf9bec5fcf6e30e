/**
 * Bars held against the rows they are made of, by count, before they are left behind: what differs is computed
 * again, also where the server takes it for current, and counted.
 */

import type { Sql } from "postgres";
import type { Logger } from "../../base/log.ts";
import { US_PER_SEC } from "../../base/units.ts";
import { asked } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";
import type { BarKeeper } from "./bar_keeper.ts";
import { BAR_TABLES, type BarTable, type Stretch, selectOf, timeOf } from "./bars.ts";

/** Of a refresher that had stopped, this much is looked at; what is older is left to jobs (µs). */
const CHECKED_US_MAX = 3_600 * US_PER_SEC;

export class BarCheck {
  readonly #keeper: BarKeeper;
  readonly #log: Logger;
  /** Until here the bars of a table were held against its rows (µs). */
  readonly #checked_us = new Map<BarTable, number>();
  #healed = 0;

  constructor(keeper: BarKeeper, log: Logger) {
    this.#keeper = keeper;
    this.#log = log;
  }

  /** Bars computed again. */
  get healed(): number {
    return this.#healed;
  }

  /**
   * Bars before `leftUs` are left behind.
   * @throws what the driver throws; the stretch is looked at again by the next call.
   */
  async leave(sql: Sql, leftUs: (bars: BarTable) => number): Promise<void> {
    for (const bars of BAR_TABLES) {
      const to_us = Math.floor(leftUs(bars) / bars.bucket_us) * bars.bucket_us;
      if (!Number.isFinite(to_us)) continue;
      const from_us = Math.max(this.#checked_us.get(bars) ?? to_us, to_us - CHECKED_US_MAX);
      const span = { bars, symbol: undefined, from_us, to_us };
      const wrong = from_us < to_us ? await wrongBars(sql, span) : [];
      for (const stretch of wrong) await this.#keeper.force(sql, stretch);
      this.#healed += wrong.length;
      if (wrong.length > 0) {
        this.#log.warn({ bars: bars.name, healed: wrong.length }, "bars lacked stored rows: computed again");
      }
      this.#checked_us.set(bars, Math.max(to_us, from_us));
    }
  }
}

/**
 * Buckets whose bar is missing, too many, or counts other rows than are stored; one stretch per bucket and
 * symbol.
 */
async function wrongBars(sql: Sql, { bars, from_us, to_us }: Stretch): Promise<Stretch[]> {
  const [symbol, bucket] = bars.columns;
  const text = `
    with ${bars.source} as (
      select *
      from ${bars.source}
      where ts >= $1
        and ts < $2
    ),
    stored as (
      ${selectOf(bars)}
    ),
    kept as (
      select ${symbol}, ${bucket}, n_rows
      from ${bars.name}
      where ${bucket} >= $1
        and ${bucket} < $2
    )
    select ${symbol} as symbol, us_of(${bucket}) as from_us
    from stored
    full join kept using (${symbol}, ${bucket})
    where stored.n_rows is distinct from kept.n_rows
    order by 1, 2`;
  const limits = [from_us, to_us].map((time_us) => textFromMicros(timeOf(time_us)));
  const rows = await asked(sql.unsafe<{ symbol: string; from_us: string }[]>(text, limits));
  return rows.map((row) => {
    const start_us = Number(row.from_us);
    return { bars, symbol: row.symbol, from_us: start_us, to_us: start_us + bars.bucket_us };
  });
}
