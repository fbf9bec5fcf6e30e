/** Bars computed the plainest way, from arrays of rows and BigInt: the referee of the ones the database keeps. */

import type { Sql } from "postgres";

export interface TradeRow {
  readonly symbol: string;
  readonly ts_us: number;
  readonly trade_id: number;
  /** Where the row holds several trades: the first of them. */
  readonly first_trade_id: number | null;
  readonly price_e8: number;
  readonly qty_e8: number;
  readonly is_buyer_maker: boolean;
  readonly late: boolean;
  readonly received_us: number;
}

export interface QuoteRow {
  readonly symbol: string;
  readonly ts_us: number;
  readonly update_id: number;
  readonly bid_price_e8: number;
  readonly bid_qty_e8: number;
  readonly ask_price_e8: number;
  readonly ask_qty_e8: number;
  readonly late: boolean;
  readonly received_us: number;
}

export interface RawTape {
  readonly trades: readonly TradeRow[];
  readonly quotes: readonly QuoteRow[];
}

/** A bar as text, column by column, under "symbol bucket_us". */
export type Bars = ReadonlyMap<string, string>;

export interface AllBars {
  readonly bars_1s: Bars;
  readonly quotes_1s: Bars;
  readonly trade_sizes_5m: Bars;
}

function grouped<Row extends { symbol: string; ts_us: number; late: boolean }>(
  rows: readonly Row[],
  bucket_us: number,
): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.late) continue;
    const key = `${row.symbol} ${row.ts_us - (row.ts_us % bucket_us)}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

function sum(rows: readonly TradeRow[], of: (row: TradeRow) => bigint): bigint {
  let total = 0n;
  for (const row of rows) total += of(row);
  return total;
}

const firstId = ({ first_trade_id, trade_id }: TradeRow): number => first_trade_id ?? trade_id;

const count = (rows: readonly TradeRow[]): number =>
  rows.reduce((total, row) => total + row.trade_id - firstId(row) + 1, 0);

function tradeBar(rows: readonly TradeRow[]): string {
  const byId = [...rows].sort((a, b) => a.trade_id - b.trade_id);
  const [first, last] = [byId[0]!, byId.at(-1)!];
  const buys = rows.filter((row) => !row.is_buyer_maker);
  const sells = rows.filter((row) => row.is_buyer_maker);
  const prices = rows.map((row) => row.price_e8);
  return [
    count(rows),
    count(buys),
    rows.filter((row) => row.first_trade_id === null).length,
    first.price_e8,
    Math.max(...prices),
    Math.min(...prices),
    last.price_e8,
    Math.min(...rows.map(firstId)),
    last.trade_id,
    last.ts_us,
    sum(buys, (row) => BigInt(row.qty_e8)),
    sum(sells, (row) => BigInt(row.qty_e8)),
    sum(rows, (row) => BigInt(row.price_e8) * BigInt(row.qty_e8)),
    Math.max(...rows.map((row) => row.qty_e8)),
    Math.max(...rows.map((row) => row.received_us)),
  ].join(",");
}

function quoteBar(rows: readonly QuoteRow[]): string {
  const last = rows.reduce((a, b) => (b.update_id > a.update_id ? b : a));
  return [
    rows.length,
    last.update_id,
    last.ts_us,
    last.bid_price_e8,
    last.bid_qty_e8,
    last.ask_price_e8,
    last.ask_qty_e8,
    Math.max(...rows.map((row) => row.received_us)),
  ].join(",");
}

function sizes(rows: readonly TradeRow[]): string {
  const sorted = rows.map((row) => row.qty_e8).sort((a, b) => a - b);
  return `${sorted.length},${sorted[Math.ceil(0.95 * sorted.length) - 1]}`;
}

function barsOf<Row extends { symbol: string; ts_us: number; late: boolean }>(
  rows: readonly Row[],
  bucket_us: number,
  bar: (rows: readonly Row[]) => string,
): Bars {
  return new Map([...grouped(rows, bucket_us)].map(([key, group]) => [key, bar(group)]));
}

export function naiveBars({ trades, quotes }: RawTape): AllBars {
  return {
    bars_1s: barsOf(trades, 1_000_000, tradeBar),
    quotes_1s: barsOf(quotes, 1_000_000, quoteBar),
    trade_sizes_5m: barsOf(trades, 300_000_000, sizes),
  };
}

/** What the database has, in the same form. */
export async function storedBars(sql: Sql): Promise<AllBars> {
  const read = async (text: string): Promise<Bars> => {
    const rows = await sql.unsafe<{ key: string; bar: string }[]>(text);
    return new Map(rows.map(({ key, bar }) => [key, bar]));
  };
  return {
    bars_1s: await read(`
      select symbol || ' ' || us_of(sec) as key, concat_ws(',', n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8,
        first_trade_id, last_trade_id, last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8,
        us_of(received_at)) as bar
      from bars_1s`),
    quotes_1s: await read(`
      select symbol || ' ' || us_of(sec) as key, concat_ws(',', n_quotes, update_id, ts_us, bid_price_e8,
        bid_qty_e8, ask_price_e8, ask_qty_e8, us_of(received_at)) as bar
      from quotes_1s`),
    trade_sizes_5m: await read(`
      select symbol || ' ' || us_of(block) as key, concat_ws(',', n, qty_p95_e8) as bar
      from trade_sizes_5m`),
  };
}

/** The bars that differ, the missing and the extra ones among them; empty where all are equal. */
export function differences(stored: AllBars, expected: AllBars): string[] {
  const found: string[] = [];
  for (const name of ["bars_1s", "quotes_1s", "trade_sizes_5m"] as const) {
    for (const [key, bar] of expected[name]) {
      const is = stored[name].get(key);
      if (is !== bar) found.push(`${name} ${key}: expected ${bar}, was ${is}`);
    }
    for (const key of stored[name].keys()) {
      if (!expected[name].has(key)) found.push(`${name} ${key}: expected none`);
    }
  }
  return found;
}
