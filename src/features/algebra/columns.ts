/**
 * What is known of a symbol at an instant t: the columns a definition may read. A column's value at t comes
 * from the bar of the second [t−1, t) and, where it carries, from everything before. This table is shared by
 * the live engine and the SQL bars: a column has one name, one range and one rule for an empty second.
 */

import { type Int64, QTY_E8_MAX } from "../../base/units.ts";

/** What a column shows where its second held no event. */
export type EmptyRule =
  /** 0: counts, sums, the largest trade. */
  | "zero"
  /** The carried `close_e8`: an empty second's bar is flat at the last price. */
  | "close"
  /** The last value known, however old; null before the first. */
  | "carry"
  /** As `carry`, but null from a disconnect until the next quote. */
  | "carry_unbroken"
  /** null. */
  | "null";

export interface ColumnInfo {
  readonly source: "trades" | "quotes" | "book";
  readonly empty: EmptyRule;
  /** Largest value there can be; all columns are integers from 0. Decides number or BigInt, bigint or numeric. */
  readonly max: bigint;
  readonly sentence: string;
}

export const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
/** More trades than one second can ever hold; bounds the sums below. */
const COUNT_MAX = 1n << 32n;

const trades = (empty: EmptyRule, max: bigint, sentence: string): ColumnInfo => ({
  source: "trades",
  empty,
  max,
  sentence,
});
const quotes = (empty: EmptyRule, sentence: string, max = SAFE_MAX): ColumnInfo => ({
  source: "quotes",
  empty,
  max,
  sentence,
});
const book = (levels: number, side: string): ColumnInfo => ({
  source: "book",
  empty: "null",
  max: BigInt(levels) * QTY_E8_MAX,
  sentence: `quantity over the best ${levels} ${side} levels at the second's end`,
});

export const BAR_COLUMNS = {
  n: trades("zero", COUNT_MAX, "number of trades"),
  n_buy: trades("zero", COUNT_MAX, "trades whose taker bought"),
  n_sell: trades("zero", COUNT_MAX, "trades whose taker sold"),
  open_e8: trades("close", SAFE_MAX, "price of the second's trade with the lowest id"),
  high_e8: trades("close", SAFE_MAX, "highest price"),
  low_e8: trades("close", SAFE_MAX, "lowest price"),
  close_e8: trades("carry", SAFE_MAX, "price of the trade with the highest id among those with time < t"),
  buy_qty_e8: trades("zero", COUNT_MAX * QTY_E8_MAX, "quantity whose taker bought"),
  sell_qty_e8: trades("zero", COUNT_MAX * QTY_E8_MAX, "quantity whose taker sold"),
  notional_e16: trades("zero", COUNT_MAX * SAFE_MAX * QTY_E8_MAX, "sum of price × quantity, at 1e-16"),
  qty_max_e8: trades("zero", QTY_E8_MAX, "quantity of the largest trade"),
  last_trade_id: trades("carry", SAFE_MAX, "highest trade id among the trades with time < t"),
  last_trade_ts_us: trades("carry", SAFE_MAX, "time of that trade, µs"),
  n_quotes: quotes("zero", "number of quotes", COUNT_MAX),
  bid_price_e8: quotes("carry_unbroken", "best bid of the quote with the highest update id, time < t"),
  bid_qty_e8: quotes("carry_unbroken", "quantity at the best bid", QTY_E8_MAX),
  ask_price_e8: quotes("carry_unbroken", "best ask of that quote"),
  ask_qty_e8: quotes("carry_unbroken", "quantity at the best ask", QTY_E8_MAX),
  quote_update_id: quotes("carry_unbroken", "update id of that quote"),
  quote_ts_us: quotes("carry_unbroken", "time of that quote, µs"),
  bid_qty_top5_e8: book(5, "bid"),
  ask_qty_top5_e8: book(5, "ask"),
  bid_qty_top20_e8: book(20, "bid"),
  ask_qty_top20_e8: book(20, "ask"),
} as const satisfies Record<string, ColumnInfo>;

export type BarColumn = keyof typeof BAR_COLUMNS;

export const BAR_COLUMN_NAMES = Object.keys(BAR_COLUMNS) as BarColumn[];

/** A column's position in an instant's arrays. */
export const COLUMN_INDEX = Object.fromEntries(
  BAR_COLUMN_NAMES.map((name, index) => [name, index]),
) as Record<BarColumn, number>;

/** Sums over the top of the book, as the book's keeper hands them in. */
export interface BookSums {
  readonly bid_qty_top5_e8: Int64;
  readonly ask_qty_top5_e8: Int64;
  readonly bid_qty_top20_e8: Int64;
  readonly ask_qty_top20_e8: Int64;
}

/** In this order where they stand as an array. */
export const BOOK_SUMS = [
  "bid_qty_top5_e8",
  "ask_qty_top5_e8",
  "bid_qty_top20_e8",
  "ask_qty_top20_e8",
] as const satisfies readonly (keyof BookSums)[];
