/**
 * Random tapes told twice: to the live engine, arrival by arrival, and to a database, row by row as the
 * service would store them (late ones marked, breaks at the time they count from).
 */

import type { Sql } from "postgres";
import { unixSec } from "../../../src/base/units.ts";
import type { MarketEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { BOOK_SUMS, type BookSums } from "../../../src/features/algebra/columns.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import { BAR_TABLES, type Span } from "../../../src/record/bars/bars.ts";
import { keeperFor } from "../../../src/record/bars/keepers.ts";
import type { Database } from "../../../src/record/database.ts";
import { oldChunks, toColumns } from "../../../src/record/retention/columnstore.ts";
import type { Cell } from "../../../src/record/sql/array_literal.ts";
import { microsFromText } from "../../../src/record/sql/time_text.ts";
import { LITERAL, type TableName } from "../../../src/record/write/table.ts";
import { WRITE_TABLES } from "../../../src/record/write/tables.ts";
import { isBornOut, missingIds } from "../naive/known.ts";
import { sift } from "../naive/naive.ts";
import type { Tape } from "../naive/random_tape.ts";

export interface StoredMarker {
  readonly ts_us: number;
  readonly filled: boolean;
}

/** What a database holds of a symbol. */
export interface Stored {
  readonly symbol: string;
  readonly trades: readonly { readonly event: TradeEvent; readonly late: boolean }[];
  readonly quotes: readonly { readonly event: QuoteEvent; readonly late: boolean }[];
  readonly markers: readonly StoredMarker[];
  readonly books: ReadonlyMap<number, BookSums>;
}

/** What the live side made of a tape. */
export interface Telling extends Stored {
  readonly first_t: number;
  readonly end_t: number;
  readonly vectors: readonly FeatureVector[];
  /** Of t, over `HORIZON_S`; undefined where there is none. */
  readonly labels: ReadonlyMap<number, number | undefined>;
}

export const HORIZON_S = 10;

/** Data is whole from the second after the first with an event: what a database can say of it. */
function dataFrom(tape: Tape): number {
  const { trades, quotes } = sift(tape.arrivals);
  const first_us = [...trades, ...quotes].reduce(
    (first, { ts_us }) => Math.min(first, ts_us),
    Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(first_us) ? Math.floor(first_us / 1e6) + 1 : tape.last_sec + 100_000;
}

/** @param fill_every each so many breaks is one whose trades were fetched; 0 for none. */
export function tell(
  tape: Tape,
  symbol: string,
  sets: readonly FeatureSet[],
  books: ReadonlyMap<number, BookSums> = new Map(),
  fill_every = 0,
): Telling {
  const engine = new FeatureEngine({ symbol, sets, data_from_sec: dataFrom(tape) });
  const vectors: FeatureVector[] = [];
  const trades: { event: TradeEvent; late: boolean }[] = [];
  const quotes: { event: QuoteEvent; late: boolean }[] = [];
  const markers: StoredMarker[] = [];
  const labels = new Map<number, number | undefined>();
  for (const arrival of tape.arrivals) {
    if (arrival.kind === "close") {
      const sums = books.get(arrival.sec);
      if (sums) engine.onBook(unixSec(arrival.sec), sums);
      vectors.push(...engine.closeSecond(unixSec(arrival.sec)));
      const t = arrival.sec + 1 - HORIZON_S;
      labels.set(t, engine.labelAsOf(unixSec(t), HORIZON_S));
      continue;
    }
    const { event } = arrival;
    if (event.kind === "trade") trades.push({ event, late: !engine.onTrade(event) });
    else if (event.kind === "quote") quotes.push({ event, late: !engine.onQuote(event) });
    else {
      const filled = fill_every > 0 && markers.length % fill_every === 0;
      markers.push({ ts_us: engine.onDisconnect(event, filled ? "filled" : "missing"), filled });
    }
  }
  const [first_t, end_t] = [tape.first_sec + 1, tape.last_sec + 2];
  const told = { symbol, first_t, end_t, trades, quotes, markers, books, labels };
  return { ...told, vectors: bornOut(vectors, sets, told) };
}

/**
 * The live path takes a second without events for an empty one, and is told of breaks; to a database, data ends
 * with the last row and is broken where ids are missing.
 */
function bornOut(
  vectors: readonly FeatureVector[],
  sets: readonly FeatureSet[],
  { trades, quotes }: Pick<Stored, "trades" | "quotes">,
): FeatureVector[] {
  const on_time = [...trades, ...quotes].filter(({ late }) => !late).map(({ event }) => event);
  const newest = on_time.reduce((a, b) => (b.ts_us > a.ts_us ? b : a), { ts_us: -1 });
  const holes = missingIds(trades.map(({ event }) => event));
  const by_hash = new Map(sets.map((set) => [set.hash, set]));
  return vectors.map((vector) => ({
    ...vector,
    warm: vector.warm && isBornOut(by_hash.get(vector.set_hash)!, vector.ts_sec, [newest], holes),
  }));
}

async function insert(sql: Sql, name: TableName, records: readonly Record<string, Cell>[]): Promise<void> {
  const { columns, insert: statement } = WRITE_TABLES[name];
  const literals = columns.map((column) => {
    const cells = records.map((record) => record[column.name] ?? null);
    return LITERAL[column.kind](cells, 0, cells.length);
  });
  // No lease is held, so no fence is named.
  await sql.unsafe(statement, [...literals, null]);
}

/** Events none of which came late. */
export function onTime(
  symbol: string,
  events: readonly MarketEvent[],
  books: Stored["books"] = new Map(),
): Stored {
  const trades = events.flatMap((event) => (event.kind === "trade" ? [{ event, late: false }] : []));
  const quotes = events.flatMap((event) => (event.kind === "quote" ? [{ event, late: false }] : []));
  const markers = events.flatMap(({ kind, ts_us }) =>
    kind === "disconnect" ? [{ ts_us, filled: false }] : [],
  );
  return { symbol, trades, quotes, markers, books };
}

/** Every second row of a symbol's: what had come so far. */
export const halfOf = (whole: Stored): Stored => ({
  ...whole,
  trades: whole.trades.filter((_, index) => index % 2 === 0),
  quotes: whole.quotes.filter((_, index) => index % 2 === 0),
});

/** Stores what was told, as the service does; what is there already, it leaves. Bars are not brought up to date. */
export async function store(sql: Sql, telling: Stored): Promise<void> {
  const { symbol } = telling;
  const raw = ({ event, late }: { event: TradeEvent | QuoteEvent; late: boolean }): Record<string, Cell> => ({
    ...cells(event),
    symbol,
    late,
    ts: event.ts_us,
    received_at: event.received_us,
  });
  await insert(sql, "trades", telling.trades.map(raw));
  await insert(sql, "quotes", telling.quotes.map(raw));
  const markers = telling.markers.map(({ ts_us, filled }, index) => ({
    symbol,
    ts: ts_us,
    reason: "test",
    received_at: ts_us + 1_000 + index,
    until: ts_us,
    filled_at: filled ? ts_us + 60_000_000 : null,
  }));
  await insert(sql, "disconnects", markers);
  const books = [...telling.books].map(([sec, sums]) => ({
    symbol,
    sec: sec * 1e6,
    ...bookCells(sums),
    received_at: (sec + 1) * 1e6,
  }));
  await insert(sql, "book_1s", books);
}

const cells = (row: object): Record<string, Cell> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? `${value}` : value]),
  );

