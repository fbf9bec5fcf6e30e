/**
 * The bars the database keeps: what each is called, what it is made of, and how a stretch of it is computed
 * where there are no continuous aggregates. The SELECT is the file in `sql/bars/`, the very text that defines
 * the continuous aggregate; here it reads, under the same name, only the rows of one symbol and stretch.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Micros, US_PER_SEC } from "../../base/units.ts";

/** A relation that is computed from rows, bucket by bucket: bars, and the sums of quality. */
export interface SumTable {
  readonly name: string;
  /** Of its SELECT in `sql/bars/`. Default: the name. */
  readonly file?: string;
  readonly source: string;
  readonly bucket_us: number;
  /** In order. The first are the key: symbol, the bucket by its start, and what else there is. */
  readonly columns: readonly string[];
  /** How many columns are the key. Default 2. */
  readonly key_columns?: number;
}

export interface BarTable extends SumTable {
  /** Computed from the raw rows there are. `<name>_kept` has the same columns: bars whose raw rows are gone. */
  readonly name: "trade_bars_1s" | "quote_bars_1s" | "trade_blocks_5m";
  readonly source: "trades" | "quotes";
}

/** Held while bars are refreshed, and while it is written down what will be deleted. An arbitrary constant. */
export const REFRESH_LOCK_KEY = 7_161_024;

const SECOND_US = US_PER_SEC;
const BLOCK_US = 300 * US_PER_SEC;

export const BAR_TABLES: readonly BarTable[] = [
  {
    name: "trade_bars_1s",
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
      "epoch",
      "n_rows",
      "n_ids",
      "first_epoch",
      "first_id",
      "last_epoch",
      "last_id",
    ],
  },
  {
    name: "quote_bars_1s",
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
      "epoch",
      "n_rows",
    ],
  },
  {
    name: "trade_blocks_5m",
    source: "trades",
    bucket_us: BLOCK_US,
    columns: ["symbol", "block", "n", "qty_p95_e8", "n_rows"],
  },
];

/** Half-open. */
export interface Span {
  readonly from_us: number;
  readonly to_us: number;
}

/** Part of a bar table that is, or may be, behind its raw rows. Whole buckets. */
export interface Stretch<Table extends SumTable = BarTable> extends Span {
  readonly bars: Table;
  /** undefined: all symbols at once. */
  readonly symbol: string | undefined;
}

/** The SELECT that defines `bars`, as it is in its file. */
export function selectOf(bars: SumTable): string {
  return readFileSync(
    fileURLToPath(new URL(`../../../sql/bars/${bars.file ?? bars.name}.sql`, import.meta.url)),
    "utf8",
  ).trimEnd();
}

/** Takes symbol, from and to, the latter two whole buckets. */
export function upsertOf(bars: SumTable): string {
  const { key_columns = 2 } = bars;
  const [key, values] = [bars.columns.slice(0, key_columns), bars.columns.slice(key_columns)];
  return `with ${bars.source} as (
  select *
  from ${bars.source}
  where symbol = $1
    and ts >= $2
    and ts < $3
)
insert into ${bars.name} (${bars.columns.join(", ")})
${selectOf(bars)}
on conflict (${key.join(", ")}) do update
set ${values.map((column) => `${column} = excluded.${column}`).join(", ")}`;
}

/** The buckets that are in `span` as a whole; where `open`, also the last one, if the span ends inside it. */
export function wholeBuckets({ from_us, to_us }: Span, bucket_us: number, open: boolean): Span {
  const round = open ? Math.ceil : Math.floor;
  return {
    from_us: Math.floor(from_us / bucket_us) * bucket_us,
    to_us: round(to_us / bucket_us) * bucket_us,
  };
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
