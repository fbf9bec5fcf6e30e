/** What was lived, as drift is measured on it: warm vectors of a set with one model's forecasts and what came of them. */

import type { Sql } from "postgres";
import type { ModelVersion, SetHash } from "../../base/units.ts";
import { VENUE } from "../../predict/prediction.ts";
import { timeOf } from "../bars/bars.ts";
import { asked } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";

export interface LivedWanted {
  readonly symbol: string;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly model_version: ModelVersion;
  readonly horizon_s: number;
}

export interface LivedRow {
  readonly ts_sec: number;
  /** Features in the set's order, then forecast and label; NaN where not known. */
  readonly values: Float64Array;
}

interface Row {
  readonly ts_sec: string;
  readonly values: string;
  readonly yhat: number | null;
  readonly realized: number | null;
}

/**
 * Those with from_us ≤ ts < to_us, oldest first: at most some hours, for they are all held.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function livedRows(
  sql: Sql,
  { symbol, feature_set, set_hash, model_version, horizon_s }: LivedWanted,
  from_us: number,
  to_us: number,
): Promise<LivedRow[]> {
  const [from, to] = [from_us, to_us].map((time_us) => textFromMicros(timeOf(time_us)));
  const rows = await asked(sql<Row[]>`
    select us_of(f.ts) / 1000000 as ts_sec, f.values::text as values, p.yhat_log_return as yhat, o.realized_log_return as realized
    from features_live f
    left join predictions p
      on p.venue = ${VENUE}
      and p.symbol = f.symbol
      and p.ts = f.ts
      and p.ts >= ${from!}
      and p.ts < ${to!}
      and p.model_version = ${model_version}
      and p.horizon_s = ${horizon_s}
      and figure_source(p.source) = 'live'
    left join outcomes o
      on o.venue = p.venue
      and o.symbol = p.symbol
      and o.ts = p.ts
      and o.ts >= ${from!}
      and o.ts < ${to!}
      and o.model_version = p.model_version
      and o.horizon_s = p.horizon_s
    where f.symbol = ${symbol}
      and f.feature_set = ${feature_set}
      and f.set_hash = ${set_hash}
      and f.ts >= ${from!}
      and f.ts < ${to!}
      and f.warm
    order by f.ts`);
  return rows.map(({ ts_sec, values, yhat, realized }) => {
    const cells = values.slice(1, -1).split(",");
    const numbers = new Float64Array(cells.length + 2);
    for (const [at, cell] of cells.entries()) numbers[at] = cell === "NULL" ? Number.NaN : Number(cell);
    numbers[cells.length] = yhat ?? Number.NaN;
    numbers[cells.length + 1] = realized ?? Number.NaN;
    return { ts_sec: Number(ts_sec), values: numbers };
  });
}

/**
 * The newest vector of a set (µs); undefined without any.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function newestVector(
  sql: Sql,
  { symbol, feature_set, set_hash }: Pick<LivedWanted, "symbol" | "feature_set" | "set_hash">,
): Promise<number | undefined> {
  const [row] = await asked(sql<{ newest_us: string }[]>`
    select us_of(ts) as newest_us
    from features_live
    where symbol = ${symbol} and feature_set = ${feature_set} and set_hash = ${set_hash}
    order by ts desc
    limit 1`);
  return row && Number(row.newest_us);
}
