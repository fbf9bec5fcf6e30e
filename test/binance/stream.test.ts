import { afterEach, describe, expect, it } from "vitest";
import { type Clock, ManualClock, type Timer } from "../../src/base/clock.ts";
import { ForetickError } from "../../src/base/errors.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { seededRng } from "../../src/base/rng.ts";
import type { MarketEvent } from "../../src/binance/events.ts";
import { StreamClient } from "../../src/binance/stream.ts";
import type { StreamOptions } from "../../src/binance/stream_options.ts";
import { TradeLedger } from "../../src/binance/trade_ledger.ts";
import { eventually, quietly } from "./eventually.ts";
import { diffFrame, quoteFrame, SYMBOL, timeOf, tradeFrame } from "./frames.ts";
import { acknowledge, TestExchange } from "./test_exchange.ts";

const NOW_US = 1_759_737_700_000_000;

/** A ManualClock that knows how many timers wait. */
class CountingClock implements Clock {
  readonly inner = new ManualClock(NOW_US);
  readonly waiting = new Set<object>();
  now = () => this.inner.now();
  monotonicUs = () => this.inner.monotonicUs();
  after(delay_ms: number, run: () => void): Timer {
    const entry = {};
    this.waiting.add(entry);
    const timer = this.inner.after(delay_ms, () => {
      this.waiting.delete(entry);
      run();
    });
    const cancel = (): void => {
      this.waiting.delete(entry);
      timer.cancel();
    };
    return { cancel };
  }
}

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function start(options: Partial<StreamOptions> = {}) {
  const exchange = new TestExchange();
  const clock = new CountingClock();
  const events: MarketEvent[] = [];
  const frames: Uint8Array[] = [];
  const client = new StreamClient({
    url: exchange.origin,
    api_key: "key",
    symbols: [SYMBOL],
    streams: ["trade", "bestBidAsk"],
    clock,
    rng: seededRng(1),
    log: silentLogger,
    onEvent: (event) => events.push(event),
    onFrame: (frame) => frames.push(frame),
    ...options,
  });
  open.push(exchange, client);
  return { exchange, clock: clock.inner, timers: clock.waiting, events, frames, client };
}

type Running = ReturnType<typeof start>;

/** Started, subscribed, live. */
async function live(options: Partial<StreamOptions> = {}): Promise<Running> {
  const running = start(options);
  running.client.start();
  await isLive(running);
  return running;
}

function isLive({ client }: Running): Promise<void> {
  return eventually("a live connection", () => client.status.state === "live");
}

/** Advances to the next try and waits until it is subscribed. */
async function reconnects(running: Running): Promise<void> {
  const { status } = running.client;
  if (status.state !== "backing_off") throw new TypeError(`expected backing_off, was ${status.state}`);
  running.clock.advanceTo(status.until_us);
  await isLive(running);
}

const kinds = (events: readonly MarketEvent[]) => events.map((event) => event.kind);

const tradeIds = (events: readonly MarketEvent[]) =>
  events.flatMap((event): number[] => (event.kind === "trade" ? [event.trade_id] : []));

const quoteIds = (events: readonly MarketEvent[]) =>
  events.flatMap((event): number[] => (event.kind === "quote" ? [event.update_id] : []));

