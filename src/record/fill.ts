/**
 * Fetches a lane's look-back: from what the lane keeps and the database has, and from REST `trades` and
 * `historicalTrades`, by id, what is missing there. Trade ids are consecutive, so completeness follows from ids, not from
 * times.
 */

import { type Clock, sleep } from "../base/clock.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { inTurns, nextTurn, type Steps } from "../base/turns.ts";
import { secondOf, startOf, type TradeId, type UnixSec, unixSec } from "../base/units.ts";
import { tradeFault } from "../binance/belief/row_faults.ts";
import type { DisconnectEvent, TradeEvent } from "../binance/events.ts";
import type { RestClient } from "../binance/rest/client.ts";
import type { TradeGap } from "../binance/trade_ledger.ts";
import type { LookBack } from "../predict/lane/look_back.ts";
import type { RememberedTrade } from "../predict/lane/recent_trades.ts";
import { type EarlierNumbering, earlierTrades, type Known } from "./earlier_numberings.ts";
import { type FillHistory, readStored, type StoredLookBack, type StoredTrade } from "./fill_history.ts";

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
  /** Trades the lane has known before that one, by id. */
  readonly remembered: () => Iterable<RememberedTrade>;
  /** The breaks the lane knows of. */
  readonly breaks: () => readonly DisconnectEvent[];
  /** Undefined: the database does not answer, and is not asked. */
  readonly history: FillHistory | undefined;
  readonly rest: FillRest;
  readonly clock: Clock;
  readonly log: Logger;
}

const PAGE_ROWS = 1_000;
/** Rows handled in one step. */
const LOT_ROWS = 64;
/** The stream may be ahead of REST by this much, and ids run against time within it (µs). */
const NUMBERING_SLACK_US = 10_000_000;
const HEAD_TRIES = 10;
const HEAD_WAIT_MS = 200;

export interface FetchedLookBack extends LookBack {
  /** The database was asked and answered. */
  readonly with_database: boolean;
}

/**
 * Never rejects for a database that is away (REST alone fills); rejects where REST fails. Hundreds of thousands of trades
 * are handled in slices: ticks go on between them.
 */
export async function fetchLookBack(options: FillOptions): Promise<FetchedLookBack> {
  const { symbol, rest } = options;
  const stored = await readStored(options);
  const head = await rest.trades(symbol, PAGE_ROWS);
  const { known, absent, earlier } = await inTurns(knownOf(options, stored, head));
  for (const trade of head) learn(known, trade);
  await reachLive(options, known);
  const { oldest_id, complete_from_sec } = await reachBack(options, known, absent);
  // The stream may have told its first trade only meanwhile: there must be no hole before it.
  await reachLive(options, known);
  const trades = await inTurns(ascending(known, oldest_id, absent));
  const { quotes, disconnects, with_database } = stored;
  const breaks = [...disconnects, ...options.breaks()];
  const before = await inTurns(earlierTrades({ first: known.get(oldest_id)?.trade, earlier, breaks }));
  return {
    ...{ trades, quotes, disconnects, absent, with_database },
    ...{ complete_from_sec: before.complete_from_sec ?? complete_from_sec, earlier: before.trades },
  };
}

/**
 * What is stored, and what the lane has taken, which is stored or waits in the writer, by id, each numbering for itself:
 * ids connect nothing across numberings.
 */
