import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../src/base/clock.ts";
import { ForetickError } from "../../src/base/errors.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { modelVersion } from "../../src/base/units.ts";
import type { Series } from "../../src/predict/series.ts";
import type { StreamMessage } from "../../src/serve/messages/stream.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { rejection } from "../base/rejection.ts";
import { FakeMarket } from "./fake_market.ts";

const START_SEC = 1_732_180_000;
const running: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

async function start(
  market = new FakeMarket(),
  clock = systemClock,
  stream_clients_max?: number,
): Promise<RunningServer> {
  const server = await startServer({
    ports: market,
    port: 0,
    hostname: "127.0.0.1",
    log: silentLogger,
    clock,
    stream_clients_max,
  });
  running.push(server);
  return server;
}

/** A client that keeps what it was sent and can wait for more. */
class Client {
  readonly messages: StreamMessage[] = [];
  readonly closed = Promise.withResolvers<{ code: number; reason: string }>();
  readonly socket: WebSocket;
  #wake = (): void => {};

  constructor(server: RunningServer, path = "/stream") {
    this.socket = new WebSocket(`${server.url.replace("http", "ws")}${path}`);
    this.socket.onmessage = ({ data }) => {
      this.messages.push(JSON.parse(String(data)) as StreamMessage);
      this.#wake();
    };
    this.socket.onclose = ({ code, reason }) => this.closed.resolve({ code, reason });
    running.unshift(this.socket);
  }

  async until(done: (messages: readonly StreamMessage[]) => boolean): Promise<readonly StreamMessage[]> {
    while (!done(this.messages)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.messages;
  }
}

/** A WebSocket client down to the bytes, so that it can stop reading. */
async function rawUpgrade(server: RunningServer, path: string): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  running.unshift({ close: () => socket.destroy() });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await once(socket, "data");
  return socket;
}

const metric = async (server: RunningServer, name: string): Promise<number> => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
};

describe("/stream", () => {
  it("greets with what was subscribed to, then sends each prediction once, in order", async () => {
    const market = new FakeMarket();
    const client = new Client(await start(market));
    await client.until((messages) => messages.length === 1);
    for (let sec = START_SEC; sec < START_SEC + 25; sec++) market.tick(sec);
    const [hello, ...rest] = await client.until((messages) => messages.length === 26);
    expect(hello).toMatchObject({
      type: "hello",
      symbols: ["BTCUSDT"],
      subscribed: { symbols: ["BTCUSDT"], kinds: ["prediction"] },
    });
    expect(rest.map((message) => message.type === "prediction" && message.ts_sec)).toEqual(
      Array.from({ length: 25 }, (_, i) => START_SEC + i),
    );
    const latest = await (
      await fetch(`${client.socket.url.replace("ws", "http").replace("/stream", "/latest")}`)
    ).json();
    expect(rest.at(-1)).toEqual({ type: "prediction", ...(latest as object) });
  });

  it("sends only the symbol asked for, and outcomes and market views on request", async () => {
    const market = new FakeMarket({ symbols: ["BTCUSDT", "ETHUSDT"] });
    const clock = new ManualClock(START_SEC * 1e6);
    const server = await start(market, clock);
    const other = new Client(server, "/stream?symbol=ETHUSDT");
    const all = new Client(server, "/stream?symbol=BTCUSDT&kinds=prediction,outcome,market");
    await other.until((messages) => messages.length === 1);
    // The current market view comes at once, the next ones on the clock.
    await all.until((messages) => messages.length === 2);
    for (let sec = START_SEC; sec <= START_SEC + 10; sec++) market.tick(sec);
    clock.advance(500);
    const seen = await all.until((messages) => messages.length === 15);
    expect(seen.map((message) => message.type)).toEqual([
      "hello",
      "market",
      ...Array.from({ length: 11 }, () => "prediction"),
      "outcome",
      "market",
    ]);
    market.emit({ kind: "prediction", prediction: { ...market.recent()[0]!, symbol: "ETHUSDT" } });
    const [, first] = await other.until((messages) => messages.length === 2);
    expect(first).toMatchObject({ type: "prediction", symbol: "ETHUSDT" });
    expect(all.messages).toHaveLength(15);
  });

  it("sends the champion's forecasts, and another model's to the client that asked for it", async () => {
    const market = new FakeMarket();
    const server = await start(market);
    const long: Series = { model_version: modelVersion("minute-v1/1"), role: "challenger", horizon_s: 60 };
    const champion = new Client(server, "/stream?kinds=prediction,outcome");
    const asked = [
      "role=challenger",
      "role=challenger&horizon_s=60",
      "role=challenger&model_version=minute-v1/1",
    ];
    const challengers = asked.map((query) => new Client(server, `/stream?kinds=prediction,outcome&${query}`));
    const none = new Client(server, "/stream?role=challenger&horizon_s=10");
    for (const client of [champion, ...challengers, none]) {
      await client.until((messages) => messages.length === 1);
    }
    expect(challengers[1]!.messages[0]).toMatchObject({
      subscribed: { role: "challenger", horizon_s: 60, model_version: null },
    });
    for (let sec = START_SEC; sec <= START_SEC + 60; sec++) {
      market.predict(sec, long);
      market.tick(sec);
    }
    const ticks = 61;
    const rolesOf = (messages: readonly StreamMessage[]) =>
      new Set(
        messages.slice(1).map((message) => "role" in message && `${message.role} ${message.horizon_s}`),
      );
    const own = await champion.until((messages) => messages.length === 1 + ticks + (ticks - 10));
    expect(rolesOf(own)).toEqual(new Set(["champion 10"]));
    for (const client of challengers) {
      const seen = await client.until((messages) => messages.length === 1 + ticks + 1);
      expect(rolesOf(seen)).toEqual(new Set(["challenger 60"]));
      expect(seen.at(-1)).toMatchObject({ type: "outcome", ts_sec: START_SEC });
    }
    expect(none.messages).toHaveLength(1);
  });

  it("refuses a wrong query before it upgrades", async () => {
    const server = await start();
    const headers = { upgrade: "websocket", connection: "Upgrade" };
    const answer = await fetch(`${server.url}/stream?symbol=DOGEUSDT`, { headers });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: "SYMBOL_UNKNOWN", field: "symbol" });
  });

  it("cuts a client that stops reading, at a bounded backlog, while another misses nothing", async () => {
    const market = new FakeMarket();
    const server = await start(market);
    const reader = new Client(server);
    await reader.until((messages) => messages.length === 1);
    const stuck = await rawUpgrade(server, "/stream");
    stuck.pause();
    const { ...prediction } = market.tick(START_SEC);
    let sent = 1;
    while ((await metric(server, "foretick_stream_clients")) === 2) {
      for (let i = 0; i < 500; i++) market.emit({ kind: "prediction", prediction });
      sent += 500;
      await reader.until((messages) => messages.length === sent + 1);
      // What the two kernels hold is not ours to bound, but it is some megabytes, not more.
      expect(sent).toBeLessThan(60_000);
    }
    expect(await metric(server, "foretick_stream_lost_total")).toBe(1);
    expect(reader.messages).toHaveLength(sent + 1);
    expect(reader.socket.readyState).toBe(WebSocket.OPEN);
  });

  it("takes as many clients as its limit says, refuses the next with 503, and takes one again when one goes", async () => {
    const server = await start(new FakeMarket(), systemClock, 40);
    const clients = Array.from({ length: 40 }, () => new Client(server));
    await Promise.all(clients.map((client) => client.until((messages) => messages.length === 1)));
    const headers = { upgrade: "websocket", connection: "Upgrade" };
    const refused = await fetch(`${server.url}/stream`, { headers });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("10");
    expect(await refused.json()).toMatchObject({ code: "TOO_MANY_CLIENTS" });
    clients[0]!.socket.close();
    await clients[0]!.closed.promise;
    const next = new Client(server);
    await next.until((messages) => messages.length === 1);
  });

  it("drops what a client says, and closes on one that says too much", async () => {
    const market = new FakeMarket();
    const client = new Client(await start(market));
    await client.until((messages) => messages.length === 1);
    client.socket.send('{"method":"SUBSCRIBE"}');
    market.tick(START_SEC);
    expect((await client.until((messages) => messages.length === 2))[1]!.type).toBe("prediction");
    client.socket.send("x".repeat(LIMITS.stream_request_bytes_max + 1));
    expect([1006, 1009]).toContain((await client.closed.promise).code);
  });
});