/** As the writer writes them: the int8 columns are capped, and then the exact sums stand beside. */
function bookCells(sums: BookSums): Record<string, Cell> {
  const exact = BOOK_SUMS.map((name) => BigInt(sums[name]));
  const int8_max = 2n ** 63n - 1n;
  const capped = exact.map((sum) => `${sum > int8_max ? int8_max : sum}`);
  return {
    ...Object.fromEntries(BOOK_SUMS.map((name, i) => [name, capped[i]!])),
    exact_e8: exact.some((sum) => sum > int8_max) ? `{${exact.join(",")}}` : null,
  };
}

/** The day all tapes are in, with room. */
const TAPES: Span = { from_us: 1_699_900_000e6, to_us: 1_700_200_000e6 };

/** Brings all bars up to date, as the service does. */
export async function refreshBars(database: Database): Promise<void> {
  const keeper = keeperFor(database, BAR_TABLES);
  for (const stretch of await keeper.stale(database.sql, TAPES, true)) {
    await keeper.refresh(database.sql, stretch);
  }
}

/** Turns every chunk there is into columns. */
export async function convertChunks({ sql }: Database): Promise<number> {
  const chunks = await oldChunks(sql, 2e15);
  for (const chunk of chunks) await toColumns(sql, chunk);
  return chunks.length;
}

export interface SqlVector {
  readonly warm: boolean;
  /** NaN for null. */
  readonly values: Float64Array;
}

const OWN_COLUMNS = 3;

/** Rows of a feature function, by t. */
export async function sqlVectors(
  sql: Sql,
  set: FeatureSet,
  symbol: string,
  from_t: number,
  to_t: number,
): Promise<Map<number, SqlVector>> {
  const text = `select * from features_${set.name}($1, at_sec($2), at_sec($3))`;
  const rows = await sql.unsafe(text, [symbol, from_t, to_t]).values();
  return new Map(
    rows.map((row) => {
      const values = Float64Array.from(row.slice(OWN_COLUMNS), (value) => (value === null ? NaN : value));
      return [microsFromText(row[1] as string) / 1e6, { warm: row[2] as boolean, values }];
    }),
  );
}

/** Every difference, named: missing and extra rows, warmth, and each value that is not the same bits. */
export function differences(
  set: FeatureSet,
  expected: readonly FeatureVector[],
  found: ReadonlyMap<number, SqlVector>,
): string[] {
  const named: string[] = [];
  const due = expected.filter(({ feature_set }) => feature_set === set.name);
  if (due.length !== found.size) named.push(`expected ${due.length} rows, were ${found.size}`);
  for (const vector of due) {
    const row = found.get(vector.ts_sec);
    if (!row) {
      named.push(`${vector.ts_sec} is missing`);
      continue;
    }
    if (row.warm !== vector.warm) named.push(`${vector.ts_sec} warm: live ${vector.warm}, SQL ${row.warm}`);
    for (const [index, name] of set.names.entries()) {
      const [live, sql] = [vector.values[index]!, row.values[index]!];
      if (!Object.is(live, sql)) named.push(`${vector.ts_sec} ${set.name}.${name}: live ${live}, SQL ${sql}`);
    }
  }
  return named;
}
