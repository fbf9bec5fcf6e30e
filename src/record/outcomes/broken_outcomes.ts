/**
 * Outcomes that were joined across a break in what their label is of, before it was noticed, or before it was dated
 * where the data ended. They become unknown.
 */

import type { Sql } from "postgres";
import { modelVersion, unixSec } from "../../base/units.ts";
import { LABELS, type Label } from "../../features/label.ts";
import type { Role } from "../../model/role.ts";
import { type Outcome, VENUE } from "../../predict/prediction.ts";
import { NO_PRICES, outcomeOf } from "../../predict/realized.ts";
import type { ForecastSource } from "../../predict/source.ts";
import { asked } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";
import type { OutcomeSpan } from "./open_predictions.ts";

/** Whose breaks count for a label: those of the trades until what was missing has been fetched. */
const SOURCES = {
  mid: { table: "quotes", breaks: "stream in ('all', 'quote')" },
  last: { table: "trades", breaks: "stream in ('all', 'trade') and filled_at is null" },
} as const satisfies Record<Label, { readonly table: string; readonly breaks: string }>;

/**
 * A break ends with the next quote, or trade: a prediction up to there was made from values that were no
 * longer current. Where retention has deleted rows after a break, the store no longer knows its end; it was
 * looked at when it was new.
 */
const brokenOf = (label: Label): string => `
  with reach as (
    select
      make_interval(secs => max(horizon_s)) as longest,
      (
        select max(ts)
        from disconnects
        where symbol = $2
          and ts < $3
          and ${SOURCES[label].breaks}
      ) as break_before
    from outcomes
    where venue = $1
      and symbol = $2
      and ts >= $3
      and ts < $4
  )
  select distinct us_of(o.ts) / 1000000 as ts_sec, o.model_version, p.role,
    coalesce(p.served, p.role = 'champion') as served, o.horizon_s,
    p.yhat_log_return, p.lower_log_return, p.upper_log_return, p.source
  from reach r
  join disconnects d
    on d.symbol = $2
    and d.ts >= coalesce(r.break_before, $3)
    and d.ts < $4::timestamptz + r.longest
    and d.${SOURCES[label].breaks.replace("filled_at", "d.filled_at")}
  left join lateral (
    select q.ts
    from ${SOURCES[label].table} q
    where q.symbol = d.symbol
      and q.ts > d.ts
      and not q.late
      and q.set_aside is null
    order by q.ts
    limit 1
  ) n on true
  join outcomes o
    on o.venue = $1
    and o.symbol = d.symbol
    and o.ts >= $3
    and o.ts < $4
    and o.ts > d.ts - r.longest
    and o.ts <= coalesce(n.ts, 'infinity')
    and o.ts + make_interval(secs => o.horizon_s) > d.ts
    and o.realized_log_return is not null
    and not exists (
      select
      from raw_drops
      where to_ts > d.ts
        and from_ts < coalesce(n.ts, 'infinity')
    )
  join predictions p
    on p.venue = o.venue
    and p.symbol = o.symbol
    and p.ts = o.ts
    and p.model_version = o.model_version
    and p.horizon_s = o.horizon_s
    and p.label = '${label}'
  order by 1, 2, 5`;

interface BrokenRow {
  readonly ts_sec: string;
  readonly model_version: string;
  readonly role: Role;
  readonly served: boolean;
  readonly horizon_s: number;
  readonly yhat_log_return: number;
  readonly lower_log_return: number | null;
  readonly upper_log_return: number | null;
  readonly source: ForecastSource;
}

/**
 * The outcomes of the span that are to be taken back, as unknown.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function brokenOutcomes(sql: Sql, { symbol, from_us, to_us }: OutcomeSpan): Promise<Outcome[]> {
  const parameters = [VENUE, symbol, textFromMicros(from_us), textFromMicros(to_us)];
  const found: Outcome[] = [];
  for (const label of LABELS) {
    const rows = await asked(sql.unsafe<BrokenRow[]>(brokenOf(label), parameters));
    for (const row of rows) {
      const prediction = {
        ...row,
        ...{ venue: VENUE, symbol, label, mid_sum_e8: null, close_e8: null },
        ts_sec: unixSec(Number(row.ts_sec)),
        model_version: modelVersion(row.model_version),
      };
      found.push(outcomeOf(prediction, NO_PRICES));
    }
  }
  return found;
}
