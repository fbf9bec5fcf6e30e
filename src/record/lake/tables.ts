/**
 * The tables of the lake, as queries of one day of one symbol. Bronze is what the exchange sent, silver the bars made
 * of it, gold what models are trained on and judged by. Columns have the database's names and units; a query's
 * parameters are symbol, from and to (µs, half-open).
 */

import { LIMITS } from "../../base/limits.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { versionedNames } from "../../features/sql/versions.ts";
import type { ParquetColumn, ParquetType } from "./parquet_file.ts";

export const LAYERS = ["bronze", "silver", "gold"] as const;
export type Layer = (typeof LAYERS)[number];

/** What a table is made of: decides when a day of it is whole, and whether it has changed. */
export type LakeSource = "trades" | "quotes" | "trade_bars" | "quote_bars" | "features" | "predictions";

export interface LakeTable {
  readonly layer: Layer;
  /** e.g. "trades", "features_v1". */
  readonly name: string;
  readonly source: LakeSource;
  readonly columns: readonly ParquetColumn[];
  readonly text: string;
  /** For the file's own metadata, e.g. the set's hash. */
  readonly about: Readonly<Record<string, string>>;
}

/** Of layers in their order; a features table for each set. */
export function lakeTables(layers: readonly Layer[], sets: readonly FeatureSet[]): LakeTable[] {
  const all = [TRADES, QUOTES, BARS, QUOTE_BARS, ...sets.map(featuresTable), PREDICTIONS];
  return all.filter(({ layer }) => layers.includes(layer));
}

type Named = readonly [name: string, type: ParquetType, expression?: string];

/** The first column is the time rows are of and ordered by. */
function table(
  layer: Layer,
  name: string,
  source: LakeSource,
  columns: readonly Named[],
  from: string,
  about: Readonly<Record<string, string>> = {},
): LakeTable {
  const select = columns.map(([column, type, expression = column]) => {
    const value =
      type === "time" ? `us_of(${expression})` : type === "exact" ? `(${expression})::text` : expression;
    return `${value} as "${column}"`;
  });
  return {
    ...{ layer, name, source, about },
    columns: columns.map(([column, type], index) => ({ name: column, type, required: index === 0 })),
    text: `select ${select.join(", ")} ${from}`,
  };
}

const rawDay = (table_name: string, id: string): string =>
  `from ${table_name} where symbol = $1 and ts >= at_us($2) and ts < at_us($3) order by ts, ${id}`;
const barDay = (view: string): string =>
  `from ${view} where symbol = $1 and sec >= at_us($2) and sec < at_us($3) order by sec`;

const RAW_END: readonly Named[] = [
  ["late", "bool"],
  ["set_aside", "text"],
  ["epoch", "int64"],
  ["received_at", "time"],
];

const TRADES = table(
  "bronze",
  "trades",
  "trades",
  [
    ["ts", "time"],
    ["trade_id", "int64"],
    ["first_trade_id", "int64"],
    ["price_e8", "int64"],
    ["qty_e8", "int64"],
    ["is_buyer_maker", "bool"],
    ...RAW_END,
  ],
  rawDay("trades", "trade_id"),
);

const QUOTES = table(
  "bronze",
  "quotes",
  "quotes",
  [
    ["ts", "time"],
    ["update_id", "int64"],
    ["bid_price_e8", "int64"],
    ["bid_qty_e8", "int64"],
    ["ask_price_e8", "int64"],
    ["ask_qty_e8", "int64"],
    ...RAW_END,
  ],
  rawDay("quotes", "update_id"),
);

const BARS = table(
  "silver",
  "bars",
  "trade_bars",
  [
    ["sec", "time"],
    ["n", "int64"],
    ["n_buy", "int64"],
    ["n_single", "int64"],
    ["open_e8", "int64"],
    ["high_e8", "int64"],
    ["low_e8", "int64"],
    ["close_e8", "int64"],
    ["first_trade_id", "int64"],
    ["last_trade_id", "int64"],
    ["last_trade_ts_us", "int64"],
    // Sums that may be beyond 64 bits.
    ["buy_qty_e8", "exact"],
    ["sell_qty_e8", "exact"],
    ["notional_e16", "exact"],
    ["qty_max_e8", "int64"],
    ["epoch", "int64"],
    ["received_at", "time"],
  ],
  barDay("bars_1s"),
);

const QUOTE_BARS = table(
  "silver",
  "quote_bars",
  "quote_bars",
  [
    ["sec", "time"],
    ["n_quotes", "int64"],
    ["update_id", "int64"],
    ["ts_us", "int64"],
    ["bid_price_e8", "int64"],
    ["bid_qty_e8", "int64"],
    ["ask_price_e8", "int64"],
    ["ask_qty_e8", "int64"],
    ["epoch", "int64"],
    ["received_at", "time"],
  ],
  barDay("quotes_1s"),
);

/** Vectors with the labels that start from them: the columns of `bun run export`. */
const featuresTable = (set: FeatureSet): LakeTable =>
  table(
    "gold",
    `features_${set.name}`,
    "features",
    [
      ["ts", "time"],
      ["mid_sum_e8", "int64"],
      ["close_e8", "int64"],
      ["label_mid", "double"],
      ["label_last", "double"],
      ["known_at", "time"],
      ...set.names.map((name): Named => [name, "double", `"${name}"`]),
    ],
    `from ${versionedNames(set).training}($1, at_us($2), at_us($3), ${LIMITS.lake_horizon_s}) order by ts`,
    { feature_set: set.name, set_hash: set.hash, horizon_s: String(LIMITS.lake_horizon_s) },
  );

const PREDICTIONS = table(
  "gold",
  "predictions",
  "predictions",
  [
    ["ts", "time"],
    ["venue", "text"],
    ["model_version", "text"],
    ["role", "text"],
    ["served", "bool"],
    ["horizon_s", "int64"],
    ["label", "text"],
    ["yhat_log_return", "double"],
    ["realized_log_return", "double"],
    ["realized_mid_log_return", "double"],
    ["realized_last_log_return", "double"],
    ["error", "double"],
    ["hit", "bool"],
    ["current_price", "double"],
    ["predicted_price", "double"],
    ["realized_price", "double"],
    ["lower_price", "double"],
    ["upper_price", "double"],
    ["interval_coverage", "double"],
    ["inside", "bool"],
    ["p_up", "double"],
    ["confidence", "double"],
    ["volatility", "double"],
    ["feature_set", "text"],
    ["set_hash", "text"],
    ["source", "text"],
    ["features_age_ms", "double"],
    ["latency_ms", "double"],
    ["warm", "bool"],
    ["emitted_at", "time"],
    ["joined_at", "time"],
  ],
  `from prediction_outcomes
    where symbol = $1 and ts >= at_us($2) and ts < at_us($3)
    order by ts, venue, model_version, role, horizon_s`,
);
