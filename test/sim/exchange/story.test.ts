/**
 * REST and the streams tell one story. Whatever a client hears on the sockets is checked against what REST
 * says of the same market, with a book of its own kept by nothing but a Map.
 */

import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { parseE8 } from "../../../src/base/units.ts";
import type { MarketSource } from "../../../src/binance/capture/market_source.ts";
import { decodeFrame } from "../../../src/binance/sbe/decode.ts";
import type { SbeMessage } from "../../../src/binance/sbe/messages.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import type { PaperExchangeOptions } from "../../../src/sim/exchange/options.ts";
import { recordingSource } from "../../../src/sim/recording/recording.ts";
import { RECORDING, recording_is_here, simulatedSeconds } from "../markets.ts";
import { SocketClient } from "./socket_client.ts";

const STREAMS = "btcusdt@trade/btcusdt@bestBidAsk/btcusdt@depth";

const exchanges: PaperExchange[] = [];
afterEach(async () => {
  for (const exchange of exchanges.splice(0)) await exchange.close();
});

interface RestDepth {
  readonly lastUpdateId: number;
  readonly bids: readonly (readonly [price: string, qty: string])[];
  readonly asks: readonly (readonly [price: string, qty: string])[];
}

async function started(source: MarketSource, options: Partial<PaperExchangeOptions> = {}) {
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const exchange = new PaperExchange({
    source,
    speed: "max",
    start_on: "play",
    limits: { weight_per_minute: 1e9 },
    on_end: () => end(),
    ...options,
  });
  exchanges.push(exchange);
  const { ws_origin, rest_origin } = await exchange.start();
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${rest_origin}/api/v3/${path}`, {
      headers: { "X-MBX-TIME-UNIT": "MICROSECOND" },
    });
    expect(response.status).toBe(200);
    return (await response.json()) as T;
  };
  const client = await SocketClient.open(`${ws_origin}/stream?streams=${STREAMS}`);
  return { exchange, client, get, ended };
}

function decoded(frame: Uint8Array): SbeMessage {
  const result = decodeFrame(frame);
  if (!result.ok) throw new Error("expected a frame that decodes");
  return result.message;
}

/** A book by Binance's rules and nothing clever: a Map a side. */
class NaiveBook {
  id: number;
  readonly #bids: Map<number, number>;
  readonly #asks: Map<number, number>;

  constructor(snapshot: RestDepth) {
    const side = (levels: RestDepth["bids"]) =>
      new Map(levels.map(([price, qty]) => [parseE8("price", price), parseE8("qty", qty)]));
    this.id = snapshot.lastUpdateId;
    this.#bids = side(snapshot.bids);
    this.#asks = side(snapshot.asks);
  }

  apply(diff: Extract<SbeMessage, { kind: "depth_diff" }>): void {
    if (Number(diff.last_book_update_id) <= this.id) return;
    expect(Number(diff.first_book_update_id)).toBeLessThanOrEqual(this.id + 1);
    for (const [side, levels] of [[this.#bids, diff.bids] as const, [this.#asks, diff.asks] as const]) {
      for (let i = 0; i < levels.length; i += 2) {
        if (Number(levels[i + 1]) === 0) side.delete(Number(levels[i]));
        else side.set(Number(levels[i]), Number(levels[i + 1]));
      }
    }
    this.id = Number(diff.last_book_update_id);
  }

  top(n: number) {
    return {
      bids: [...this.#bids].sort(([a], [b]) => b - a).slice(0, n),
      asks: [...this.#asks].sort(([a], [b]) => a - b).slice(0, n),
    };
  }
}

const topOf = (depth: RestDepth, n: number) => new NaiveBook(depth).top(n);

/** Every trade REST has, page by page. */
async function historicalTrades(get: <T>(path: string) => Promise<T>, from_id: number) {
  const trades: { id: number; price: string; qty: string; time: number; isBuyerMaker: boolean }[] = [];
  for (let next = from_id; ; next = trades[trades.length - 1]!.id + 1) {
    const page = await get<typeof trades>(`historicalTrades?symbol=BTCUSDT&fromId=${next}&limit=1000`);
    if (page.length === 0) return trades;
    trades.push(...page);
  }
}

/** The same trades as the stream told them. */
function streamedTrades(messages: readonly SbeMessage[]) {
  return messages.flatMap((message) =>
    message.kind === "trades"
      ? message.trades.map((trade) => [
          trade.id,
          trade.price,
          trade.qty,
          message.transact_time_us,
          trade.is_buyer_maker,
        ])
      : [],
  );
}

describe("REST and the streams", () => {
  it("agree on the book at any later time, whenever the snapshot was taken", async () => {
    const clock = new ManualClock(0);
    const { exchange, client, get, ended } = await started(simulatedSeconds(60), { clock, speed: 1 });
    const snapshots: RestDepth[] = [await get("depth?symbol=BTCUSDT&limit=5000")];
    exchange.play();
    // Times that are no diff's, so that snapshots fall between them.
    while (!exchange.ended) {
      clock.advance(1_733);
      await new Promise((resolve) => setImmediate(resolve));
      snapshots.push(await get<RestDepth>("depth?symbol=BTCUSDT&limit=5000"));
    }
    await ended;
    await client.until(() => client.frames.length >= exchange.streams.counters.frames_sent);
    const messages = client.frames.map((frame) => decoded(frame));
    const last = await get<RestDepth>("depth?symbol=BTCUSDT&limit=5000");
    const ids = new Set(snapshots.map(({ lastUpdateId }) => lastUpdateId));
    expect(ids.size).toBeGreaterThan(20);
    for (const snapshot of snapshots) {
      const book = new NaiveBook(snapshot);
      for (const message of messages) if (message.kind === "depth_diff") book.apply(message);
      expect(book.id).toBe(last.lastUpdateId);
      expect(book.top(5_000)).toEqual(topOf(last, 5_000));
    }
  });

  it("agree on the past: what was absorbed at the start is in REST, and the stream goes on from there", async () => {
    const { exchange, client, get, ended } = await started(simulatedSeconds(40), { history_s: 20 });
    const before = await historicalTrades(get, 0);
    const book = new NaiveBook(await get("depth?symbol=BTCUSDT&limit=5000"));
    expect(exchange.counters.absorbed).toBeGreaterThan(0);
    exchange.play();
    await ended;
    await client.until(() => client.frames.length >= exchange.streams.counters.frames_sent);
    const messages = client.frames.map((frame) => decoded(frame));
    expect(streamedTrades(messages)[0]![0]).toBe(before[before.length - 1]!.id + 1);
    for (const message of messages) if (message.kind === "depth_diff") book.apply(message);
    expect(book.top(50)).toEqual(topOf(await get("depth?symbol=BTCUSDT&limit=5000"), 50));
  });

  it("play at the wall clock when shifted: what is sent first is sent now", async () => {
    const { exchange, get } = await started(simulatedSeconds(40), {
      history_s: 30,
      shift_to_now: true,
      speed: 1,
      start_on: "listen",
    });
    const now_us = Date.now() * 1_000;
    expect(Math.abs(exchange.market_us - now_us)).toBeLessThan(1_000_000);
    const [last] = await get<{ time: number }[]>("trades?symbol=BTCUSDT&limit=1");
    expect(last!.time).toBeLessThanOrEqual(exchange.market_us);
    expect(exchange.market_us - last!.time).toBeLessThan(10_000_000);
  });

  it.skipIf(!recording_is_here)(
    "carry the recording whole over a real socket at full speed, and agree on it",
    async () => {
      const { exchange, client, get, ended } = await started(await recordingSource(RECORDING));
      const book = new NaiveBook(await get("depth?symbol=BTCUSDT&limit=5000"));
      exchange.play();
      await ended;
      await client.until(() => client.frames.length >= 99_573);
      const messages = client.frames.map((frame) => decoded(frame));
      const quotes = messages.filter(({ kind }) => kind === "best_bid_ask");
      const streamed = streamedTrades(messages);
      expect(streamed.length).toBe(19_904);
      expect(quotes.length).toBe(73_174);
      expect(client.frames.length).toBe(99_573);
      const told = await historicalTrades(get, 0);
      expect(
        told.map((t) => [t.id, parseE8("price", t.price), parseE8("qty", t.qty), t.time, t.isBuyerMaker]),
      ).toEqual(streamed as unknown[][]);
      expect(told[0]!.id).toBe(3_735_683_259);
      for (const message of messages) if (message.kind === "depth_diff") book.apply(message);
      const last = await get<RestDepth>("depth?symbol=BTCUSDT&limit=5000");
      expect(book.id).toBe(last.lastUpdateId);
      expect(book.top(5_000)).toEqual(topOf(last, 5_000));
      const final = quotes[quotes.length - 1]!;
      const ticker = await get<{ bidPrice: string }>("ticker/bookTicker?symbol=BTCUSDT");
      expect(parseE8("price", ticker.bidPrice)).toBe(
        Number(final.kind === "best_bid_ask" && final.bid_price),
      );
    },
  );
});
