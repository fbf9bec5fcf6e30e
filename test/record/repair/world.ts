/** A market of half an hour, the exchange that serves it by REST, and a database that has it but for a hole. */

import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { micros, priceE8, qtyE8, tradeId, unixSec, updateId } from "../../../src/base/units.ts";
import type { MarketSource } from "../../../src/binance/capture/market_source.ts";
import type { QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { RestClient } from "../../../src/binance/rest/client.ts";
import { lookBackStart } from "../../../src/features/algebra/look_back.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import { Lane } from "../../../src/predict/lane/lane.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { fetchLookBack } from "../../../src/record/fill.ts";
import { Queries } from "../../../src/record/queries.ts";
import { RepairJob, type RepairJobOptions } from "../../../src/record/repair/repair_job.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { onTime, store } from "../../features/sql/sql_world.ts";
import { firstSeconds, START_US } from "../../sim/markets.ts";

export const SYMBOL = "BTCUSDT";
export const START_SEC = START_US / 1e6;
const SECONDS = 1_800;
const SHARED = { clock: systemClock, rng: seededRng(1), log: silentLogger };

/** Its holes are in the trades: quotes are as many as vectors need. */
export const market = (): MarketSource =>
  firstSeconds(simulatedSource({ seed: 5, start_us: START_US, depth: false, quotes_per_s: 14 }), SECONDS);

/** As the streams tell them. */
export function eventsOf(source: MarketSource): { trades: TradeEvent[]; quotes: QuoteEvent[] } {
  const [trades, quotes]: [TradeEvent[], QuoteEvent[]] = [[], []];
  const messages = source.messages();
  for (let step = messages.next(); !step.done; step = messages.next()) {
    const { message, at_us } = step.value;
    const common = { symbol: SYMBOL, epoch: 0, received_us: micros(at_us) };
    if (message.kind === "trades") {
      for (const trade of message.trades) {
        trades.push({
          ...{ kind: "trade", ...common, ts_us: micros(Number(message.transact_time_us)) },
          trade_id: tradeId(Number(trade.id)),
          price_e8: priceE8(Number(trade.price)),
          qty_e8: qtyE8(Number(trade.qty)),
          is_buyer_maker: trade.is_buyer_maker,
        });
      }
    }
    if (message.kind === "best_bid_ask") {
      quotes.push({
        ...{ kind: "quote", ...common, ts_us: micros(Number(message.event_time_us)) },
        update_id: updateId(Number(message.book_update_id)),
        bid_price_e8: priceE8(Number(message.bid_price)),
        bid_qty_e8: qtyE8(Number(message.bid_qty)),
        ask_price_e8: priceE8(Number(message.ask_price)),
        ask_qty_e8: qtyE8(Number(message.ask_qty)),
      });
    }
  }
  return { trades, quotes };
}

/** The market without the trades that `gone` names: what an exchange with a gap of its own has. */
export function without(source: MarketSource, gone: (id: number) => boolean): MarketSource {
  return {
    ...source,
    *messages() {
      const all = source.messages();
      for (let step = all.next(); !step.done; step = all.next()) {
        const { message } = step.value;
        if (message.kind !== "trades") yield step.value;
        else {
          const trades = message.trades.filter(({ id }) => !gone(Number(id)));
          if (trades.length > 0) yield { at_us: step.value.at_us, message: { ...message, trades } };
        }
      }
    },
  };
}

/** An exchange whose market is over, all of it in its past, and a client of it. */
export async function exchangeOf(
  source: MarketSource,
): Promise<{ exchange: PaperExchange; origin: string; rest: RestClient }> {
  const exchange = new PaperExchange({
    ...{ source, speed: 1, history_s: SECONDS + 60, start_on: "play" },
    limits: { weight_per_minute: 1_000_000 },
  });
  const { rest_origin: origin } = await exchange.start();
  return {
    exchange,
    origin,
    rest: new RestClient({ ...SHARED, origin, backoff: { first_ms: 5, cap_ms: 20 } }),
  };
}

/** Stores a market from which `makeHole` takes. */
export async function storeWhole(
  { sql }: Database,
  { trades, quotes }: ReturnType<typeof eventsOf>,
): Promise<void> {
  await store(sql, onTime(SYMBOL, [...trades, ...quotes]));
}

/** Takes the trades from second `from_sec` to `to_sec` of the market out of the stored ones, marked as a break. */
export async function makeHole(
  { sql }: Database,
  { trades }: ReturnType<typeof eventsOf>,
  { from_sec, to_sec }: { readonly from_sec: number; readonly to_sec: number },
): Promise<readonly TradeEvent[]> {
  const [from_us, to_us] = [(START_SEC + from_sec) * 1e6, (START_SEC + to_sec) * 1e6];
  const before = trades.findLast(({ ts_us }) => ts_us < from_us)!;
  const after = trades.find(({ ts_us }) => ts_us >= to_us)!;
  await sql`delete from trades where ts >= at_us(${from_us}) and ts < at_us(${to_us})`;
  await sql`
    insert into disconnects (symbol, ts, until, reason, received_at, stream)
    values (${SYMBOL}, at_us(${before.ts_us}), at_us(${after.ts_us}), 'test', at_us(${after.ts_us}), 'trade')`;
  return trades.filter(({ ts_us }) => ts_us >= from_us && ts_us < to_us);
}

export function repairOf(
  database: Database,
  rest: RepairJobOptions["rest"],
  more: Partial<RepairJobOptions> = {},
): { job: RepairJob; close(): Promise<void> } {
  const refresher = new Refresher({ database, clock: systemClock, log: silentLogger });
  const job = new RepairJob({
    ...{ ...SHARED, database, refresher, rest, symbols: [SYMBOL] },
    ...{ writer: { flush: async () => {} }, fences: () => null, isWarmedUp: () => true },
    ...more,
  });
  return {
    job,
    close: async () => {
      await job.close();
      await refresher.close();
    },
  };
}

/** An exchange's REST through a door that a test can shut for trade history: what comes then is never answered. */
export async function doorTo(source: MarketSource) {
  const { exchange, rest, origin } = await exchangeOf(source);
  await rest.close();
  const waiting = Promise.withResolvers<void>();
  const door = { shut: false, reached: waiting.promise };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: ({ url, headers }) => {
      const { pathname, search } = new URL(url);
      if (!door.shut || !pathname.endsWith("/historicalTrades"))
        return fetch(`${origin}${pathname}${search}`, { headers });
      waiting.resolve();
      return new Promise<Response>(() => {});
    },
  });
  const client = new RestClient({
    ...SHARED,
    origin: `http://127.0.0.1:${server.port}`,
    timeout_ms: 3_600_000,
  });
  return {
    ...{ door, rest: client },
    close: async (): Promise<void> => {
      await client.close();
      await server.stop(true);
      await exchange.close();
    },
  };
}

