/**
 * The raw rows behind a stretch of vectors, with what decides whether a vector can have known them: when
 * each was received, and whether it came late. Read only where live and SQL differ.
 */

import type { Sql } from "postgres";
import {
  type Micros,
  micros,
  narrowed,
  startOf,
  type UnixSec,
  US_PER_SEC,
  unixSec,
} from "../../../base/units.ts";
import type { BrokenStream, QuoteEvent, TradeEvent } from "../../../binance/events.ts";
import { BOOK_SUMS, type BookSums } from "../../../features/algebra/columns.ts";
import { lookBackStart } from "../../../features/algebra/look_back.ts";
import {
  QUOTE_COLUMNS,
  type QuoteRow,
  quoteEvent,
  SERVICE_STARTED,
  type StoredDisconnect,
  storedTrade,
  TRADE_COLUMNS,
  type TradeRow,
} from "../../market_rows.ts";
import { asked, askedByPage } from "../../sql/asked.ts";
import { microsFromText, textFromMicros } from "../../sql/time_text.ts";
import type { MismatchedRow, ParitySpan } from "../rows.ts";

export interface StoredBook {
  readonly sec: UnixSec;
  readonly sums: BookSums;
}

export interface Evidence {
  /** The first second read: where the look-back of the earliest row begins. */
  readonly from_sec: UnixSec;
  /** By time, ahead of `from_sec` the trades whose price may have carried into it. */
  readonly trades: readonly { readonly event: TradeEvent; readonly late: boolean }[];
  /** As the trades; none where the set reads no quotes. */
  readonly quotes: readonly { readonly event: QuoteEvent; readonly late: boolean }[];
  /** By time, from the carried quote on. */
  readonly markers: readonly StoredDisconnect[];
  readonly books: readonly StoredBook[];
}

/** A price or quote that carried for longer is not looked for (µs). */
const CARRY_MAX_US = 86_400 * US_PER_SEC;

/** @param rows at least one, by time. */
export async function readEvidence(
  sql: Sql,
  { symbol, set }: ParitySpan,
  rows: readonly MismatchedRow[],
): Promise<Evidence> {
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const from_sec = unixSec(Math.max(0, lookBackStart(set.look_back, first.ts_sec)));
  const read = new Reader(sql, symbol, startOf(from_sec), startOf(last.ts_sec));
  const wants_quotes = set.sources.includes("quotes");
  const trades = [...(await read.carriedTrades(first.closed_us)), ...(await read.trades())];
  const quotes = wants_quotes ? [...(await read.carriedQuote()), ...(await read.quotes())] : [];
  const oldest_us = Math.min(startOf(from_sec), quotes[0]?.event.ts_us ?? Number.POSITIVE_INFINITY);
  const markers = await read.markers(micros(oldest_us));
  const books = set.sources.includes("book") ? await read.books() : [];
  return { from_sec, trades, quotes, markers, books };
}

/** When processes began to write vectors of `symbol` (wall clock), oldest first. */
export async function readStarts(sql: Sql, symbol: string, to_us: Micros): Promise<Micros[]> {
  const text = `
    select received_at
    from disconnects
    where symbol = $1
      and reason = $2
      and received_at <= $3
    order by received_at`;
  const rows = await asked(
    sql.unsafe<{ received_at: string }[]>(text, [symbol, SERVICE_STARTED, textFromMicros(to_us)]),
  );
  return rows.map(({ received_at }) => microsFromText(received_at));
}

class Reader {
  readonly #sql: Sql;
  readonly #symbol: string;
  readonly #from: string;
  readonly #to: string;
  readonly #carry_from: string;

  constructor(sql: Sql, symbol: string, from_us: Micros, to_us: Micros) {
    this.#sql = sql;
    this.#symbol = symbol;
    this.#from = textFromMicros(from_us);
    this.#to = textFromMicros(to_us);
    this.#carry_from = textFromMicros(micros(Math.max(0, from_us - CARRY_MAX_US)));
  }

  async trades(): Promise<Evidence["trades"]> {
    const text = `
      select ${TRADE_COLUMNS} from trades
      where symbol = $1 and ts >= $2 and ts < $3 and set_aside is null
      order by ts, epoch, trade_id`;
    const rows = await this.#rows<TradeRow>(text, [this.#symbol, this.#from, this.#to]);
    return rows.map(tradeOf);
  }

