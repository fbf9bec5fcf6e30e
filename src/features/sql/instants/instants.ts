/**
 * The SQL below every feature function: one row per instant, without a gap, with the columns of columns.ts.
 * An instant's row is the bar of the second before it, if there is one, and what carries forward: the trade
 * and the quote with the highest (epoch, id) so far, and the breaks.
 *
 * The functions of `sql/functions/` say where bars are to be found, what carried into the first row, and which breaks
 * there are. The range is given to every scan as plain parameters: PostgreSQL pushes no condition below a window.
 */

import { BAR_COLUMNS, type BarColumn, BOOK_SUMS } from "../../algebra/columns.ts";
import { commaed } from "../text/lines.ts";
import { barsOf } from "./bars_of.ts";
import { blockColumn, blockValue, joinBlock, ownBlocks } from "./blocks.ts";
import { type InstantReads, reads } from "./declarations.ts";

/** Elements of the carried arrays, from 1; epoch and id lead, because they decide. */
const LAST_TRADE = ["epoch", "last_trade_id", "close_e8", "last_trade_ts_us"] as const;
const LAST_QUOTE = [
  "epoch",
  "update_id",
  "ts_us",
  "bid_price_e8",
  "bid_qty_e8",
  "ask_price_e8",
  "ask_qty_e8",
] as const;

/** A quote column's name in quotes_1s, where it has another. */
const QUOTE_NAMES: Readonly<Record<string, (typeof LAST_QUOTE)[number]>> = {
  quote_update_id: "update_id",
  quote_ts_us: "ts_us",
};

/** The common table expressions `breaks`, the blocks', `heard` and `instants`. */
export function commonTables(wanted: InstantReads): string[][] {
  return [breaks(), ...wanted.blocks.flatMap(ownBlocks), heard(wanted), instants(wanted)];
}

function breaks(): string[] {
  return [
    "breaks as materialized (",
    "  select",
    "    greatest(ts_us / 1000000 + 1, start_t) as t,",
    "    max(ts_us) filter (where quotes) as marker_us,",
    "    max(until_us) filter (where trades) as hole_us",
    "  from breaks_of(p_symbol, known_from, to_sec, trade_places, quote_places,",
    "    ends.trades_before, ends.trades_after, ends.quotes_before, ends.quotes_after)",
    "  group by 1",
    ")",
  ];
}

/** What each second held, and the highest ids so far. */
function heard(wanted: InstantReads): string[] {
  const trades = reads(wanted, "trades");
  const quotes = reads(wanted, "quotes");
  const carried = [
    ...(trades.length > 0 ? carry("last_trade", "b", LAST_TRADE) : []),
    ...(quotes.length > 0 ? carry("last_quote", "q", LAST_QUOTE) : []),
    "greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us",
    "coalesce(max(d.hole_us) over so_far, -1) as hole_us",
  ];
  const columns = [
    "t",
    ...trades.flatMap(heardTrade),
    ...quotes.flatMap((name) => (name === "n_quotes" ? ["coalesce(q.n_quotes, 0) as n_quotes"] : [])),
    ...reads(wanted, "book").map(heardBook),
    ...wanted.blocks.map(blockValue),
    ...carried,
  ];
  return [
    "heard as (",
    "  select",
    ...commaed(columns, "    "),
    "  from generate_series(start_t, end_t - 1) as seconds(t)",
    "  left join breaks d using (t)",
    ...(trades.length > 0 ? joinBars("trade", "b", "n") : []),
    ...(quotes.length > 0 ? joinBars("quote", "q", "n_quotes") : []),
    ...(reads(wanted, "book").length > 0 ? joinBook() : []),
    ...wanted.blocks.flatMap(joinBlock),
    "  window so_far as (order by t rows unbounded preceding)",
    ")",
  ];
}

function heardTrade(name: BarColumn): string[] {
  switch (BAR_COLUMNS[name].empty) {
    case "zero":
      return [`coalesce(${name === "n_sell" ? "b.n - b.n_buy" : `b.${name}`}, 0) as ${name}`];
    case "close":
      return [`b.${name}`];
    default:
      return [];
  }
}

/** Exact sums stand beside where one of them does not fit int8. */
const heardBook = (name: BarColumn): string =>
  `coalesce(o.exact_e8[${(BOOK_SUMS as readonly string[]).indexOf(name) + 1}], o.${name}) as ${name}`;

function carry(name: string, from: "b" | "q", elements: readonly string[]): string[] {
  const row = elements.map((element) => `${from}.${element}`).join(", ");
  return [
    `greatest(max(case when ${from}.sec is not null then array[${row}] end) over so_far, ${name}_before) as ${name}`,
  ];
}

/** A bar without believed rows is none. */
const joinBars = (kind: "trade" | "quote", alias: string, count: string): string[] => [
  `  left join ${barsOf(kind, "bars", "from_sec", "to_sec")} ${alias}`,
  `    on ${alias}.sec = to_timestamp(t - 1)`,
  `    and ${alias}.${count} > 0`,
];

const joinBook = (): string[] => [
  "  left join book_1s o",
  "    on o.symbol = p_symbol",
  "    and o.sec = to_timestamp(t - 1)",
  "    and o.sec >= from_sec",
  "    and o.sec < to_sec",
];

/**
 * The columns by their names: an empty second is flat at the last price, a quote is current until a break.
 */
function instants(wanted: InstantReads): string[] {
  const columns = wanted.columns.map((name) => {
    const text = instantText(name);
    return text === name ? name : `${text} as ${name}`;
  });
  return [
    "instants as (",
    "  select",
    ...commaed(
      ["t", "(t - start_t + 1)::int as i", "hole_us", ...columns, ...wanted.blocks.map(blockColumn)],
      "    ",
    ),
    "  from heard",
    "  order by t",
    ")",
  ];
}

function instantText(name: BarColumn): string {
  const element = (of: readonly string[], wanted: string): number => of.indexOf(wanted) + 1;
  switch (BAR_COLUMNS[name].empty) {
    case "close":
      return `coalesce(${name}, last_trade[${element(LAST_TRADE, "close_e8")}])`;
    case "carry":
      return `last_trade[${element(LAST_TRADE, name)}]`;
    case "carry_unbroken": {
      const value = `last_quote[${element(LAST_QUOTE, QUOTE_NAMES[name] ?? name)}]`;
      return `case when last_quote[${element(LAST_QUOTE, "ts_us")}] > marker_us then ${value} end`;
    }
    default:
      return name;
  }
}
