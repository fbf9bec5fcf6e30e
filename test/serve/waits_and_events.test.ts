import { afterEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../src/base/clock.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { createApp } from "../../src/serve/app.ts";
import type { StreamMessage } from "../../src/serve/messages/stream.ts";
import { startServer } from "../../src/serve/server.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { met } from "../met.ts";
import { FakeMarket } from "./fake_market.ts";

const START_SEC = 1_732_180_000;
const running: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close();
});

describe("/latest?wait=", () => {
  function serve() {
    const market = new FakeMarket();
    const clock = new ManualClock((START_SEC + 1) * 1e6);
    const hub = new StreamHub(market, clock);
    const app = createApp({ ports: market, hub, clock, log: silentLogger });
    const waiting = () => market.metrics.samples("foretick_latest_waiting")[0]!.value;
    const get = async (path: string, init?: RequestInit) => await app.request(path, init);
    return { market, clock, hub, waiting, get };
  }

  it("answers with the next forecast, at once where the caller has an older one, and at the deadline with what there is", async () => {
    const { market, clock, waiting, get } = serve();
    market.tick(START_SEC);
    const etag = (await get("/latest")).headers.get("etag")!;
    const has = { headers: { "if-none-match": etag } };
    const [next, late] = [get("/latest?wait=30"), get("/latest?wait=5&role=shadow", has)];
    await met("two that wait", () => waiting() === 2);
    market.tick(START_SEC + 1);
    expect(await (await next).json()).toMatchObject({ ts_sec: START_SEC + 1 });
    expect((await get("/latest?wait=30", has)).status).toBe(200);
    clock.advance(5_000);
    expect((await late).status).toBe(503);
    const same = get("/latest?wait=5", {
      headers: { "if-modified-since": new Date((START_SEC + 1) * 1e3).toUTCString() },
    });
    await met("one that waits", () => waiting() === 1);
    clock.advance(5_000);
    expect((await same).status).toBe(304);
    expect((await get("/latest?wait=61")).status).toBe(400);
  });

  it("forgets who has gone, holds a bounded number, and lets all go when the service ends", async () => {
    const { market, hub, waiting, get } = serve();
    market.tick(START_SEC);
    const caller = new AbortController();
    void get("/latest?wait=30", { signal: caller.signal }).catch(() => {});
    await met("one that waits", () => waiting() === 1);
    caller.abort();
    await met("none that waits", () => waiting() === 0);
    const signal = new AbortController().signal;
    const wait = { symbol: "BTCUSDT", ms: 1_000, signal, holds: () => false };
    const all = Array.from({ length: LIMITS.latest_waiting_max }, () => hub.waiters.until(wait));
    const refused = await get("/latest?wait=1");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    hub.close();
    await Promise.all(all);
    expect(waiting()).toBe(0);
  });
});

/** What a client of `/events` has been sent. */
class Events {
  readonly ids: string[] = [];
  readonly messages: StreamMessage[] = [];
  readonly #gone = new AbortController();
  #comments = "";
  ended = false;

  constructor(url: string, headers: Record<string, string> = {}) {
    running.push(this);
    void this.#read(url, headers).catch(() => {});
  }

  get beats(): number {
    return this.#comments.split(": here").length - 1;
  }

  close(): void {
    this.#gone.abort();
  }

  async #read(url: string, headers: Record<string, string>): Promise<void> {
    const answer = await fetch(url, { headers, signal: this.#gone.signal });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const decoder = new TextDecoder();
    let rest = "";
    for await (const piece of answer.body!) {
      const blocks = (rest + decoder.decode(piece, { stream: true })).split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) {
        if (block.startsWith(":")) this.#comments += block;
        const id = /^id: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (id) this.ids.push(id);
        if (data) this.messages.push(JSON.parse(data));
      }
    }
    this.ended = true;
  }
}

async function start(clients_max?: number, clock = systemClock) {
  const market = new FakeMarket();
  const server = await startServer({
    ...{ ports: market, port: 0, hostname: "127.0.0.1", log: silentLogger, clock },
    stream_clients_max: clients_max,
  });
  running.push(server);
  const clients = () => market.metrics.samples("foretick_events_clients")[0]!.value;
  return { market, server, clients };
}

const ticks = (messages: readonly StreamMessage[]): number[] =>
  messages.flatMap((one) => ("ts_sec" in one ? [one.ts_sec] : []));
const seconds = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, at) => START_SEC + from + at);

