/** A look-back fetched over stored rows that are not believed: what is stored beside them is used all the same. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { type TradeId, tradeId, unixSec } from "../../src/base/units.ts";
import type { SetAside } from "../../src/binance/events.ts";
import { type FillOptions, fetchLookBack } from "../../src/record/fill.ts";
import type { FillHistory, StoredTrade } from "../../src/record/fill_history.ts";
import { START_SEC, START_US, SYMBOL, tradeAt } from "./market_events.ts";
import { logLines } from "./write/log_lines.ts";

/** One trade a millisecond: a minute of them. */
const TRADES = 60_000;
const LATE = 30_000;

async function* rowsOf<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

/** Fetched over `TRADES` stored ones, the newest page also known to REST, and `aside` among them. */
async function fetchedBeside(aside: readonly StoredTrade[]) {
  const trades = Array.from({ length: TRADES }, (_, i) => tradeAt(i));
  const stored: StoredTrade[] = trades.map((trade, i) => ({ trade, late: i === LATE, set_aside: null }));
  const history: FillHistory = {
    tradesSince: () => rowsOf([...stored, ...aside]),
    quotesSince: () => rowsOf([]),
    lastTrade: async () => trades.at(-1),
    lastQuote: async () => undefined,
    lastVectorAt: async () => undefined,
    disconnectsSince: async () => [],
    absentTrades: async () => [],
  };
  let pages = 0;
  const rest: FillOptions["rest"] = {
    trades: async (_, limit = 1_000) => trades.slice(-limit),
    historicalTrades: async (_, from_id, limit = 1_000) => {
      pages++;
      return trades.filter(({ trade_id }) => trade_id >= from_id).slice(0, limit);
    },
    tradesBetween: () => rowsOf([]),
  };
  const { log, lines } = logLines();
  const look_back = await fetchLookBack({
    ...{ symbol: SYMBOL, history, rest, log, clock: new ManualClock(START_US + 60_000_000) },
    ...{
      required_sec: unixSec(START_SEC + 2),
      wanted_sec: unixSec(START_SEC),
      now_sec: unixSec(START_SEC + 60),
    },
    ...{ firstLiveTrade: () => undefined, remembered: () => [], breaks: () => [] },
  });
  return { look_back, pages, warned: lines.map(({ msg }) => msg) };
}

const wrong = (i: number, id: number, epoch: number, set_aside: SetAside): StoredTrade => ({
  trade: { ...tradeAt(i), trade_id: tradeId(id), epoch },
  late: false,
  set_aside,
});

describe("a look-back", () => {
  it.each<[string, StoredTrade[]]>([
    ["an id far too high", [wrong(1_000, 2 ** 53 - 1, 0, "id_ahead")]],
    ["an id of another numbering", [wrong(1_000, 7, 1, "id_ahead")]],
    ["the id of a trade, and another time", [wrong(50_000, tradeAt(900).trade_id, 0, "time_ahead")]],
  ])("rests on what is stored though a row beside it was set aside: %s", async (_, aside) => {
    const { look_back, pages, warned } = await fetchedBeside(aside);
    expect(warned).toEqual([]);
    expect(pages).toBe(0);
    const ids: TradeId[] = look_back.trades.map(({ trade }) => trade.trade_id);
    expect(ids).toEqual(Array.from({ length: TRADES }, (_, i) => tradeAt(i).trade_id));
    expect(look_back.trades.findIndex(({ late }) => late)).toBe(LATE);
    expect(look_back.complete_from_sec).toBe(unixSec(START_SEC + 1));
  });
});
