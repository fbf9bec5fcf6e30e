import { afterEach, describe, expect, it } from "vitest";
import type { MarketEvent } from "../../../src/binance/events.ts";
import type { StreamOptions } from "../../../src/binance/stream/options.ts";
import { eventually, quietly } from "../eventually.ts";
import { quoteFrame, SYMBOL, timeOf, tradeFrame } from "../sbe/frames.ts";
import {
  closeAll,
  disconnects,
  isLive,
  live,
  quoteIds,
  type Running,
  reconnects,
  start,
  tradeIds,
} from "./test_client.ts";

afterEach(closeAll);

describe("StreamClient: silence", () => {
  it("cuts a connection on which nothing comes, and says which streams are silent", async () => {
    const running = await live();
    const { exchange, events, client, clock } = running;
    exchange.send(0, tradeFrame(1), quoteFrame(1));
    await eventually("the events", () => events.length === 2);
    clock.advance(10_000);
    expect(client.status.state).toBe("live");
    clock.advance(1_000);
    expect(client.status).toMatchObject({ state: "backing_off", error: { code: "WS_STALE" } });
    expect(disconnects(events)[0]?.reason).toContain("btcusdt@bestBidAsk");
    expect(disconnects(events).length).toBe(1);
    await eventually("the socket's end", () => exchange.open_count === 0);
    await reconnects(running);
  });

  it("lets trades be quiet for a minute while quotes come", async () => {
    const { exchange, events, client, clock } = await live();
    exchange.send(0, tradeFrame(1));
    for (let id = 1; id <= 60; id += 1) {
      exchange.send(0, quoteFrame(id));
      await eventually(`quote ${id}`, () => quoteIds(events).includes(id));
      clock.advance(1_000);
    }
    expect(client.counters.stale).toBe(0);
    expect(client.counters.connects).toBe(1);
  });

  it("replaces, and does not cut, a connection on which only one symbol has fallen silent", async () => {
    const running = await live({ symbols: [SYMBOL, "ETHUSDT"], streams: ["bestBidAsk"] });
    const { exchange, events, client, clock } = running;
    exchange.send(0, quoteFrame(9, "ETHUSDT"));
    for (let id = 1; id <= 12; id += 1) {
      exchange.send(0, quoteFrame(id));
      await eventually(`quote ${id}`, () => client.liveness(SYMBOL, "bestBidAsk")?.last_ts_us === timeOf(id));
      clock.advance(1_000);
    }
    expect(client.liveness("ETHUSDT", "bestBidAsk")).toMatchObject({ alive: false, stale: true });
    expect(disconnects(events)).toMatchObject([{ symbol: "ETHUSDT", ts_us: timeOf(9) }]);
    await eventually("the second SUBSCRIBE", () => exchange.connections[1]?.texts.length === 1);
    await quietly();
    expect(client.status).toMatchObject({ state: "live", overlap: "stale" });
    exchange.send(0, quoteFrame(13));
    exchange.send(1, quoteFrame(13), quoteFrame(2, "ETHUSDT"), quoteFrame(14));
    await eventually("the old one's close", () => !exchange.at(0).is_open);
    const btc = events.filter((event) => event.symbol === SYMBOL);
    expect(quoteIds(btc)).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
    // A stream that delivers again may number from the start: a lower id is taken.
    expect(quoteIds(events.filter((event) => event.symbol === "ETHUSDT"))).toEqual([9, 2]);
    expect(client.liveness("ETHUSDT", "bestBidAsk")).toMatchObject({ alive: true, stale: false });
    expect(disconnects(events).length).toBe(1);
  });
});

describe("StreamClient: closing", () => {
  it("leaves no timer and no socket, in any state, and may be called twice", async () => {
    const stages: ((running: Running) => Promise<void>)[] = [
      async () => {},
      async ({ client }) => client.start(),
      async (running) => {
        running.client.start();
        await isLive(running);
      },
      async ({ exchange, client }) => {
        exchange.refuse = () => new Response("", { status: 503 });
        client.start();
        await eventually("a failure", () => client.status.state === "backing_off");
      },
      async ({ exchange, client }) => {
        exchange.acknowledge = () => undefined;
        client.start();
        await eventually("SUBSCRIBE", () => exchange.connections[0]?.texts.length === 1);
      },
      async (running) => {
        running.client.start();
        await isLive(running);
        running.exchange.at(0).ws.sendText('{"e":"serverShutdown"}');
        await eventually("the second", () => running.exchange.connections[1]?.texts.length === 1);
      },
    ];
    const symbols = Array.from({ length: 250 }, (_, index) => `S${index}USDT`);
    const crowded = async ({ client, exchange }: Running): Promise<void> => {
      client.start();
      await eventually("four of five messages", () => exchange.connections[0]?.texts.length === 4);
    };
    const rotated = async (running: Running): Promise<void> => {
      const { exchange, client } = running;
      client.start();
      await isLive(running);
      exchange.at(0).ws.sendText('{"e":"serverShutdown"}');
      await eventually("the second", () => exchange.connections[1]?.texts.length === 1);
      await quietly();
      running.clock.advance(5_000);
      exchange.send(1, tradeFrame(1), quoteFrame(1));
      await eventually("the takeover", () => client.counters.overlaps === 1);
    };
    const trials: [(running: Running) => Promise<void>, Partial<StreamOptions>][] = [
      ...stages.map((stage) => [stage, {}] as [typeof stage, object]),
      [rotated, { onEvent: () => {} }],
      [crowded, { symbols, streams: ["trade", "bestBidAsk", "depth", "depth20"] }],
    ];
    for (const [stage, options] of trials) {
      const running = start(options);
      const { client, exchange, timers, events } = running;
      await stage(running);
      await Promise.all([client.close(), client.close()]);
      expect(client.status.state).toBe("closed");
      expect(timers.size).toBe(0);
      await eventually("no open socket", () => exchange.open_count === 0);
      await quietly();
      expect(timers.size).toBe(0);
      expect(exchange.open_count).toBe(0);
      expect(events).toEqual([]);
    }
  });

  it("gives nothing out any more when closed from within an event, not even the rest of the frame", async () => {
    const events: MarketEvent[] = [];
    const running = await live({
      onEvent: (event) => {
        events.push(event);
        void running.client.close();
      },
    });
    running.exchange.send(0, tradeFrame(1, 5), quoteFrame(1));
    await eventually("no open socket", () => running.exchange.open_count === 0);
    expect(tradeIds(events)).toEqual([1]);
    await eventually("no timer", () => running.timers.size === 0);
  });
});