describe("/events", () => {
  it("sends what /stream sends, each under its id, and after a break each missed message once", async () => {
    const { market, server } = await start();
    const url = `${server.url}/events?kinds=prediction,outcome`;
    const first = new Events(url);
    await met("the greeting", () => first.messages.length === 1);
    for (const sec of seconds(0, 15)) market.tick(sec);
    await met("fifteen ticks", () => first.messages.length === 1 + 15 + 5);
    first.close();
    for (const sec of seconds(15, 30)) market.tick(sec);
    // In the middle of a tick: the outcome that came with the last prediction seen was not.
    const prediction_at = first.messages.slice(1).findLastIndex(({ type }) => type === "prediction");
    const last_id = first.ids[prediction_at]!;
    expect(last_id).toBe(`${START_SEC + 14}.1`);
    const again = new Events(url, { "last-event-id": last_id });
    await met("what was missed", () => again.messages.length === 1 + 1 + 30);
    for (const sec of seconds(30, 35)) market.tick(sec);
    await met("what came then", () => again.messages.length === 1 + 1 + 30 + 10);
    expect(again.messages[0]).toMatchObject({
      type: "hello",
      since: { tick: START_SEC + 14, complete: true },
    });
    expect(new Set(again.ids).size).toBe(41);
    expect(again.messages[1]).toMatchObject({ type: "outcome", ts_sec: START_SEC + 4 });
    const predictions = again.messages.filter(({ type }) => type === "prediction");
    expect(ticks(predictions)).toEqual(seconds(15, 35));
    const wrong = await fetch(url, { headers: { "last-event-id": "nonsense" } });
    expect([wrong.status, ((await wrong.json()) as { field: string }).field]).toEqual([400, "last-event-id"]);
  });

  it("shows signs of life and market views, takes so many clients, forgets who has gone, and ends with the service", async () => {
    const clock = new ManualClock(START_SEC * 1e6);
    const { server, clients } = await start(2, clock);
    const one = new Events(`${server.url}/events?kinds=market`);
    const two = new Events(`${server.url}/events`);
    await met("two greetings", () => one.messages.length === 1 && two.messages.length === 1);
    const third = await fetch(`${server.url}/events`);
    expect([third.status, third.headers.get("retry-after")]).toEqual([503, "10"]);
    expect((await fetch(`${server.url}/events`, { method: "HEAD" })).status).toBe(200);
    clock.advance(500);
    await met("a market view", () => one.messages.at(-1)?.type === "market");
    clock.advance(LIMITS.events_heartbeat_ms);
    await met("a sign of life", () => two.beats === 1);
    one.close();
    await met("one client less", () => clients() === 1);
    await server.close();
    await met("the end", () => two.ended);
    expect(clients()).toBe(0);
  });

  it("drops a client that reads nothing once its place is no longer kept, and counts it", async () => {
    const { market, server, clients } = await start();
    const answer = await fetch(`${server.url}/events`);
    await met("one client", () => clients() === 1);
    const { ...prediction } = market.tick(START_SEC);
    const lost = () => market.metrics.samples("foretick_events_lost_total")[0]!.value;
    // What the two kernels hold is not ours to bound, but it is some megabytes, not more.
    for (let sent = 0; lost() === 0 && sent < 200_000; sent += 2_000) {
      for (let i = 0; i < 2_000; i++) market.emit({ kind: "prediction", prediction });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(lost()).toBe(1);
    expect(clients()).toBe(0);
    await answer.body!.cancel();
  });
});

describe("/stream?since=", () => {
  it("sends what was missed first, each message once, and says where some may be missing", async () => {
    const { market, server } = await start();
    for (const sec of seconds(0, 250)) market.tick(sec);
    const open = async (since: number) => {
      const messages: StreamMessage[] = [];
      const socket = new WebSocket(`${server.url.replace("http", "ws")}/stream?since=${since}`);
      running.push(socket);
      socket.onmessage = ({ data }) => void messages.push(JSON.parse(String(data)));
      await met("the greeting", () => messages.length > 0);
      return messages;
    };
    const messages = await open(START_SEC + 19);
    await met("what was missed", () => messages.length === 1 + 230);
    market.tick(START_SEC + 250);
    await met("what came then", () => messages.length === 1 + 231);
    expect(ticks(messages)).toEqual(seconds(20, 251));
    expect(messages[0]).toMatchObject({ since: { complete: true } });
    expect((await open(START_SEC - 100))[0]).toMatchObject({ since: { complete: false } });
    expect((await fetch(`${server.url}/stream?since=soon`)).status).toBe(400);
  });
});
