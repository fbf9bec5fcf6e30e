/**
 * Fetches a lane's look-back: from the database what it has, from REST `trades` and `historicalTrades`, by
 * id, what it has not. Trade ids are consecutive, so completeness is a fact about ids, not a hope about
 * times.
 */

import { type Clock, sleep } from "../base/clock.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { type Micros, secondOf, startOf, type TradeId, type UnixSec, unixSec } from "../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../binance/events.ts";
import type { RestClient } from "../binance/rest.ts";
import type { LookBack } from "../predict/look_back.ts";

/** A trade as the database has it. */
export interface StoredTrade {
  readonly trade: TradeEvent;
  /** It came after its second had closed: no bar holds it. */
  readonly late: boolean;
}

/** What the fill reads from the database; every method may reject when it cannot be reached. */
export interface FillHistory {
  tradesSince(symbol: string, from_us: Micros): AsyncIterable<StoredTrade>;
  quotesSince(symbol: string, from_us: Micros): AsyncIterable<QuoteEvent>;
  /** By time. */
  lastQuote(symbol: string): Promise<QuoteEvent | undefined>;
  /** Instant of the newest vector of any set; undefined where there is none. */
  lastVectorAt(symbol: string): Promise<Micros | undefined>;
  disconnectsSince(symbol: string, from_us: Micros): Promise<DisconnectEvent[]>;
}

/** What the fill asks of REST. */
export type FillRest = Pick<RestClient, "trades" | "tradesBetween" | "historicalTrades">;

export interface FillOptions {
  readonly symbol: string;
  /** The look-back must begin at or before this second: REST is asked for what the database has not. */
  readonly required_sec: UnixSec;
  /** Trades are wanted from this second on, as far as the database has them without a hole. */
  readonly wanted_sec: UnixSec;
  /** The second that is open now: the first to close. */
  readonly now_sec: UnixSec;
  /** Trades of the live stream start here; undefined where none has come yet. */
  readonly firstLiveTrade: () => TradeEvent | undefined;
  readonly history: FillHistory;
  readonly rest: FillRest;
  readonly clock: Clock;
  readonly log: Logger;
}

type Known = Map<number, LookBack["trades"][number]>;

const PAGE_ROWS = 1_000;
/** The stream may be ahead of REST by this much, and ids run against time within it (µs). */
const NUMBERING_SLACK_US = 10_000_000;
const HEAD_TRIES = 10;
const HEAD_WAIT_MS = 200;

/** Never rejects for a database that is away (REST alone fills); rejects where REST fails. */
export async function fetchLookBack(options: FillOptions): Promise<LookBack> {
  const { symbol, required_sec, wanted_sec, history, rest, log } = options;
  const required_us = startOf(required_sec);
  const wanted_us = startOf(wanted_sec);
  const stored = await collect(history.tradesSince(symbol, wanted_us)).catch(unreachable<StoredTrade>(log));
  // Windows over quotes are short, and before the required second nobody asks what stood.
  const quotes = await collect(history.quotesSince(symbol, required_us)).catch(unreachable<QuoteEvent>(log));
  const disconnects = await history
    .disconnectsSince(symbol, wanted_us)
    .catch(unreachable<DisconnectEvent>(log));

  const head = await rest.trades(symbol, PAGE_ROWS);
  const known: Known = new Map(
    sameNumbering(stored, head, log).map((row) => [row.trade.trade_id, { ...row, stored: true }]),
  );
  for (const trade of head) learn(known, trade);
  await reachLive(options, known);
  const { oldest_id, complete_from_sec } = await reachBack(options, known);
  const trades = [...known.values()]
    .filter(({ trade }) => trade.trade_id >= oldest_id)
    .sort((a, b) => a.trade.trade_id - b.trade.trade_id);
  return { trades, quotes, disconnects, complete_from_sec };
}

/**
 * The stored trades, unless the exchange has begun to number its trades anew since (a test network does when
 * it is wiped): then an old trade has a higher id than a new one, and ids join nothing.
 */
function sameNumbering(
  stored: readonly StoredTrade[],
  head: readonly TradeEvent[],
  log: Logger,
): readonly StoredTrade[] {
  const newest = head.at(-1);
  const anew =
    newest &&
    stored.some(
      ({ trade }) => trade.trade_id > newest.trade_id && trade.ts_us < newest.ts_us - NUMBERING_SLACK_US,
    );
  if (!anew) return stored;
  log.warn({ symbol: newest.symbol }, "the exchange numbers its trades anew: stored ones are left out");
  return [];
}

function learn(known: Known, trade: TradeEvent): void {
  if (!known.has(trade.trade_id)) known.set(trade.trade_id, { trade, late: false, stored: false });
}

/** REST may lag behind the stream: asks until it has caught up with the first live trade. */
async function reachLive(options: FillOptions, known: Known): Promise<void> {
  const { symbol, rest, clock, log } = options;
  for (let tries = 0; tries < HEAD_TRIES; tries++) {
    const live = options.firstLiveTrade();
    const newest = newestId(known);
    if (!live || known.size === 0 || newest >= live.trade_id - 1) return;
    const from = (newest + 1) as TradeId; // follows a trade id
    const to = (live.trade_id - 1) as TradeId; // newest + 1 or above
    for await (const page of rest.tradesBetween(symbol, from, to)) {
      for (const trade of page) learn(known, trade);
    }
    if (!known.has(live.trade_id - 1)) await sleep(clock, HEAD_WAIT_MS);
  }
  log.warn({ symbol }, "the exchange's trade history did not catch up with its stream: starting cold");
}

/**
 * Walks back by id from the newest trade, through what the database has and, down to one trade before the
 * required second, through what REST answers.
 *
 * @returns where the unbroken run of ids begins, and the second from which trades are complete.
 */
async function reachBack(options: FillOptions, known: Known): Promise<Reach> {
  const { symbol, required_sec, now_sec, rest, log } = options;
  let id = newestId(known);
  let oldest = known.get(id)?.trade;
  // Nobody knows of a trade: then nobody knows that there was none, and data begins inside this second.
  if (!oldest) return { oldest_id: 0, complete_from_sec: unixSec(now_sec + 1) };
  for (let pages = 0; ; ) {
    const before = known.get(id - 1)?.trade;
    if (before) {
      oldest = before;
      id -= 1;
      continue;
    }
    const first = Math.max(0, id - PAGE_ROWS);
    if (oldest.ts_us < startOf(required_sec) || id <= 0 || pages++ >= LIMITS.fill_pages_max) break;
    const page = await rest.historicalTrades(symbol, first as TradeId, id - first); // 0 ≤ first < id
    for (const trade of page) if (trade.trade_id < id) learn(known, trade);
    if (!known.has(id - 1)) break;
    if (pages % 20 === 0) log.info({ symbol, pages, required_sec }, "filling the look-back");
  }
  // A second is complete from its start on, and the oldest trade may stand inside its second.
  return { oldest_id: oldest.trade_id, complete_from_sec: unixSec(secondOf(oldest.ts_us) + 1) };
}

/** −∞ where nothing is known. Not by spreading: there may be more keys than a call takes arguments. */
function newestId(known: Known): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const id of known.keys()) if (id > newest) newest = id;
  return newest;
}

interface Reach {
  readonly oldest_id: number;
  readonly complete_from_sec: UnixSec;
}

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

const unreachable =
  <T>(log: Logger) =>
  (error: unknown): T[] => {
    log.warn({ error: String(error) }, "the database could not be asked for the look-back");
    return [];
  };