  async quotes(): Promise<Evidence["quotes"]> {
    const text = `
      select ${QUOTE_COLUMNS}, late from quotes
      where symbol = $1 and ts >= $2 and ts < $3 and set_aside is null
      order by ts, epoch, update_id`;
    const rows = await this.#rows<QuoteRow & { late: boolean }>(text, [this.#symbol, this.#from, this.#to]);
    return rows.map((row) => ({ event: quoteEvent(row), late: row.late }));
  }

  /** The last trade before the look-back, and the last that had been received by `closed_us`; oldest first. */
  async carriedTrades(closed_us: Micros): Promise<Evidence["trades"]> {
    const text = `
      select ${TRADE_COLUMNS} from trades
      where symbol = $1 and ts >= $2 and ts < $3 and not late and set_aside is null and received_at <= $4
      order by epoch desc, trade_id desc
      limit 1`;
    const before = [this.#symbol, this.#carry_from, this.#from];
    const known = await this.#rows<TradeRow>(text, [...before, textFromMicros(closed_us)]);
    const now = await this.#rows<TradeRow>(text, [...before, "infinity"]);
    const same = known[0]?.trade_id === now[0]?.trade_id;
    return (same ? now : [...known, ...now]).map(tradeOf);
  }

  async carriedQuote(): Promise<Evidence["quotes"]> {
    const text = `
      select ${QUOTE_COLUMNS} from quotes
      where symbol = $1 and ts >= $2 and ts < $3 and not late and set_aside is null
      order by epoch desc, update_id desc
      limit 1`;
    const rows = await this.#rows<QuoteRow>(text, [this.#symbol, this.#carry_from, this.#from]);
    return rows.map((row) => ({ event: quoteEvent(row), late: false }));
  }

  async markers(from_us: Micros): Promise<StoredDisconnect[]> {
    const text = `
      select ts, reason, received_at, filled_at, stream, until, noticed from disconnects
      where symbol = $1 and (ts >= $2 or until >= $2) and ts < $3
      order by ts, received_at`;
    type Times = Record<"ts" | "received_at", string> &
      Record<"filled_at" | "until" | "noticed", string | null>;
    const rows = await this.#rows<Times & { reason: string; stream: BrokenStream }>(text, [
      this.#symbol,
      textFromMicros(from_us),
      this.#to,
    ]);
    return rows.map(({ ts, reason, received_at, filled_at, stream, until, noticed }) => ({
      event: {
        kind: "disconnect",
        symbol: this.#symbol,
        ts_us: microsFromText(ts),
        received_us: microsFromText(received_at),
        reason,
        stream,
        ...(until === null ? {} : { until_us: microsFromText(until) }),
        ...(noticed === null ? {} : { noticed_us: microsFromText(noticed) }),
      },
      filled_us: filled_at === null ? null : microsFromText(filled_at),
    }));
  }

  async books(): Promise<StoredBook[]> {
    const text = `
      select sec, ${BOOK_SUMS.map((name, i) => `coalesce(exact_e8[${i + 1}], ${name}) as ${name}`).join(", ")}
      from book_1s
      where symbol = $1 and sec >= $2 and sec < $3
      order by sec`;
    type Row = { sec: string } & Record<keyof BookSums, string>;
    const rows = await this.#rows<Row>(text, [this.#symbol, this.#from, this.#to]);
    return rows.map((row) => ({
      sec: unixSec(microsFromText(row.sec) / US_PER_SEC),
      sums: {
        bid_qty_top5_e8: narrowed(BigInt(row.bid_qty_top5_e8)),
        ask_qty_top5_e8: narrowed(BigInt(row.ask_qty_top5_e8)),
        bid_qty_top20_e8: narrowed(BigInt(row.bid_qty_top20_e8)),
        ask_qty_top20_e8: narrowed(BigInt(row.ask_qty_top20_e8)),
      },
    }));
  }

  /** Page by page, so that the process goes on in between. */
  async #rows<Row extends object>(text: string, parameters: string[]): Promise<Row[]> {
    const all: Row[] = [];
    for await (const row of askedByPage<Row>(this.#sql, text, parameters)) all.push(row);
    return all;
  }
}

const tradeOf = (row: TradeRow): Evidence["trades"][number] => {
  const { trade, late } = storedTrade(row);
  return { event: trade, late };
};