describe("the server", () => {
  it("says in a sentence that a port is taken, and leaves nothing subscribed", async () => {
    const { port } = await start();
    const market = new FakeMarket();
    const options = { ports: market, port, hostname: "127.0.0.1", log: silentLogger };
    const error = await startServer(options).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ForetickError);
    expect(error.code).toBe("LISTEN_FAILED");
    expect(error.message).toBe(
      `port ${port} on 127.0.0.1 is taken by another process: set PORT to a free one, or stop what listens there.`,
    );
    expect(market.listeners).toBe(0);
  });

  it("closes in order: finishes a request under way, asks stream clients to reconnect, takes no more", async () => {
    const market = new FakeMarket();
    const server = await start(market);
    const client = new Client(server);
    await client.until((messages) => messages.length === 1);
    const asked = Promise.withResolvers<void>();
    const rows = Promise.withResolvers<never[]>();
    market.database = () => {
      asked.resolve();
      return rows.promise;
    };
    const underWay = fetch(`${server.url}/predictions`);
    await asked.promise;

    const closed = server.close();
    expect(server.close()).toBe(closed);
    expect((await client.closed.promise).code).toBe(1001);
    await rejection(fetch(`${server.url}/health/live`));
    rows.resolve([]);
    expect((await underWay).status).toBe(200);
    await closed;
    expect(market.listeners).toBe(0);
  });

  it("cuts what is still under way at the deadline", async () => {
    const market = new FakeMarket();
    const clock = new ManualClock(START_SEC * 1e6);
    const server = await start(market, clock);
    const asked = Promise.withResolvers<void>();
    market.metrics.text = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const underWay = fetch(`${server.url}/metrics`).then(
      () => "answered",
      () => "cut",
    );
    await asked.promise;
    const closed = server.close().then(() => "closed");
    await rejection(fetch(`${server.url}/health/live`));
    clock.advance(LIMITS.serve_drain_max_ms - 1);
    expect(await Promise.race([closed, underWay, Promise.resolve("waiting")])).toBe("waiting");
    clock.advance(1);
    expect(await underWay).toBe("cut");
    expect(await closed).toBe("closed");
  });
});
