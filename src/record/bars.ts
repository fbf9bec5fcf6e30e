/**
 * The bars the database keeps: what each is called, what it is made of, and how a stretch of it is computed
 * where there are no continuous aggregates. The SELECT is the file in `sql/bars/`, the very text that defines
 * the continuous aggregate; here it reads, under the same name, only the rows of one symbol and stretch.
 */

import { readFileSync } from "node:fs";
import { type Micros, US_PER_SEC } from "../base/units.ts";

export interface BarTable {
  readonly name: "bars_1s" | "quotes_1s" | "trade_sizes_5m";
  readonly source: "trades" | "quotes";
  readonly bucket_us: number;
  /** In order. The first two are the key: symbol, and the bucket by its start. */
  readonly columns: readonly string[];
}

/** Held while bars are refreshed, and while it is written down what will be deleted. An arbitrary constant. */
export const REFRESH_LOCK_KEY = 7_161_024;

const SECOND_US = US_PER_SEC;
const BLOCK_US = 300 * US_PER_SEC;

export const BAR_TABLES: readonly BarTable[] = [
  {
    name: "bars_1s",
    source: "trades",
    bucket_us: SECOND_US,
    columns: [
      "symbol",
      "sec",
      "n",
      "n_buy",
      "n_single",
      "open_e8",
      "high_e8",
      "low_e8",
      "close_e8",
      "first_trade_id",
      "last_trade_id",
      "last_trade_ts_us",
      "buy_qty_e8",
      "sell_qty_e8",
      "notional_e16",
      "qty_max_e8",
      "received_at",
    ],
  },
  {
    name: "quotes_1s",
    source: "quotes",
    bucket_us: SECOND_US,
    columns: [
      "symbol",
      "sec",
      "n_quotes",
      "update_id",
      "ts_us",
      "bid_price_e8",
      "bid_qty_e8",
      "ask_price_e8",
      "ask_qty_e8",
      "received_at",
    ],
  },
  {
    name: "trade_sizes_5m",
    source: "trades",
    bucket_us: BLOCK_US,
    columns: ["symbol", "block", "n", "qty_p95_e8"],
  },
];

/** Half-open. */
export interface Span {
  readonly from_us: number;
  readonly to_us: number;
}

/** Part of a bar table that is, or may be, behind its raw rows. Whole buckets. */
export interface Stretch extends Span {
  readonly bars: BarTable;
  /** undefined: all symbols at once. */
  readonly symbol: string | undefined;
}

/** The SELECT that defines `bars`, as it stands in its file. */
export function selectOf(bars: BarTable): string {
  return readFileSync(new URL(`../../sql/bars/${bars.name}.sql`, import.meta.url), "utf8").trimEnd();
}

/** Takes symbol, from and to, the latter two whole buckets. */
export function upsertOf(bars: BarTable): string {
  const [symbol, bucket, ...values] = bars.columns;
  return `with ${bars.source} as (
  select *
  from ${bars.source}
  where symbol = $1
    and ts >= $2
    and ts < $3
)
insert into ${bars.name} (${bars.columns.join(", ")})
${selectOf(bars)}
on conflict (${symbol}, ${bucket}) do update
set ${values.map((column) => `${column} = excluded.${column}`).join(", ")}`;
}

/** The buckets that lie in `span` as a whole; where `open`, also the last one, if the span ends inside it. */
export function wholeBuckets({ from_us, to_us }: Span, bucket_us: number, open: boolean): Span {
  const round = open ? Math.ceil : Math.floor;
  return {
    from_us: Math.floor(from_us / bucket_us) * bucket_us,
    to_us: round(to_us / bucket_us) * bucket_us,
  };
}

/** `span` without `holes`, ascending. */
export function without(span: Span, holes: readonly Span[]): Span[] {
  let rest = [span];
  for (const hole of holes) {
    rest = rest.flatMap(({ from_us, to_us }) => [
      { from_us, to_us: Math.min(to_us, hole.from_us) },
      { from_us: Math.max(from_us, hole.to_us), to_us },
    ]);
    rest = rest.filter(({ from_us, to_us }) => from_us < to_us);
  }
  return rest;
}

/** `span` cut at multiples of `step_us`, newest part first. */
export function* cut({ from_us, to_us }: Span, step_us: number): Iterable<Span> {
  for (let end = to_us; end > from_us; ) {
    const start = Math.max(from_us, (Math.ceil(end / step_us) - 1) * step_us);
    yield { from_us: start, to_us: end };
    end = start;
  }
}

/** Spans that are at most `gap_us` apart become one. Ascending in, ascending out. */
export function joined(spans: readonly Span[], gap_us: number): Span[] {
  const result: { from_us: number; to_us: number }[] = [];
  for (const { from_us, to_us } of spans) {
    const last = result.at(-1);
    if (last && from_us - last.to_us <= gap_us) last.to_us = Math.max(last.to_us, to_us);
    else result.push({ from_us, to_us });
  }
  return result;
}

/** A span's end as a time. Spans are made of stored times and whole buckets, which are times themselves. */
export const timeOf = (time_us: number): Micros => Math.max(0, time_us) as Micros;
