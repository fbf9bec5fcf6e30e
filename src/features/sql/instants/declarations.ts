/** The variables of a feature function: the range in seconds, where its data is, and what carried into it. */

import { BAR_COLUMNS, type BarColumn } from "../../algebra/columns.ts";
import { type BlockQuantile, isKept } from "./blocks.ts";

/** What a set reads of the instants. */
export interface InstantReads {
  readonly columns: readonly BarColumn[];
  readonly blocks: readonly BlockQuantile[];
}

export const reads = (wanted: InstantReads, source: "trades" | "quotes" | "book"): BarColumn[] =>
  wanted.columns.filter((name) => BAR_COLUMNS[name].source === source);

export function declarations(wanted: InstantReads, window_s: number, warm_from: string): string[] {
  return [
    "-- t counts seconds since 1970: the instants asked for, and the first one read for them.",
    "first_t bigint := ceil(extract(epoch from p_from));",
    "end_t bigint := ceil(extract(epoch from p_to));",
    `start_t bigint := first_t - ${window_s - 1};`,
    "-- An instant's bar is that of the second before it.",
    "from_sec timestamptz := to_timestamp(start_t - 1);",
    "to_sec timestamptz := to_timestamp(end_t - 1);",
    "-- From here on breaks count: the first instant's look-back, and what it reads.",
    `known_from timestamptz := to_timestamp(least(${warm_from}, start_t - 1));`,
    "trade_places bar_places := bar_places_of('trade_bars_1s', 'trades', p_symbol);",
    "quote_places bar_places := bar_places_of('quote_bars_1s', 'quotes', p_symbol);",
    ...(wanted.blocks.some(isKept)
      ? ["block_places bar_places := bar_places_of('trade_blocks_5m', 'trades', p_symbol);"]
      : []),
    "ends record := row_ends(p_symbol, known_from, to_sec, trade_places, quote_places);",
    "-- Data begins somewhere inside the first second that has any, and is whole from the next one on.",
    "first_sec bigint := coalesce(",
    "  least(ends.trades_before[1], ends.quotes_before),",
    "  first_row_sec(p_symbol, trade_places, quote_places)",
    ");",
    "-- Data is known as of t if an event at or after t bears it out.",
    "last_sec bigint := coalesce(",
    "  greatest(ends.trades_after[1], ends.quotes_after),",
    "  last_row_sec(p_symbol, trade_places, quote_places)",
    ");",
    ...(reads(wanted, "trades").length > 0
      ? ["last_trade_before bigint[] := last_trade_before(p_symbol, from_sec, trade_places);"]
      : []),
    ...(reads(wanted, "quotes").length > 0
      ? ["last_quote_before bigint[] := last_quote_before(p_symbol, from_sec, quote_places);"]
      : []),
    "-- No quote from before a break is current after it.",
    "marker_before_us bigint := coalesce(",
    "  (",
    "    select us_of(max(ts))",
    "    from disconnects",
    "    where symbol = p_symbol",
    "      and ts < from_sec",
    "      and stream in ('all', 'quote')",
    "  ),",
    "  -1",
    ");",
  ];
}
