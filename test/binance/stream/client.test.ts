import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { eventually, quietly } from "../eventually.ts";
import { quoteFrame, SYMBOL, timeOf, tradeFrame } from "../sbe/frames.ts";
import { closeAll, isLive, kinds, live, NOW_US, reconnects, start } from "./test_client.ts";
import { acknowledge } from "./test_exchange.ts";

afterEach(closeAll);

describe("StreamClient: subscribing", () => {
  it("connects to /ws with the key, subscribes by one message, and turns frames into events", async () => {
    const { exchange, clock, events, frames, client } = await live();
    expect(exchange.at(0).headers.get("X-MBX-APIKEY")).toBe("key");
    expect(exchange.at(0).headers.get("Sec-WebSocket-Extensions")).toBeNull();
    expect(exchange.at(0).texts.map((text) => JSON.parse(text))).toEqual([
      { method: "SUBSCRIBE", params: ["btcusdt@trade", "btcusdt@bestBidAsk"], id: 1 },
    ]);
    clock.advance(5);
    exchange.send(0, tradeFrame(7, 8), quoteFrame(5));
    await eventually("three events", () => events.length === 3);
    expect(kinds(events)).toEqual(["trade", "trade", "quote"]);
    expect(events[2]).toMatchObject({ symbol: SYMBOL, ts_us: timeOf(5), received_us: NOW_US + 5_000 });
    expect(frames).toEqual([tradeFrame(7, 8), quoteFrame(5)].map((frame) => Buffer.from(frame)));
    expect(client.liveness(SYMBOL, "trade")).toMatchObject({ alive: true, last_ts_us: timeOf(8) });
    expect(client.liveness(SYMBOL, "depth")).toBeUndefined();
    expect(client.counters).toMatchObject({ connects: 1, frames: 2, events: 3, duplicates: 0 });
  });

  it("names the remedy when the key is missing, with the exchange's own words", async () => {
    const { client, exchange } = start({ api_key: undefined });
    client.start();
    await eventually("the refusal", () => client.status.state === "backing_off");
    const { status } = client;
    if (status.state !== "backing_off") throw new TypeError("unreachable");
    expect(status.error.code).toBe("WS_HANDSHAKE");
    expect(status.error.message).toContain("400 (No X-MBX-APIKEY header)");
    expect(status.error.message).toContain("set BINANCE_API_KEY to an Ed25519 key");
    expect(exchange.upgrades).toBe(1);
  });

  it("says that the region is refused, not the key, where the handshake is answered 451", async () => {
    const { client, exchange } = start();
    exchange.refuse = () => new Response("Service unavailable from a restricted location", { status: 451 });
    client.start();
    await eventually("the refusal", () => client.status.state === "backing_off");
    const { status } = client;
    if (status.state !== "backing_off") throw new TypeError("unreachable");
    expect(status.error).toMatchObject({ code: "WS_HANDSHAKE", details: { status: 451 } });
    expect(status.error.message).toContain("does not serve this region, whatever the key");
    expect(status.error.message).toContain("restricted location");
    expect(status.error.message).not.toContain("BINANCE_API_KEY");
  });

  it("waits as long as a refused handshake asks for", async () => {
    const { client, exchange, clock } = start();
    exchange.refuse = () => new Response("slow down", { status: 429, headers: { "Retry-After": "90" } });
    client.start();
    await eventually("the refusal", () => client.status.state === "backing_off");
    clock.advance(89_999);
    await quietly();
    expect(exchange.upgrades).toBe(1);
    clock.advance(1);
    await eventually("another try", () => exchange.upgrades === 2);
  });

  it("does not take a ban of 30 days for none, which a timer's overflow would make of it", async () => {
    const { client, exchange } = start({ clock: systemClock });
    exchange.refuse = () => new Response("", { status: 418, headers: { "Retry-After": "2592000" } });
    client.start();
    await eventually("the refusal", () => client.status.state === "backing_off");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(exchange.upgrades).toBe(1);
    const { status } = client;
    if (status.state !== "backing_off") throw new TypeError(`expected backing_off, was ${status.state}`);
    const waits_s = (status.until_us - systemClock.now()) / 1e6;
    expect(waits_s).toBeGreaterThan(LIMITS.retry_after_s_max - 60);
    expect(waits_s).toBeLessThanOrEqual(LIMITS.retry_after_s_max);
  });

  it("backs off longer with every failure, to a cap, and starts again once a connection has settled", async () => {
    const running = start();
    const { client, exchange, clock } = running;
    exchange.refuse = () => new Response("", { status: 503 });
    client.start();
    const waits_ms: number[] = [];
    for (let tries = 1; tries <= 9; tries += 1) {
      await eventually(`failure ${tries}`, () => client.counters.failures === tries);
      const { status } = client;
      if (status.state !== "backing_off") throw new TypeError(`expected backing_off, was ${status.state}`);
      waits_ms.push((status.until_us - clock.now()) / 1_000);
      if (tries === 9) exchange.refuse = () => undefined;
      clock.advanceTo(status.until_us);
    }
    for (const [index, wait_ms] of waits_ms.entries()) {
      const whole_ms = Math.min(30_000, 500 * 2 ** index);
      expect(wait_ms).toBeGreaterThanOrEqual(whole_ms / 2 - 1);
      expect(wait_ms).toBeLessThanOrEqual(whole_ms + 1);
    }
    await isLive(running);
    for (let id = 1; id <= 11; id += 1) {
      exchange.send(0, tradeFrame(id), quoteFrame(id));
      await eventually("the events", () => client.counters.events === 2 * id);
      clock.advance(1_000);
    }
    exchange.cut(0);
    await eventually("the loss", () => client.status.state === "backing_off");
    expect(client.status).toMatchObject({ failures: 1 });
  });

  it("tries again after a refused subscription, with the exchange's code in the error", async () => {
    const running = start();
    const { client, exchange } = running;
    exchange.acknowledge = ({ id }) => JSON.stringify({ code: 2, msg: "Invalid request: too many", id });
    client.start();
    await eventually("the refusal", () => client.status.state === "backing_off");
    expect(client.status).toMatchObject({ error: { code: "WS_CONTROL", details: { code: 2 } } });
    await eventually("the socket's end", () => exchange.open_count === 0);
    exchange.acknowledge = acknowledge;
    await reconnects(running);
  });

  it("takes a refusal without id for its own, and one of another id for none of its business", async () => {
    const running = start();
    const { client, exchange } = running;
    exchange.acknowledge = () => JSON.stringify({ code: 3, msg: "Invalid JSON" });
    client.start();
    await eventually("the refusal", () => client.status.state === "backing_off");
    exchange.acknowledge = (request) => {
      exchange.at(1).ws.sendText(JSON.stringify({ code: 2, msg: "unknown", id: 99 }));
      return acknowledge(request);
    };
    await reconnects(running);
  });

  it("does not wait for an acknowledgement without end", async () => {
    const { client, exchange, clock } = start();
    exchange.acknowledge = () => undefined;
    client.start();
    await eventually("SUBSCRIBE", () => exchange.connections[0]?.texts.length === 1);
    clock.advance(5_000);
    expect(client.status).toMatchObject({ state: "backing_off", error: { code: "WS_CONTROL" } });
    await eventually("the socket's end", () => exchange.open_count === 0);
  });

  it("sends at most four messages a second, whatever there is to subscribe to", async () => {
    const symbols = Array.from({ length: 250 }, (_, index) => `S${index}USDT`);
    const running = start({ symbols, streams: ["trade", "bestBidAsk", "depth", "depth20"] });
    const { client, exchange, clock } = running;
    client.start();
    await eventually("four messages", () => exchange.connections[0]?.texts.length === 4);
    await quietly();
    expect(exchange.at(0).texts.length).toBe(4);
    expect(client.status.state).toBe("connecting");
    clock.advance(1_000);
    await isLive(running);
    const asked = exchange.at(0).texts.flatMap((text) => JSON.parse(text).params as string[]);
    expect(new Set(asked).size).toBe(1_000);
  });

  it("stays within the exchange's connections in five minutes, whatever fails", async () => {
    const { client, exchange, clock } = start({ timing: { backoff: { first_ms: 1, cap_ms: 1 } } });
    exchange.refuse = () => new Response("", { status: 503 });
    client.start();
    await eventually("all it may", () => {
      clock.advance(1);
      return exchange.upgrades === LIMITS.ws_connects_per_5min_max;
    });
    await eventually("the last refusal", () => client.status.state === "backing_off");
    for (let tries = 0; tries < 100; tries += 1) clock.advance(1_000);
    await quietly();
    expect(exchange.upgrades).toBe(LIMITS.ws_connects_per_5min_max);
    clock.advance(300_000);
    await eventually("another", () => exchange.upgrades > LIMITS.ws_connects_per_5min_max);
  });

  it("refuses an address with a path and more streams than a connection carries", () => {
    const options = { url: "wss://stream-sbe.binance.com:9443/ws" };
    const many = Array.from({ length: LIMITS.ws_streams_max + 1 }, (_, index) => `S${index}`);
    for (const bad of [options, { symbols: [] }, { symbols: many, streams: ["trade"] as const }]) {
      expect(() => start(bad)).toThrow(ForetickError);
    }
  });
});
