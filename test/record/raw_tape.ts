/** Random trades and quotes as they might be stored, and how to store them without the product's writer. */

import type { Sql } from "postgres";
import type { Rng } from "../../src/base/rng.ts";
import type { QuoteRow, RawTape, TradeRow } from "./bars/naive_bars.ts";

/** Six hours from here are one chunk. */
export const TAPE_START_US = Date.UTC(2024, 7, 8, 0) * 1_000;
const SYMBOLS = ["BTCUSDT", "ETHUSDT"] as const;

export interface TapeKnobs {
  readonly from_us: number;
  readonly seconds: number;
  readonly trades: number;
  readonly quotes: number;
  /** Ids begin here; tapes of one database must not share any. */
  readonly first_id: number;
  readonly late_share?: number;
}

/** Bursts and silences, ties in time, ids that run against time, empty seconds, and the largest values there are. */
export function rawTape(rng: Rng, knobs: TapeKnobs): RawTape {
  const late = () => rng.uniform() < (knobs.late_share ?? 0.05);
  const timed = (i: number, count: number): number => {
    const burst =
      rng.uniform() < 0.3 ? Math.floor(rng.uniform() * 5) * Math.floor(knobs.seconds / 5) : undefined;
    const sec = burst ?? Math.floor(((i + rng.uniform()) / count) * knobs.seconds);
    // A second's first and last microsecond, a shared millisecond, or anything.
    const within = [0, 999_999, 250_000, rng.below(1_000_000)][rng.below(4)]!;
    return knobs.from_us + sec * 1_000_000 + within;
  };
  const trades = Array.from({ length: knobs.trades }, (_, i): TradeRow => {
    const ts_us = timed(i, knobs.trades);
    const trade_id = knobs.first_id + 5 * i;
    const huge = rng.uniform() < 0.02;
    return {
      symbol: SYMBOLS[rng.below(3) === 0 ? 1 : 0],
      ts_us,
      trade_id,
      first_trade_id: rng.uniform() < 0.1 ? trade_id - 1 - rng.below(4) : null,
      price_e8: huge
        ? Number.MAX_SAFE_INTEGER - rng.below(3)
        : 6_100_000_000_000 + rng.below(1_000_000) * 10_000,
      qty_e8: huge ? Number.MAX_SAFE_INTEGER - rng.below(3) : rng.below(50) * 1_000,
      is_buyer_maker: rng.below(2) === 0,
      late: late(),
      received_us: ts_us + rng.below(5_000_000),
    };
  });
  const quotes = Array.from({ length: knobs.quotes }, (_, i): QuoteRow => {
    const ts_us = timed(i, knobs.quotes);
    const bid = 6_100_000_000_000 + rng.below(1_000_000) * 10_000;
    return {
      symbol: SYMBOLS[rng.below(3) === 0 ? 1 : 0],
      ts_us,
      update_id: knobs.first_id + 3 * i,
      bid_price_e8: bid,
      bid_qty_e8: rng.below(1_000_000) * 1_000,
      ask_price_e8: bid + rng.below(5) * 1_000_000,
      ask_qty_e8: rng.below(2) === 0 ? Number.MAX_SAFE_INTEGER : rng.below(1_000_000) * 1_000,
      late: late(),
      received_us: ts_us + rng.below(5_000_000),
    };
  });
  return { trades, quotes };
}

/** Stores the rows in one statement per table, in the order given. */
export async function storeTape(sql: Sql, { trades, quotes }: RawTape): Promise<void> {
  if (trades.length > 0) {
    await sql.unsafe(
      `insert into trades
      select symbol, at_us(ts_us), trade_id, price_e8, qty_e8, is_buyer_maker, late, at_us(received_us),
        first_trade_id
      from json_to_recordset($1::text::json) as row(symbol text, ts_us bigint, trade_id bigint, price_e8 bigint,
        qty_e8 bigint, is_buyer_maker boolean, late boolean, received_us bigint, first_trade_id bigint)`,
      [JSON.stringify(trades)],
    );
  }
  if (quotes.length > 0) {
    await sql.unsafe(
      `insert into quotes
      select symbol, at_us(ts_us), update_id, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, late,
        at_us(received_us)
      from json_to_recordset($1::text::json) as row(symbol text, ts_us bigint, update_id bigint,
        bid_price_e8 bigint, bid_qty_e8 bigint, ask_price_e8 bigint, ask_qty_e8 bigint, late boolean,
        received_us bigint)`,
      [JSON.stringify(quotes)],
    );
  }
}

export const joinTapes = (...tapes: readonly RawTape[]): RawTape => ({
  trades: tapes.flatMap(({ trades }) => trades),
  quotes: tapes.flatMap(({ quotes }) => quotes),
});

/** The rows by time, in `parts` of the same length. */
export function inParts({ trades, quotes }: RawTape, parts: number): RawTape[] {
  const times = [...trades, ...quotes].map(({ ts_us }) => ts_us);
  const [from_us, to_us] = [Math.min(...times), Math.max(...times) + 1];
  const partOf = ({ ts_us }: { ts_us: number }) =>
    Math.floor(((ts_us - from_us) / (to_us - from_us)) * parts);
  return Array.from({ length: parts }, (_, part) => ({
    trades: trades.filter((row) => partOf(row) === part),
    quotes: quotes.filter((row) => partOf(row) === part),
  }));
}