const disconnects = (events: readonly MarketEvent[]) =>
  events.flatMap((event) => (event.kind === "disconnect" ? [event] : []));

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

  it("backs off longer with every failure, to a cap, and starts anew once a connection has settled", async () => {
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

  it("does not wait for an acknowledgement for ever", async () => {
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

describe("StreamClient: frames", () => {
  it("answers pings with their payload once, and counts them", async () => {
    const { exchange, client } = await live();
    exchange.at(0).ws.ping("1759737766615");
    await eventually("the pong", () => exchange.at(0).pongs.length > 0);
    await quietly();
    expect(exchange.at(0).pongs).toEqual(["1759737766615"]);
    expect(client.counters.pings).toBe(1);
  });

  it("ignores text it does not know and goes on", async () => {
    const { exchange, client, events } = await live();
    const { ws } = exchange.at(0);
    for (const text of ["", "hello", "{}", '{"stream":"x","data":{}}', '{"result":null,"id":77}'])
      ws.sendText(text);
    exchange.send(0, quoteFrame(1));
    await eventually("the quote", () => events.length === 1);
    expect(client.counters.text_unknown).toBe(4);
    expect(client.status.state).toBe("live");
  });

  it("drops an unreadable frame, taps it, and keeps the connection", async () => {
    const { exchange, client, events, frames } = await live();
    exchange.send(0, quoteFrame(1).subarray(0, 30), quoteFrame(2));
    await eventually("the good quote", () => events.length === 1);
    expect(quoteIds(events)).toEqual([2]);
    expect(frames.length).toBe(2);
    expect(client.status.state).toBe("live");
  });

  it("drops a quote whose id does not rise, and says how many", async () => {
    const { exchange, client, events } = await live();
    exchange.send(0, quoteFrame(5), quoteFrame(5), quoteFrame(4), quoteFrame(9));
    await eventually("the last", () => quoteIds(events).includes(9));
    expect(quoteIds(events)).toEqual([5, 9]);
    expect(client.counters.duplicates).toBe(2);
  });

  it("closes the connection on a frame larger than allowed", async () => {
    const { exchange, client, events } = await live();
    exchange.send(0, quoteFrame(1), new Uint8Array(LIMITS.frame_bytes_max + 1));
    await eventually("the loss", () => client.status.state === "backing_off");
    expect(client.status).toMatchObject({ error: { code: "WS_FRAME_SIZE" } });
    expect(kinds(events)).toEqual(["quote", "disconnect"]);
    await eventually("the socket's end", () => exchange.open_count === 0);
  });
});

describe("StreamClient: losing the connection", () => {
  it("puts one disconnect a symbol into the data, at the highest exchange time of the symbol", async () => {
    const running = await live({ symbols: [SYMBOL, "ETHUSDT", "SOLUSDT"] });
    const { exchange, client, events, clock } = running;
    exchange.send(0, quoteFrame(50), tradeFrame(40), tradeFrame(3, 3, "ETHUSDT"));
    await eventually("the events", () => events.length === 3);
    clock.advance(20);
    exchange.cut(0);
    await eventually("the loss", () => client.status.state === "backing_off");
    // SOLUSDT had sent nothing: nothing of it broke.
    expect(disconnects(events)).toMatchObject([
      { symbol: SYMBOL, ts_us: timeOf(50), received_us: NOW_US + 20_000 },
      { symbol: "ETHUSDT", ts_us: timeOf(3), received_us: NOW_US + 20_000 },
    ]);
    expect(disconnects(events)[0]?.reason).toContain("WS_CLOSED");
    expect(client.liveness(SYMBOL, "trade")?.alive).toBe(false);

    await reconnects(running);
    exchange.send(1, quoteFrame(60));
    await eventually("data again", () => quoteIds(events).includes(60));
    expect(client.liveness(SYMBOL, "bestBidAsk")?.alive).toBe(true);
    expect(disconnects(events).length).toBe(2);
  });

  it("does not repeat a disconnect while nothing has flowed in between", async () => {
    const running = await live();
    const { exchange, client, events } = running;
    exchange.send(0, quoteFrame(1));
    await eventually("the quote", () => events.length === 1);
    exchange.cut(0);
    await eventually("the loss", () => client.status.state === "backing_off");
    await reconnects(running);
    exchange.cut(1);
    await eventually("the second loss", () => client.status.state === "backing_off");
    expect(disconnects(events).length).toBe(1);
  });

  it("accepts ids that start anew on the next connection (a wiped testnet)", async () => {
    const running = await live();
    const { exchange, client, events } = running;
    exchange.send(0, quoteFrame(1_000));
    await eventually("the quote", () => events.length === 1);
    exchange.cut(0);
    await eventually("the loss", () => client.status.state === "backing_off");
    await reconnects(running);
    exchange.send(1, quoteFrame(3));
    await eventually("the low id", () => quoteIds(events).includes(3));
  });
});

describe("StreamClient: overlapping connections", () => {
  /** A connection turns old in a minute; that it is silent meanwhile is not the question here. */
  const timing = {
    rotate_after_ms: 60_000,
    stale_after_ms: { trade: 1e9, bestBidAsk: 1e9, depth: 1e9, depth20: 1e9 },
  };

  /** Moves to the rotation, whose moment holds some chance, and no further. */
  function rotate(clock: ManualClock, client: StreamClient): void {
    for (let status = client.status; status.state === "live" && !status.overlap; status = client.status) {
      clock.advance(100);
    }
  }

  /** Rotates; resolves when the second connection is subscribed. */
  async function secondConnection({ clock, exchange, client }: Running): Promise<void> {
    rotate(clock, client);
    await eventually("the second SUBSCRIBE", () => exchange.connections[1]?.texts.length === 1);
    await quietly();
    expect(client.status).toMatchObject({ state: "live", overlap: "rotation" });
  }

  it("rotates without losing, repeating or reordering anything, however far the two are apart", async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const running = await live({
        streams: ["trade", "bestBidAsk", "depth"],
        timing,
      });
      const { exchange, events, frames, client } = running;
      const story = Array.from({ length: 300 }, (_, index) => {
        const id = Math.floor(index / 3) + 1;
        if (index % 3 === 0) return tradeFrame(2 * id - 1, 2 * id);
        return index % 3 === 1 ? quoteFrame(7 * id) : diffFrame(5 * id - 4, 5 * id);
      });
      const rng = seededRng(seed);
      let told_old = 30 + rng.below(30);
      exchange.send(0, ...story.slice(0, told_old));
      await eventually("the beginning", () => frames.length === told_old);
      await secondConnection(running);
      // The new one begins wherever it likes around the old one's place, then both go on at their own pace.
      let told_new = told_old - 12 + rng.below(24);
      while (told_old < story.length || told_new < story.length) {
        const step = 1 + rng.below(9);
        if (rng.uniform() < 0.5) {
          if (exchange.at(0).is_open) exchange.send(0, ...story.slice(told_old, told_old + step));
          told_old += step;
        } else {
          exchange.send(1, ...story.slice(told_new, told_new + step));
          told_new += step;
        }
        if (rng.uniform() < 0.3) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await eventually("the end of the story", () => quoteIds(events).includes(700));
      await eventually("the last diff", () => client.liveness(SYMBOL, "depth")?.last_ts_us === timeOf(500));
      const ledger = new TradeLedger();
      const trades = events.filter(
        (event) => event.kind === "trade" && ledger.accept(event.trade_id) === "new",
      );
      expect(tradeIds(trades)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
      expect(quoteIds(events)).toEqual(Array.from({ length: 100 }, (_, index) => 7 * (index + 1)));
      const diffs = events.flatMap((event) => (event.kind === "depth_diff" ? [event] : []));
      expect(diffs.map((diff): number => diff.first_update_id)).toEqual(
        Array.from({ length: 100 }, (_, index) => 5 * index + 1),
      );
      expect(disconnects(events)).toEqual([]);
      expect(client.counters).toMatchObject({ overlaps: 1, overlaps_with_hole: 0, failures: 0 });
      await eventually("the old one's close", () => !exchange.at(0).is_open);
      // The tap saw each quote and diff once, whichever connection brought it.
      const tapped = frames.map((frame) => Buffer.from(frame).toString("hex"));
      for (const frame of story.filter((_, index) => index % 3 !== 0)) {
        const text = Buffer.from(frame).toString("hex");
        expect(tapped.filter((other) => other === text).length).toBe(1);
      }
      await client.close();
    }
  });

  it("keeps the old connection until the new one speaks on every stream", async () => {
    const running = await live({ timing });
    const { exchange, events } = running;
    exchange.send(0, tradeFrame(1), quoteFrame(1));
    await secondConnection(running);
    exchange.send(0, quoteFrame(2));
    exchange.send(1, quoteFrame(2));
    await eventually("quote 2", () => quoteIds(events).includes(2));
    await quietly();
    expect(exchange.at(0).is_open).toBe(true);
    exchange.send(1, tradeFrame(2));
    await eventually("the old one's close", () => !exchange.at(0).is_open);
    await eventually("trade 2", () => tradeIds(events).includes(2));
    expect(quoteIds(events)).toEqual([1, 2]);
  });

  it("takes over after a while although a stream is quiet on both", async () => {
    const running = await live({ timing });
    const { exchange, events, client, clock } = running;
    exchange.send(0, tradeFrame(1), quoteFrame(1));
    await secondConnection(running);
    exchange.send(0, quoteFrame(2));
    exchange.send(1, quoteFrame(2), quoteFrame(3));
    await eventually("quote 2", () => quoteIds(events).includes(2));
    clock.advance(15_000);
    await eventually("quote 3", () => quoteIds(events).includes(3));
    expect(disconnects(events)).toEqual([]);
    expect(client.counters).toMatchObject({ overlaps: 1, duplicates: 1 });
    await eventually("the old one's close", () => !exchange.at(0).is_open);
  });

  it("keeps the old connection where the new one withholds a stream, and tries again", async () => {
    const running = await live({ timing });
    const { exchange, events, client, clock } = running;
    await secondConnection(running);
    clock.advance(1);
    exchange.send(0, tradeFrame(1), quoteFrame(2));
    exchange.send(1, quoteFrame(2));
    await eventually("the events", () => events.length === 2);
    clock.advance(14_999);
    await eventually("the new one's end", () => !exchange.at(1).is_open);
    expect(exchange.at(0).is_open).toBe(true);
    expect(client.counters.overlaps).toBe(0);
    clock.advance(500);
    await eventually("the third connection", () => exchange.connections.length === 3);
    expect(disconnects(events)).toEqual([]);
  });

  it("goes on over the new connection when the old one dies in between, with no disconnect", async () => {
    const running = await live({ timing });
    const { exchange, events, client } = running;
    exchange.send(0, tradeFrame(1), quoteFrame(1));
    await secondConnection(running);
    exchange.send(1, tradeFrame(2));
    await quietly();
    exchange.cut(0);
    await eventually("the overlap's end", () => client.counters.overlaps === 1);
    exchange.send(1, quoteFrame(2));
    await eventually("quote 2", () => quoteIds(events).includes(2));
    expect(tradeIds(events)).toEqual([1, 2]);
    expect(disconnects(events)).toEqual([]);
  });

  it("says disconnect, before the new data, when the old one died short of the new one's beginning", async () => {
    const running = await live({ timing });
    const { exchange, events, client } = running;
    exchange.send(0, tradeFrame(1), quoteFrame(1));
    await secondConnection(running);
    exchange.send(1, tradeFrame(3));
    await quietly();
    exchange.cut(0);
    await eventually("trade 3", () => tradeIds(events).includes(3));
    expect(kinds(events)).toEqual(["trade", "quote", "disconnect", "trade"]);
    expect(client.counters.overlaps_with_hole).toBe(1);
  });

  it("loses the data's continuity when the old one dies before the new one is subscribed", async () => {
    const running = await live({ timing });
    const { exchange, events, client, clock } = running;
    exchange.acknowledge = () => undefined;
    exchange.send(0, quoteFrame(1));
    rotate(clock, client);
    await eventually("the second SUBSCRIBE", () => exchange.connections[1]?.texts.length === 1);
    exchange.cut(0);
    await eventually("the loss", () => client.status.state === "connecting");
    expect(disconnects(events).length).toBe(1);
    exchange.at(1).ws.sendText(JSON.stringify({ result: null, id: 1 }));
    await isLive(running);
  });

  it("opens a new connection at once on serverShutdown, bare or wrapped, and leaves the old one after", async () => {
    const bare = '{"e":"serverShutdown","E":1770123456789}';
    for (const notice of [bare, `{"stream":"!serverShutdown","data":${bare}}`]) {
      const running = await live();
      const { exchange, events, client } = running;
      exchange.send(0, tradeFrame(1), quoteFrame(1));
      await eventually("the events", () => events.length === 2);
      exchange.at(0).ws.sendText(notice);
      await eventually("the second SUBSCRIBE", () => exchange.connections[1]?.texts.length === 1);
      await quietly();
      expect(client.status).toMatchObject({ state: "live", overlap: "server_shutdown" });
      for (const index of [0, 1]) exchange.send(index, tradeFrame(2), quoteFrame(2));
      await eventually("the old one's close", () => !exchange.at(0).is_open);
      expect(quoteIds(events)).toEqual([1, 2]);
      expect(new Set(tradeIds(events))).toEqual(new Set([1, 2]));
      expect(disconnects(events)).toEqual([]);
      expect(client.counters).toMatchObject({ shutdown_notices: 1, overlaps: 1 });
      await client.close();
    }
  });
});

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
    // What speaks again may count anew: a lower id is taken.
    expect(quoteIds(events.filter((event) => event.symbol === "ETHUSDT"))).toEqual([9, 2]);
    expect(client.liveness("ETHUSDT", "bestBidAsk")).toMatchObject({ alive: true, stale: false });
    expect(disconnects(events).length).toBe(1);
  });
});

describe("StreamClient: closing", () => {
  it("leaves no timer and no socket, wherever it stands, and may be called twice", async () => {
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
    expect(running.timers.size).toBe(0);
  });
});