function* knownOf(
  options: FillOptions,
  stored: StoredLookBack,
  head: readonly TradeEvent[],
): Steps<EarlierNumbering & { readonly earlier: readonly EarlierNumbering[] }> {
  const had: StoredTrade[] = [];
  let [rows, epoch] = [0, 0];
  for (const rowsOf of [stored.trades, remembered(options)]) {
    for (const row of rowsOf) {
      if (++rows % LOT_ROWS === 0) yield LOT_ROWS;
      // A row that was set aside is no trade: its id is asked of REST like any other that is missing, and neither its id
      // nor its epoch says anything of the numbering.
      if (row.set_aside !== null) continue;
      had.push(row);
      if (row.trade.epoch > epoch) epoch = row.trade.epoch;
    }
  }
  const byEpoch = new Map<number, Known>([[epoch, new Map()]]);
  const newest = head.at(-1);
  for (const row of had) {
    if (++rows % LOT_ROWS === 0) yield LOT_ROWS;
    if (newest && row.trade.epoch === epoch && isOfEarlierNumbering(row, newest)) {
      options.log.warn(
        { symbol: newest.symbol },
        "the exchange numbers its trades from the start again: stored ones are left out",
      );
      return { known: new Map(), absent: [], earlier: [] };
    }
    const { trade, late } = row;
    const known: Known = byEpoch.get(trade.epoch) ?? new Map();
    byEpoch.set(trade.epoch, known.set(trade.trade_id, { trade, late, stored: true }));
  }
  const numberings = [...byEpoch]
    .sort(([a], [b]) => b - a)
    .map(([of, known]) => ({ known, absent: stored.absent.filter((range) => range.epoch === of) }));
  return { ...numberings[0]!, earlier: numberings.slice(1) };
}

function* remembered(options: FillOptions): Generator<StoredTrade> {
  for (const { trade, late } of options.remembered()) yield { trade, late, set_aside: null };
}

/**
 * The exchange has since begun to number its trades from the start again (a test network does when it is wiped): an
 * old trade has a higher id than a new one.
 */
function isOfEarlierNumbering({ trade }: StoredTrade, newest: TradeEvent): boolean {
  return trade.trade_id > newest.trade_id && trade.ts_us < newest.ts_us - NUMBERING_SLACK_US;
}

/**
 * From `oldest_id` on, by id: an unbroken run, but for ids the exchange has no trade of. What REST gave is checked like what
 * the streams send, beside the trades before and after it.
 */
function* ascending(known: Known, oldest_id: number, absent: readonly TradeGap[]): Steps<LookBack["trades"]> {
  const trades: LookBack["trades"][number][] = [];
  const newest = newestId(known);
  for (let id = oldest_id, rows = 0; id <= newest; id++) {
    const row = known.get(id);
    if (row) trades.push(row);
    else id = absent.find(({ from, to }) => from <= id && id <= to)?.to ?? id;
    if (++rows % LOT_ROWS === 0) yield LOT_ROWS;
  }
  for (let index = 0; index < trades.length; index++) {
    const row = trades[index]!;
    if (index % LOT_ROWS === 0) yield LOT_ROWS;
    if (row.stored) continue;
    const set_aside = tradeFault(trades[index - 1]?.trade, row.trade, trades[index + 1]?.trade);
    if (set_aside) trades[index] = { ...row, set_aside };
  }
  return trades;
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
    // No exchange's history is that far behind its stream: the live id is wrong, or of another numbering.
    if (to - from > LIMITS.fill_pages_max * PAGE_ROWS) break;
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
async function reachBack(options: FillOptions, known: Known, absent: readonly TradeGap[]): Promise<Reach> {
  const { symbol, required_sec, now_sec, rest, log } = options;
  let id = newestId(known);
  let oldest = known.get(id)?.trade;
  // No trade is known. That does not prove that there was none, so data begins inside this second.
  if (!oldest) return { oldest_id: 0, complete_from_sec: unixSec(now_sec + 1) };
  for (let pages = 0, rows = 0; ; ) {
    if (++rows % LIMITS.turn_rows_max === 0) await nextTurn();
    const lower = absent.find(({ to }) => to === id - 1)?.from ?? id;
    const before = known.get(lower - 1)?.trade;
    if (before) {
      oldest = before;
      id = lower - 1;
      continue;
    }
    const first = Math.max(0, id - PAGE_ROWS);
    if (oldest.ts_us < startOf(required_sec) || id <= 0 || pages++ >= LIMITS.fill_pages_max) break;
    const page = await rest.historicalTrades(symbol, first as TradeId, id - first); // 0 ≤ first < id
    for (const trade of page) if (trade.trade_id < id) learn(known, trade);
    if (!known.has(id - 1)) break;
    if (pages % 20 === 0) log.info({ symbol, pages, required_sec }, "filling the look-back");
  }
  // A second is complete from its start on, and the oldest trade may be inside its second.
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
