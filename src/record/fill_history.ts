/**
 * What the database has of a lane's look-back. It may be away or not answer: then REST alone fills, so each
 * question has a deadline and none rejects.
 */

import type { Clock } from "../base/clock.ts";
import { whileProgressing, withDeadline } from "../base/deadline.ts";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { type Micros, startOf, type UnixSec } from "../base/units.ts";
import type { DisconnectEvent, QuoteEvent, SetAside, TradeEvent } from "../binance/events.ts";
import type { TradeGap } from "../binance/trade_ledger.ts";

/** A trade as the database has it. */
export interface StoredTrade {
  readonly trade: TradeEvent;
  /** It came after its second had closed: no bar holds it. */
  readonly late: boolean;
  /** Why it is not believed: no bar holds it either. null: it is. */
  readonly set_aside: SetAside | null;
}

/** What the fill reads from the database; every method may reject when it cannot be reached. */
export interface FillHistory {
  tradesSince(symbol: string, from_us: Micros): AsyncIterable<StoredTrade>;
  quotesSince(symbol: string, from_us: Micros): AsyncIterable<QuoteEvent>;
  /**
   * The newest believed one by time; of those before `before_us`, and of those not received during `own`, where these
   * are given.
   */
  lastTrade(symbol: string, before_us?: Micros, own?: Received): Promise<TradeEvent | undefined>;
  /** As `lastTrade`. */
  lastQuote(symbol: string, before_us?: Micros, own?: Received): Promise<QuoteEvent | undefined>;
  /** Instant of the newest vector of any set, at `before_us` at the latest; undefined where there is none. */
  lastVectorAt(symbol: string, before_us?: Micros): Promise<Micros | undefined>;
  disconnectsSince(symbol: string, from_us: Micros): Promise<DisconnectEvent[]>;
  /** Ids the exchange itself has no trade of, ascending by epoch and id. */
  absentTrades(symbol: string): Promise<AbsentRange[]>;
}

/** From then until then (local clock). A run may fetch trades of before it began. */
export interface Received {
  readonly from_us: Micros;
  readonly until_us: Micros;
}

/** Ids of one numbering that REST answers without. */
export interface AbsentRange extends TradeGap {
  readonly epoch: number;
}

export interface StoredLookBack {
  readonly trades: readonly StoredTrade[];
  readonly quotes: readonly QuoteEvent[];
  readonly disconnects: readonly DisconnectEvent[];
  readonly absent: readonly AbsentRange[];
  /** The database was asked and answered. */
  readonly with_database: boolean;
}

export interface StoredOptions {
  readonly symbol: string;
  /** Trades are wanted from this second on. */
  readonly wanted_sec: UnixSec;
  /** Quotes are: windows over them are short. */
  readonly required_sec: UnixSec;
  readonly history: FillHistory | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const NOTHING: StoredLookBack = { trades: [], quotes: [], disconnects: [], absent: [], with_database: false };

/** All of it or nothing: half of what is stored would pass for all of it. Never rejects. */
export async function readStored(options: StoredOptions): Promise<StoredLookBack> {
  const { symbol, wanted_sec, required_sec, history, clock, log } = options;
  if (!history) return NOTHING;
  const wanted_us = startOf(wanted_sec);
  try {
    const trades = await collect(history.tradesSince(symbol, wanted_us), clock);
    const quotes = await collect(history.quotesSince(symbol, startOf(required_sec)), clock);
    const limit = { clock, limit: "fill_query_ms_max" as const };
    const disconnects = await withDeadline(history.disconnectsSince(symbol, wanted_us), {
      ...{ ...limit, what: "the stored breaks" },
    });
    const absent = await withDeadline(history.absentTrades(symbol), {
      ...{ ...limit, what: "the ids the exchange has no trades of" },
    });
    return { trades, quotes, disconnects, absent, with_database: true };
  } catch (error) {
    log.warn({ symbol, error: describeError(error) }, "the database could not be asked for the look-back");
    return NOTHING;
  }
}

/** A long answer may take its time, one that stops coming may not. */
function collect<T>(rows: AsyncIterable<T>, clock: Clock): Promise<T[]> {
  const all: T[] = [];
  const limit = { clock, limit: "fill_query_ms_max" as const, what: "the stored rows of the look-back" };
  return whileProgressing(addTo(all, rows), () => all.length, limit);
}

async function addTo<T>(all: T[], rows: AsyncIterable<T>): Promise<T[]> {
  for await (const row of rows) all.push(row);
  return all;
}
