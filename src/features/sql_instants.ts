/**
 * The SQL below every feature function: one row an instant, without a gap, with the columns of columns.ts.
 * An instant's row is the bar of the second before it, if there is one, and what carries forward: the trade
 * and the quote with the highest id so far, and the latest break.
 *
 * What carried into the first row is looked up in the last SEED_BARS bars before it, and the range is given
 * to every scan as plain parameters: PostgreSQL pushes no condition below a window.
 */

import { LIMITS } from "../base/limits.ts";
import { BAR_COLUMNS, type BarColumn } from "./columns.ts";
import type { Expr } from "./expr.ts";

type BlockQuantile = Extract<Expr, { kind: "block_quantile" }>;

/** What a set reads of the instants. */
export interface InstantReads {
  readonly columns: readonly BarColumn[];
  readonly blocks: readonly BlockQuantile[];
}

/** Bars looked through for the highest id before the range: how far ids may run against time. */
const SEED_BARS = 128;

/** Elements of the carried arrays, from 1; the id leads, because it decides. */
const LAST_TRADE = ["last_trade_id", "close_e8", "last_trade_ts_us"] as const;
const LAST_QUOTE = [
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

export const blockColumn = ({ block_s, num, den }: BlockQuantile): string =>
  `qty_q${num}_${den}_${block_s}s_e8`;

const reads = (wanted: InstantReads, source: "trades" | "quotes" | "book"): BarColumn[] =>
  wanted.columns.filter((name) => BAR_COLUMNS[name].source === source);

/** Variables of the function: the range in seconds, and what carried into it. */
export function declarations(wanted: InstantReads, window_s: number): string[] {
  return [
    "-- t counts seconds since 1970: the instants asked for, and the first one read for them.",
    "first_t bigint := ceil(extract(epoch from p_from));",
    "end_t bigint := ceil(extract(epoch from p_to));",
    `start_t bigint := first_t - ${window_s - 1};`,
    "-- An instant's bar is that of the second before it.",
    "from_sec timestamptz := to_timestamp(start_t - 1);",
    "to_sec timestamptz := to_timestamp(end_t - 1);",
    ...historyStart(),
    ...(reads(wanted, "trades").length > 0 ? seed("last_trade_before", "bars_1s", LAST_TRADE) : []),
    ...(reads(wanted, "quotes").length > 0 ? seed("last_quote_before", "quotes_1s", LAST_QUOTE) : []),
    ...lastBreak("marker_before_us", ""),
    ...lastBreak("hole_before_us", "filled_at is null"),
  ];
}

function historyStart(): string[] {
  const first = (table: string): string[] => [
    "  (",
    "    select us_of(sec) / 1000000",
    `    from ${table}`,
    "    where symbol = p_symbol",
    "      and sec < to_sec",
    "    order by sec",
    "    limit 1",
    "  )",
  ];
  const [trades, quotes] = [first("bars_1s"), first("quotes_1s")];
  trades[trades.length - 1] += ",";
  return [
    "-- Data begins somewhere inside the first second that has any, and is whole from the next one on.",
    "first_sec bigint := least(",
    ...trades,
    ...quotes,
    ");",
  ];
}

/** Ids may run against time, so the highest is looked for in more than the newest bar. */
function seed(name: string, table: string, elements: readonly string[]): string[] {
  return [
    `${name} bigint[] := (`,
    `  select max(array[${elements.join(", ")}])`,
    "  from (",
    `    select ${elements.join(", ")}`,
    `    from ${table}`,
    "    where symbol = p_symbol",
    "      and sec < from_sec",
    "    order by sec desc",
    `    limit ${SEED_BARS}`,
    "  ) as newest",
    ");",
  ];
}

function lastBreak(name: string, condition: string): string[] {
  return [
    `${name} bigint := coalesce(`,
    "  (",
    "    select us_of(max(ts))",
    "    from disconnects",
    "    where symbol = p_symbol",
    "      and ts < from_sec",
    ...(condition ? [`      and ${condition}`] : []),
    "  ),",
    "  -1",
    ");",
  ];
}

/** The common table expressions `breaks`, the blocks', `heard` and `instants`. */
export function commonTables(wanted: InstantReads): string[][] {
  return [breaks(), ...wanted.blocks.flatMap(ownBlocks), heard(wanted), instants(wanted)];
}

function breaks(): string[] {
  return [
    "breaks as materialized (",
    "  select",
    "    us_of(ts) / 1000000 + 1 as t,",
    "    max(us_of(ts)) as marker_us,",
    "    max(us_of(ts)) filter (where filled_at is null) as hole_us",
    "  from disconnects",
    "  where symbol = p_symbol",
    "    and ts >= from_sec",
    "    and ts < to_sec",
    "  group by 1",
    ")",
  ];
}

/** The one block quantile that is kept beside the bars. */
const isKept = ({ block_s, num, den }: BlockQuantile): boolean => block_s === 300 && num * 100 === den * 95;

/** Any other is taken from the trades: value number ⌈n·num ÷ den⌉ of the sorted sizes. */
function ownBlocks(block: BlockQuantile): string[][] {
  if (isKept(block)) return [];
  const { block_s, num, den } = block;
  return [
    [
      `${blockColumn(block)}_blocks as materialized (`,
      "  select",
      `    us_of(ts) / ${block_s}000000 as block,`,
      "    count(*) as n,",
      `    (array_agg(qty_e8 order by qty_e8))[(count(*) * ${num} + ${den - 1}) / ${den}] as qty_e8`,
      "  from trades",
      "  where symbol = p_symbol",
      "    and not late",
      `    and ts >= to_timestamp((start_t / ${block_s} - 1) * ${block_s})`,
      "    and ts < to_sec",
      "  group by 1",
      ")",
    ],
  ];
}

/** What each second said, and the highest ids so far. */
function heard(wanted: InstantReads): string[] {
  const trades = reads(wanted, "trades");
  const quotes = reads(wanted, "quotes");
  const carried = [
    ...(trades.length > 0 ? carry("last_trade", "b", LAST_TRADE) : []),
    ...(quotes.length > 0 ? carry("last_quote", "q", LAST_QUOTE) : []),
    "greatest(max(d.marker_us) over so_far, marker_before_us) as marker_us",
    "greatest(max(d.hole_us) over so_far, hole_before_us) as hole_us",
  ];
  const columns = [
    "t",
    ...trades.flatMap(heardTrade),
    ...quotes.flatMap((name) => (name === "n_quotes" ? ["coalesce(q.n_quotes, 0) as n_quotes"] : [])),
    ...reads(wanted, "book").map((name) => `o.${name}`),
    ...wanted.blocks.map(blockValue),
    ...carried,
  ];
  return [
    "heard as (",
    "  select",
    ...commaed(columns, "    "),
    "  from generate_series(start_t, end_t - 1) as seconds(t)",
    "  left join breaks d using (t)",
    ...(trades.length > 0 ? joinBars("bars_1s", "b") : []),
    ...(quotes.length > 0 ? joinBars("quotes_1s", "q") : []),
    ...(reads(wanted, "book").length > 0 ? joinBars("book_1s", "o") : []),
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

function carry(name: string, from: "b" | "q", elements: readonly string[]): string[] {
  const row = elements.map((element) => `${from}.${element}`).join(", ");
  return [
    `greatest(max(case when ${from}.sec is not null then array[${row}] end) over so_far, ${name}_before) as ${name}`,
  ];
}

const joinBars = (table: string, alias: string): string[] => [
  `  left join ${table} ${alias}`,
  `    on ${alias}.symbol = p_symbol`,
  `    and ${alias}.sec = to_timestamp(t - 1)`,
  `    and ${alias}.sec >= from_sec`,
  `    and ${alias}.sec < to_sec`,
];

function joinBlock(block: BlockQuantile): string[] {
  const { block_s } = block;
  const alias = `${blockColumn(block)}_block`;
  const start = `to_timestamp((t / ${block_s} - 1) * ${block_s})`;
  if (!isKept(block)) {
    return [
      `  left join ${blockColumn(block)}_blocks ${alias}`,
      `    on ${alias}.block = t / ${block_s} - 1`,
    ];
  }
  return [
    `  left join trade_sizes_5m ${alias}`,
    `    on ${alias}.symbol = p_symbol`,
    `    and ${alias}.block = ${start}`,
    `    and ${alias}.block >= to_timestamp((start_t / ${block_s} - 1) * ${block_s})`,
    `    and ${alias}.block < to_sec`,
  ];
}

/** Refused, as live, where the block holds more trades than its bound. */
function blockValue(block: BlockQuantile): string {
  const name = blockColumn(block);
  const value = isKept(block) ? "qty_p95_e8" : "qty_e8";
  return `case when ${name}_block.n <= ${LIMITS.block_trades_max} then ${name}_block.${value} end as ${name}`;
}

/** The columns by their names: an empty second is flat at the last price, a quote stands until a break. */
function instants(wanted: InstantReads): string[] {
  const columns = wanted.columns.map((name) => {
    const text = instantText(name);
    return text === name ? name : `${text} as ${name}`;
  });
  return [
    "instants as (",
    "  select",
    ...commaed(["t", "hole_us", ...columns, ...wanted.blocks.map(blockColumn)], "    "),
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

/** One a line, all but the last with a comma. */
export const commaed = (lines: readonly string[], indent: string): string[] =>
  lines.map((line, index) => {
    const indented = line.replaceAll("\n", `\n${indent}`);
    return `${indent}${indented}${index < lines.length - 1 ? "," : ""}`;
  });
