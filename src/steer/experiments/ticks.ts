/** What two models forecast and what came, tick by tick, from the stored rows. */

import type { Sql } from "postgres";
import { type Micros, micros, US_PER_SEC } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import { VENUE } from "../../predict/prediction.ts";
import { asked, askedByPage } from "../../record/sql/asked.ts";
import { exactNumber } from "../../record/sql/columns.ts";
import { textFromMicros } from "../../record/sql/time_text.ts";
import type { TrialTick } from "./trial.ts";

/** Whose forecasts of what. */
export interface Pair {
  readonly symbol: string;
  readonly a: string;
  readonly b: string;
  readonly horizon_s: number;
  readonly label: Label;
  readonly cadence_s: number;
}

const atSec = (sec: number): string => textFromMicros(micros(Math.max(0, sec) * US_PER_SEC) as Micros);

/**
 * Ticks with from_sec < ts ≤ to_sec, oldest first; the move of a tick is there where any model of the same label and horizon
 * has its outcome. Rejects with STORE_UNREACHABLE or STORE_QUERY.
 */
export async function* ticksOf(
  sql: Sql,
  { symbol, a, b, horizon_s, label, cadence_s }: Pair,
  { from_sec, to_sec }: { readonly from_sec: number; readonly to_sec: number },
): AsyncGenerator<TrialTick> {
  // Bounds on both sides, so that only chunks of the span are looked at.
  const text = `
    select
      us_of(p.ts) / 1000000 as ts_sec,
      max(p.yhat_log_return) filter (where p.model_version = $7) as yhat_a,
      max(p.yhat_log_return) filter (where p.model_version = $8) as yhat_b,
      max(o.realized_log_return) as realized_log_return
    from predictions p
    left join outcomes o
      on o.venue = p.venue
      and o.symbol = p.symbol
      and o.ts = p.ts
      and o.model_version = p.model_version
      and o.horizon_s = p.horizon_s
      and o.ts > $3
      and o.ts <= $4
    where p.venue = $1
      and p.symbol = $2
      and p.ts > $3
      and p.ts <= $4
      and p.horizon_s = $5
      and p.label = $6
      and us_of(p.ts) / 1000000 % $9 = 0
      and figure_source(p.source) = 'live'
    group by p.ts
    order by p.ts`;
  const parameters = [VENUE, symbol, atSec(from_sec), atSec(to_sec), String(horizon_s), label];
  const rows = askedByPage<Omit<TrialTick, "ts_sec"> & { readonly ts_sec: string }>(sql, text, [
    ...[...parameters, a, b],
    String(cadence_s),
  ]);
  for await (const row of rows) yield { ...row, ts_sec: exactNumber(row.ts_sec) };
}

/** The newest forecast of a symbol by any model; null where there is none. */
export async function newestForecastSec(sql: Sql, symbol: string): Promise<number | null> {
  const [row] = await asked(sql<{ newest: string | null }[]>`
    select us_of(max(ts)) / 1000000 as newest
    from predictions
    where venue = ${VENUE} and symbol = ${symbol}`);
  return row?.newest === null || row === undefined ? null : exactNumber(row.newest);
}

/** The oldest forecast of either model with from_sec < ts ≤ to_sec that has no outcome yet; null where all have. */
export async function oldestOpenSec(
  sql: Sql,
  { symbol, a, b, horizon_s }: Pair,
  { from_sec, to_sec }: { readonly from_sec: number; readonly to_sec: number },
): Promise<number | null> {
  const [row] = await asked(sql<{ oldest: string | null }[]>`
    select us_of(min(p.ts)) / 1000000 as oldest
    from predictions p
    where p.venue = ${VENUE}
      and p.symbol = ${symbol}
      and p.ts > ${atSec(from_sec)}
      and p.ts <= ${atSec(to_sec)}
      and p.horizon_s = ${horizon_s}
      and p.model_version in (${a}, ${b})
      and not exists (
        select
        from outcomes o
        where o.venue = p.venue
          and o.symbol = p.symbol
          and o.ts = p.ts
          and o.model_version = p.model_version
          and o.horizon_s = p.horizon_s
          and o.ts > ${atSec(from_sec)}
          and o.ts <= ${atSec(to_sec)}
      )`);
  return row?.oldest === null || row === undefined ? null : exactNumber(row.oldest);
}
