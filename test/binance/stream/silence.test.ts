import { afterEach, describe, expect, it } from "vitest";
import { type Clock, ManualClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import type { DisconnectEvent, MarketEvent } from "../../../src/binance/events.ts";
import { StreamClient } from "../../../src/binance/stream/client.ts";
import { Patience } from "../../../src/binance/stream/patience.ts";
import type { NewestTrade } from "../../../src/binance/stream/silence_watch.ts";
import { eventually } from "../eventually.ts";
import { quoteFrame, SYMBOL, timeOf, tradeFrame } from "../sbe/frames.ts";
import { TestExchange } from "./test_exchange.ts";

describe("the patience with a stream", () => {
  const bounds = { floor_ms: 1_000, ceiling_ms: 10_000 };
  const us = (ms: number) => ms * 1_000;

  /** A stream that pauses as told, for `seconds`. */
  function learnt(patience: Patience, pauseMs: (n: number) => number, seconds: number, from_ms = 0): number {
    let now_ms = from_ms;
    for (let n = 0; now_ms < from_ms + seconds * 1_000; n++) {
      const pause = pauseMs(n);
      now_ms += pause;
      patience.observe(us(pause), us(now_ms));
    }
    return now_ms;
  }

  it("is the ceiling until the stream's pauses are known, then a multiple of the usual pause, never below the floor", () => {
    const patience = new Patience(bounds);
    expect(patience.us).toBe(us(10_000));
    learnt(patience, () => 10, 20);
    expect(patience.us).toBe(us(1_000));
    const quiet = new Patience(bounds);
    learnt(quiet, (n) => (n % 50 === 0 ? 700 : 20), 60);
    expect(quiet.us).toBe(us(2_800));
    const rare = new Patience(bounds);
    learnt(rare, () => 6_000, 120);
    expect(rare.us).toBe(us(10_000));
  });

  it("knows a busy stream's pauses some two seconds after its first event", () => {
    const patience = new Patience(bounds);
    learnt(patience, () => 25, 1.7);
    expect(patience.us).toBe(us(1_000));
    const slower = new Patience(bounds);
    learnt(slower, (n) => (n % 10 === 9 ? 200 : 60), 2.2);
    expect(slower.us).toBe(us(1_600));
    // Bursts say nothing of the pauses between them.
    const bursts = new Patience(bounds);
    learnt(bursts, (n) => (n % 40 === 39 ? 3_000 : 5), 5);
    expect(bursts.us).toBe(us(10_000));
  });

  it("does not call quiet streams silent while they begin", () => {
    const rng = seededRng(11);
    const exponential = (mean_ms: number): number => -mean_ms * Math.log(1 - rng.uniform());
    for (const mean_ms of [50, 200, 500, 1_000, 3_000]) {
      let alarms = 0;
      for (let start = 0; start < 1_000; start++) {
        const patience = new Patience(bounds);
        for (let now_ms = 0; now_ms < 7_000; ) {
          const pause_ms = exponential(mean_ms);
          if (pause_ms < 10_000 && us(pause_ms) > patience.us) alarms++;
          now_ms += pause_ms;
          patience.observe(us(pause_ms), us(now_ms));
        }
      }
      expect(alarms, `of 1,000 starts with pauses of ${mean_ms} ms`).toBeLessThanOrEqual(3);
    }
  });

  it("is not moved by a few outages, and is by a market that has become quieter", () => {
    const patience = new Patience(bounds);
    let now_ms = learnt(patience, () => 10, 120);
    for (let outage = 0; outage < 3; outage++)
      now_ms = learnt(patience, (n) => (n === 0 ? 60_000 : 10), 70, now_ms);
    expect(patience.us).toBe(us(1_000));
    learnt(patience, () => 900, 600, now_ms);
    expect(patience.us).toBe(us(3_600));
  });
});

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** A live client that has heard ten quotes and two trades a second for ten seconds, or `heard` tenths of one. */
async function listening(
  options: { newestTrade?: NewestTrade; clock?: (inner: ManualClock) => Clock; heard?: number } = {},
) {
  const exchange = new TestExchange();
  const inner = new ManualClock(1_759_737_700_000_000);
  const events: MarketEvent[] = [];
  const client = new StreamClient({
    ...{ url: exchange.origin, api_key: "key", symbols: [SYMBOL], streams: ["trade", "bestBidAsk"] },
    ...{ clock: options.clock?.(inner) ?? inner, rng: seededRng(1), log: silentLogger },
    ...(options.newestTrade ? { newestTrade: options.newestTrade } : {}),
    onEvent: (event) => events.push(event),
  });
  open.push(exchange, client);
  client.start();
  await eventually("a live connection", () => client.status.state === "live");
  let id = 0;
  const hear = async (steps: number, streams: { quotes: boolean; trades: boolean }): Promise<void> => {
    for (let step = 0; step < steps; step++) {
      id++;
      const frames = [streams.quotes && quoteFrame(id), streams.trades && id % 5 === 0 && tradeFrame(id / 5)];
      const sent = frames.filter((frame) => frame !== false);
      const before = client.counters.frames;
      exchange.send(0, ...sent);
      await eventually("the frames", () => client.counters.frames >= before + sent.length);
      inner.advance(100);
    }
  };
  await hear(options.heard ?? 100, { quotes: true, trades: true });
  const breaks = () => events.filter((event): event is DisconnectEvent => event.kind === "disconnect");
  return { exchange, client, clock: inner, hear, breaks, lastId: () => id };
}

describe("StreamClient: a stream that falls silent", () => {
  it("is named by its own break, from its last event on, within two seconds while the others go on", async () => {
    const { client, hear, breaks, lastId } = await listening({ newestTrade: async () => 0 });
    const last = lastId();
    await hear(12, { quotes: false, trades: true });
    expect(breaks()).toMatchObject([{ stream: "quote", ts_us: timeOf(last) }]);
    expect(breaks()[0]!.reason).toContain("btcusdt@bestBidAsk");
    expect(client.liveness(SYMBOL, "bestBidAsk")).toMatchObject({ alive: false, stale: true });
    expect(client.liveness(SYMBOL, "trade")).toMatchObject({ alive: true, stale: false });
  });

  it("is named as soon two seconds after a start", async () => {
    const { hear, breaks, lastId } = await listening({ newestTrade: async () => 0, heard: 20 });
    const last = lastId();
    await hear(12, { quotes: false, trades: true });
    expect(breaks()).toMatchObject([{ stream: "quote", ts_us: timeOf(last) }]);
  });

  it("is silent though the connection is pinged: data alone is a sign of life", async () => {
    const { exchange, client, clock, breaks, hear, lastId } = await listening({ newestTrade: async () => 0 });
    const last = lastId();
    for (let step = 1; step <= 12; step++) {
      exchange.at(0).ws.ping(String(step));
      await eventually("the ping", () => client.counters.pings >= step);
      if (step % 5 === 0) await hear(1, { quotes: false, trades: true });
      else clock.advance(100);
    }
    expect(breaks()).toMatchObject([{ stream: "quote", ts_us: timeOf(last) }]);
  });

  it("is no stall where the market is quiet: the exchange has no newer trade", async () => {
    let asked = 0;
    const { hear, breaks, lastId } = await listening({
      newestTrade: async () => {
        asked++;
        return 20;
      },
    });
    expect(Math.floor(lastId() / 5)).toBe(20);
    await hear(300, { quotes: true, trades: false });
    expect(breaks()).toEqual([]);
    expect(asked).toBeGreaterThanOrEqual(1);
    // The longer the silence, the rarer the question.
    expect(asked).toBeLessThanOrEqual(6);
  });

  it("is one where the exchange has newer trades, and where it does not answer", async () => {
    for (const newestTrade of [async () => 25, () => new Promise<undefined>(() => {})]) {
      const { hear, breaks } = await listening({ newestTrade });
      await hear(70, { quotes: true, trades: false });
      expect(breaks()).toMatchObject([{ stream: "trade", ts_us: timeOf(20) }]);
    }
  });

  it("is not silent for what comes while this process is too busy to read", async () => {
    let busy_us = 0;
    const busy = (inner: ManualClock): Clock => ({
      now: () => inner.now(),
      monotonicUs: () => inner.monotonicUs() + busy_us,
      after: (delay_ms, run) => inner.after(delay_ms, run),
    });
    const { clock, hear, breaks } = await listening({ newestTrade: async () => 0, clock: busy });
    busy_us += 5_000_000;
    clock.advance(400);
    expect(breaks()).toEqual([]);
    await hear(12, { quotes: false, trades: true });
    expect(breaks()).toMatchObject([{ stream: "quote" }]);
  });
});
