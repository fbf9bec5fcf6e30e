/**
 * Rows of the archive's CSVs. Some files have a header and most have none; times are milliseconds in older
 * rows and microseconds in newer ones, told by their magnitude; booleans are written in any case. Source of
 * the columns: https://github.com/binance/binance-public-data
 */

import { describeError, fail } from "../../base/errors.ts";
import { type Micros, micros, parseE8, parseQtyE8, priceE8, tradeId, US_PER_MS } from "../../base/units.ts";
import type { Kline } from "../rest/body.ts";
import type { HistoryKind, TradeRun } from "../trade_run.ts";

/** Above it a time is µs: 10^14 µs is in 1973, 10^14 ms in the year 5138. */
const MICROS_MIN = 1e14;

/** Data begins with a digit, a header with a letter. */
export const isHeader = (line: string): boolean => !/^[\d"]/.test(line);

/**
 * A row of `kind`. undefined for an aggregate of no trades: the early years hold some, with ids of −1 and a
 * quantity of 0, which mean no trade.
 *
 * @throws ForetickError ARCHIVE_CONTENT naming the line's text.
 */
export function runOfLine(kind: HistoryKind, line: string): TradeRun | undefined {
  const cells = line.split(",");
  try {
    return kind === "trades" ? tradeOf(cells) : aggregateOf(cells);
  } catch (cause) {
    const shown = JSON.stringify(line.slice(0, 120));
    return fail("ARCHIVE_CONTENT", `expected a row of ${kind}, was ${shown}: ${describeError(cause)}`, {
      cause,
    });
  }
}

/** Cell that holds the time. */
const TIME_CELL = { trades: 4, aggTrades: 5 } as const;

/**
 * The time of a row of `kind`, without reading the rest of it. undefined for an aggregate of no trades.
 *
 * @throws ForetickError ARCHIVE_CONTENT naming the line's text.
 */
export function timeOfLine(kind: HistoryKind, line: string): Micros | undefined {
  const no_trade = kind === "aggTrades" && line.includes(",-1,");
  if (no_trade && runOfLine(kind, line) === undefined) return undefined;
  let start = 0;
  for (let cell = TIME_CELL[kind]; cell > 0; cell--) start = line.indexOf(",", start) + 1 || line.length;
  const end = line.indexOf(",", start);
  try {
    return timeOf(line.slice(start, end === -1 ? undefined : end));
  } catch (cause) {
    const shown = JSON.stringify(line.slice(0, 120));
    return fail("ARCHIVE_CONTENT", `expected a row of ${kind}, was ${shown}: ${describeError(cause)}`, {
      cause,
    });
  }
}

// id, price, qty, quoteQty, time, isBuyerMaker, isBestMatch
function tradeOf(cells: readonly string[]): TradeRun {
  const id = tradeId(integer(cells[0]));
  return {
    first_trade_id: id,
    last_trade_id: id,
    ts_us: timeOf(cells[4]),
    price_e8: priceE8(parseE8("price", cells[1] ?? "")),
    qty_e8: parseQtyE8("quantity", cells[2] ?? ""),
    is_buyer_maker: booleanOf(cells[5]),
  };
}

// aggTradeId, price, qty, firstTradeId, lastTradeId, timestamp, isBuyerMaker, isBestMatch
function aggregateOf(cells: readonly string[]): TradeRun | undefined {
  if (cells[3] === "-1" || cells[4] === "-1") return undefined;
  const first_trade_id = tradeId(integer(cells[3]));
  const last_trade_id = tradeId(integer(cells[4]));
  if (last_trade_id < first_trade_id) fail("UNIT_RANGE", "expected first trade id ≤ last trade id");
  return {
    first_trade_id,
    last_trade_id,
    ts_us: timeOf(cells[5]),
    price_e8: priceE8(parseE8("price", cells[1] ?? "")),
    qty_e8: parseQtyE8("quantity", cells[2] ?? ""),
    is_buyer_maker: booleanOf(cells[6]),
  };
}

/**
 * openTime, o, h, l, c, volume, closeTime, quoteVolume, count, takerBase, takerQuote, ignored.
 *
 * @throws ForetickError ARCHIVE_CONTENT naming the line's text.
 */
export function klineOfLine(line: string): Kline {
  const cells = line.split(",");
  const price = (index: number) => priceE8(parseE8("price", cells[index] ?? ""));
  try {
    return {
      open_time_us: timeOf(cells[0]),
      open_price_e8: price(1),
      high_price_e8: price(2),
      low_price_e8: price(3),
      close_price_e8: price(4),
      volume_e8: bigE8(cells[5]),
      close_time_us: timeOf(cells[6]),
      quote_volume_e8: bigE8(cells[7]),
      trade_count: integer(cells[8]),
      taker_buy_volume_e8: bigE8(cells[9]),
      taker_buy_quote_volume_e8: bigE8(cells[10]),
    };
  } catch (cause) {
    const shown = JSON.stringify(line.slice(0, 160));
    return fail("ARCHIVE_CONTENT", `expected a kline, was ${shown}: ${describeError(cause)}`, { cause });
  }
}

function integer(text: string | undefined): number {
  if (text !== undefined && /^\d+$/.test(text)) return Number(text);
  return fail("UNIT_RANGE", `expected digits, was ${JSON.stringify(text)}`);
}

function timeOf(text: string | undefined): Micros {
  const time = integer(text);
  return micros(time >= MICROS_MIN ? time : time * US_PER_MS);
}

function booleanOf(text: string | undefined): boolean {
  const lower = text?.trim().toLowerCase();
  if (lower === "true" || lower === "false") return lower === "true";
  return fail("UNIT_RANGE", `expected true or false, was ${JSON.stringify(text)}`);
}

/** An unbounded sum at 1e-8. */
function bigE8(text: string | undefined): bigint {
  const match = /^(\d+)(?:\.(\d{0,8})0*)?$/.exec(text ?? "");
  if (match) return BigInt(match[1]! + (match[2] ?? "").padEnd(8, "0"));
  return fail("UNIT_RANGE", `expected a decimal with at most 8 places, was ${JSON.stringify(text)}`);
}
