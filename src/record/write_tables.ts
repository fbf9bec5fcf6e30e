/**
 * The tables that are written, column by column, and the one statement that writes each: an INSERT of
 * whole columns (`unnest`), which does nothing for a row whose key is there already.
 */

import { float8Literal, plainLiteral, textsLiteral } from "./array_literal.ts";

/** How a column's cells travel: `us` is integer microseconds, `floats` a literal of a float8 array. */
export type ColumnKind = "text" | "us" | "int8" | "int4" | "bool" | "float8" | "floats";

export interface WriteTable {
  readonly name: TableName;
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind }[];
  /** Takes one array literal a column, in order. */
  readonly insert: string;
}

/** In the order they are written when all have rows waiting. */
export const TABLE_NAMES = [
  "trades",
  "quotes",
  "disconnects",
  "book_1s",
  "features_live",
  "predictions",
  "outcomes",
] as const;
export type TableName = (typeof TABLE_NAMES)[number];

const PARAMETER = {
  text: "text[]",
  us: "int8[]",
  int8: "int8[]",
  int4: "int4[]",
  bool: "bool[]",
  float8: "float8[]",
  floats: "text[]",
} as const satisfies Record<ColumnKind, string>;

/** Turns cells of a column into its parameter. */
export const LITERAL = {
  text: textsLiteral,
  us: plainLiteral,
  int8: plainLiteral,
  int4: plainLiteral,
  bool: plainLiteral,
  float8: float8Literal,
  floats: textsLiteral,
} as const satisfies Record<ColumnKind, typeof plainLiteral>;

/** int8 × interval is exact here: the product is computed in float64, and all our times are below 2^53 µs. */
const SELECTED: Partial<Record<ColumnKind, (name: string) => string>> = {
  us: (name) => `timestamptz 'epoch' + row.${name} * interval '1 microsecond'`,
  floats: (name) => `row.${name}::float8[]`,
};

function table(name: TableName, columns: Readonly<Record<string, ColumnKind>>): WriteTable {
  const names = Object.keys(columns);
  const kinds = Object.values(columns);
  const selected = names.map((column, i) => SELECTED[kinds[i]!]?.(column) ?? `row.${column}`);
  const parameters = kinds.map((kind, i) => `$${i + 1}::${PARAMETER[kind]}`);
  return {
    name,
    columns: names.map((column, i) => ({ name: column, kind: kinds[i]! })),
    insert: `insert into ${name} (${names.join(", ")})
select ${selected.join(", ")}
from unnest(${parameters.join(", ")}) as row(${names.join(", ")})
on conflict do nothing`,
  };
}

/** A marker is written again when its gap has been filled: then, and only then, the row changes. */
function disconnects(): WriteTable {
  const base = table("disconnects", {
    symbol: "text",
    ts: "us",
    reason: "text",
    received_at: "us",
    filled_at: "us",
  });
  const insert = `insert into disconnects (symbol, ts, reason, received_at, filled_at)
select
  row.symbol,
  timestamptz 'epoch' + row.ts * interval '1 microsecond',
  min(row.reason),
  timestamptz 'epoch' + row.received_at * interval '1 microsecond',
  timestamptz 'epoch' + min(row.filled_at) * interval '1 microsecond'
from unnest($1::text[], $2::int8[], $3::text[], $4::int8[], $5::int8[])
  as row(symbol, ts, reason, received_at, filled_at)
group by row.symbol, row.ts, row.received_at
on conflict (symbol, ts, received_at) do update
set filled_at = excluded.filled_at
where disconnects.filled_at is null
  and excluded.filled_at is not null`;
  return { ...base, insert };
}

export const WRITE_TABLES: Readonly<Record<TableName, WriteTable>> = {
  trades: table("trades", {
    symbol: "text",
    ts: "us",
    trade_id: "int8",
    price_e8: "int8",
    qty_e8: "int8",
    is_buyer_maker: "bool",
    late: "bool",
    received_at: "us",
  }),
  quotes: table("quotes", {
    symbol: "text",
    ts: "us",
    update_id: "int8",
    bid_price_e8: "int8",
    bid_qty_e8: "int8",
    ask_price_e8: "int8",
    ask_qty_e8: "int8",
    late: "bool",
    received_at: "us",
  }),
  disconnects: disconnects(),
  book_1s: table("book_1s", {
    symbol: "text",
    sec: "us",
    bid_qty_top5_e8: "int8",
    ask_qty_top5_e8: "int8",
    bid_qty_top20_e8: "int8",
    ask_qty_top20_e8: "int8",
    received_at: "us",
  }),
  features_live: table("features_live", {
    symbol: "text",
    ts: "us",
    feature_set: "text",
    set_hash: "text",
    warm: "bool",
    values: "floats",
    closed_at: "us",
  }),
  predictions: table("predictions", {
    symbol: "text",
    ts: "us",
    model_version: "text",
    horizon_s: "int4",
    yhat_log_return_10s: "float8",
    current_price: "float8",
    predicted_price: "float8",
    feature_set: "text",
    set_hash: "text",
    source: "text",
    features_age_ms: "float8",
    latency_ms: "float8",
    warm: "bool",
    emitted_at: "us",
    mid_sum_e8: "int8",
  }),
  outcomes: table("outcomes", {
    symbol: "text",
    ts: "us",
    model_version: "text",
    realized_log_return_10s: "float8",
    realized_price: "float8",
    joined_at: "us",
  }),
};