/** What a lane makes of the market from `from_sec` on that fetches its look-back first, with an exchange that lacks `gone`. */
export async function vectorsAcross(
  database: Database,
  rest: RestClient,
  { trades, quotes }: ReturnType<typeof eventsOf>,
  gone: (id: number) => boolean,
  from_sec: number,
): Promise<{ readonly ledger: Lane["ledger"]; readonly vectors: readonly FeatureVector[] }> {
  const vectors: FeatureVector[] = [];
  const nothing = (): void => {};
  const lane = new Lane({
    ...{ symbol: SYMBOL, sets: [v1], streams: ["trade", "bestBidAsk"], grace_ms: 250 },
    output: {
      ...{ trade: nothing, quote: nothing, disconnect: nothing, breakEnded: nothing, timeDoubted: nothing },
      ...{ bookSums: nothing, fillWanted: nothing },
      closed: (second) => void vectors.push(...second.vectors),
    },
  });
  const live = [...trades.filter(({ trade_id }) => !gone(trade_id)), ...quotes]
    .filter(({ ts_us }) => ts_us >= from_sec * 1e6)
    .sort((a, b) => a.received_us - b.received_us);
  lane.hold();
  for (const event of live.slice(0, 20)) lane.onEvent(event);
  const start = unixSec(lookBackStart(v1.look_back, unixSec(from_sec)) - 1);
  const look_back = await fetchLookBack({
    ...{ symbol: SYMBOL, required_sec: start, wanted_sec: start, now_sec: unixSec(from_sec), rest },
    ...{ clock: systemClock, log: silentLogger, history: new Queries(database) },
    firstLiveTrade: () => lane.firstHeldTrade(),
    remembered: () => lane.remembered(),
    breaks: () => lane.rememberedBreaks,
  });
  lane.release(look_back);
  for (const event of live.slice(20)) lane.onEvent(event);
  return { ledger: lane.ledger, vectors };
}
