/** The faults of the paper exchange over its control port: what a client of the market then meets on real sockets. */

import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import type { BestBidAskMessage, TradesMessage } from "../../../src/binance/sbe/messages.ts";
import { startControl } from "../../../src/sim/exchange/control/server.ts";
import type { PaperExchangeOptions } from "../../../src/sim/exchange/options.ts";
import { START_US } from "../markets.ts";
import { SocketClient } from "./socket_client.ts";
import { asBuffers, closeAll, decoded, framesOf, started } from "./stream_client.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  await closeAll();
});

async function controlled(options: Partial<PaperExchangeOptions> = {}) {
  const clock = new ManualClock(START_US);
  const running = await started({ clock, ...options });
  const control = startControl({ exchange: running.exchange, port: 0, hostname: "127.0.0.1" });
  cleanups.push(() => control.close());
  const post = (body: unknown): Promise<Response> =>
    fetch(control.url, { method: "POST", body: JSON.stringify(body) });
  const ask = async (body: object): Promise<{ now: Record<string, unknown> }> => {
    const answer = await post(body);
    expect(answer.status, await answer.clone().text()).toBe(200);
    return (await answer.json()) as { now: Record<string, unknown> };
  };
  return { ...running, clock, control, post, ask };
}

const QUOTES = "/ws/btcusdt@bestBidAsk";
const quotes = framesOf(["best_bid_ask"]);
const quoteOf = (frame: Uint8Array) => decoded(frame) as BestBidAskMessage;

describe("the control port", () => {
  it("loses, repeats, swaps, breaks off and changes the next frames, each fault in its turn", async () => {
    const { exchange, ws_origin, ask } = await controlled();
    const client = await SocketClient.open(`${ws_origin}${QUOTES}`);
    await ask({ fault: "drop", stream: "bestBidAsk", count: 2 });
    await ask({ fault: "duplicate", stream: "bestBidAsk" });
    await ask({ fault: "reorder", stream: "bestBidAsk" });
    await ask({ fault: "truncate", stream: "bestBidAsk" });
    const { now } = await ask({ fault: "mutate", stream: "bestBidAsk" });
    expect(now.spoiled_frames_left).toBe(6);
    exchange.play();
    // Two lost, one twice.
    await client.until(() => client.frames.length === quotes.length - 1);
    const [first, again, swapped, before, short, changed, ...rest] = asBuffers(client.frames);
    expect([first, again, swapped, before]).toEqual([quotes[2], quotes[2], quotes[4], quotes[3]] as Buffer[]);
    expect(short!.length).toBeLessThan(quotes[5]!.length);
    expect(short).toEqual(quotes[5]!.subarray(0, short!.length));
    expect(changed!.filter((byte, at) => byte !== quotes[6]![at])).toHaveLength(1);
    expect(rest).toEqual(quotes.slice(7));
  });

  it("stalls and holds streams, and lets them go on", async () => {
    const { exchange, ws_origin, ask, clock } = await controlled({ speed: 1 });
    const client = await SocketClient.open(`${ws_origin}/stream?streams=btcusdt@bestBidAsk/btcusdt@trade`);
    await ask({ fault: "stall", streams: ["bestBidAsk"] });
    await ask({ fault: "hold", streams: ["trade"] });
    exchange.play();
    clock.advance(2_000);
    await client.ask({ method: "LIST_SUBSCRIPTIONS", id: 1 });
    expect(client.frames).toHaveLength(0);
    const { now } = await ask({ fault: "well" });
    expect(now).toMatchObject({ silent: [], held: [], rest: null, status: "TRADING" });
    await client.until(() => client.frames.length > 0);
    expect(client.frames.map((frame) => decoded(frame).kind)).not.toContain("best_bid_ask");
    clock.advance(2_000);
    await client.until(() => client.frames.some((frame) => decoded(frame).kind === "best_bid_ask"));
  });

  it("leaves connections half open, and cuts them", async () => {
    const { exchange, ws_origin, ask } = await controlled();
    const deaf = await SocketClient.open(`${ws_origin}${QUOTES}`);
    expect((await ask({ fault: "half_open" })).now).toMatchObject({ clients: 1, deaf_clients: 1 });
    const client = await SocketClient.open(`${ws_origin}${QUOTES}`);
    exchange.play();
    await client.until(() => client.frames.length === quotes.length);
    expect([deaf.frames.length, deaf.closed]).toEqual([0, undefined]);
    await ask({ fault: "shutdown" });
    await client.until(() => client.texts.length === 1);
    await ask({ fault: "cut" });
    await deaf.until(() => deaf.closed !== undefined);
    expect([deaf.closed!.code, deaf.texts.length]).toEqual([1006, 0]);
  });

  it("gives messages false times and ids, sets the clock wrong, and numbers anew", async () => {
    const { exchange, ws_origin, rest_origin, ask, clock } = await controlled({ speed: 1 });
    const client = await SocketClient.open(`${ws_origin}/stream?streams=btcusdt@bestBidAsk/btcusdt@trade`);
    const serverTime = async (): Promise<number> =>
      ((await (await fetch(`${rest_origin}/api/v3/time`)).json()) as { serverTime: number }).serverTime;
    await ask({ fault: "bogus_time", stream: "bestBidAsk", by_s: 3_000 });
    exchange.play();
    clock.advance(1_000);
    const seen = () => client.frames.map((frame) => decoded(frame));
    const [true_first, true_second] = quotes.map(quoteOf);
    await client.until(() => seen().filter(({ kind }) => kind === "best_bid_ask").length > 1);
    const [first, second] = seen().filter(({ kind }) => kind === "best_bid_ask");
    expect(Number(first!.event_time_us) - Number(true_first!.event_time_us)).toBe(3_000_000_000);
    expect(second!.event_time_us).toBe(true_second!.event_time_us);

    await ask({ fault: "clock", by_s: 30 });
    expect((await serverTime()) - exchange.market_us / 1_000).toBeGreaterThan(29_000);
    await ask({ fault: "clock", by_s: 0 });
    await ask({ fault: "ids", stream: "trade", by: 1_000_000, count: 1 });
    client.frames.length = 0;
    clock.advance(2_000);
    const ids = () =>
      seen().flatMap((message) =>
        message.kind === "trades" ? [Number((message as TradesMessage).trades[0]!.id)] : [],
      );
    await client.until(() => ids().length > 1);
    expect(ids()[0]! - ids()[1]!).toBeGreaterThan(900_000);
    await ask({ fault: "renumber" });
    client.frames.length = 0;
    clock.advance(2_000);
    await client.until(() => ids().length > 0);
    expect(ids()[0]).toBe(1);
  });

  it("makes REST fail, hang, repeat itself and never end, and the symbol halt", async () => {
    const { exchange, rest_origin, ask, clock } = await controlled({ speed: 1 });
    exchange.play();
    const time = (): Promise<Response> => fetch(`${rest_origin}/api/v3/time`);
    await ask({ fault: "rest", kind: "error", status: 502 });
    expect((await time()).status).toBe(502);
    await ask({ fault: "rest", kind: "stale" });
    const before = await (await time()).text();
    clock.advance(1_500);
    expect(await (await time()).text()).toBe(before);
    await ask({ fault: "rest", kind: "huge", bytes: 3_000_000 });
    expect((await (await time()).arrayBuffer()).byteLength).toBe(3_000_000);
    await ask({ fault: "rest", kind: "hang" });
    const cut = new AbortController();
    let answered = false;
    const hanging = fetch(`${rest_origin}/api/v3/time`, { signal: cut.signal }).then(
      () => {
        answered = true;
      },
      () => {},
    );
    await ask({ fault: "status", status: "BREAK" });
    expect(answered).toBe(false);
    cut.abort();
    await hanging;
    await ask({ fault: "rest", kind: "error" });
    await ask({ fault: "well" });
    await ask({ fault: "status", status: "BREAK" });
    const info = (await (await fetch(`${rest_origin}/api/v3/exchangeInfo?symbol=BTCUSDT`)).json()) as {
      symbols: { status: string }[];
    };
    expect(info.symbols[0]!.status).toBe("BREAK");
    expect(await (await time()).text()).not.toBe(before);
  });

  it("says in one sentence what is wrong with a command, and lists what there is", async () => {
    const { control, post } = await controlled();
    const sentences: readonly (readonly [body: unknown, error: RegExp])[] = [
      [{ fault: "explode" }, /^fault: expected "fault" to be one of well, cut, .*mutate.*, rest$/],
      ["cut", /^expected "fault" to be one of well/],
      [
        { fault: "stall", streams: ["trades"] },
        /^streams\.0: expected one of trade, bestBidAsk, depth, depth20$/,
      ],
      [
        { fault: "drop", stream: "trade", count: 0 },
        /^count: expected a whole number of messages from 1 to 100000$/,
      ],
      [{ fault: "drop" }, /^stream: expected one of trade/],
      [{ fault: "clock" }, /^by_s: expected a number of seconds$/],
      [{ fault: "rest", kind: "slow" }, /^kind: expected one of error, hang, stale, huge$/],
      [{ fault: "status", status: "break" }, /^status: expected a status such as BREAK$/],
      [{ fault: "cut", streams: ["trade"] }, /^Unrecognized key: "streams"$/],
    ];
    for (const [body, error] of sentences) {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { error: string }).error).toMatch(error);
    }
    const listed = (await (await fetch(control.url)).json()) as { faults: object; now: object };
    expect(Object.keys(listed.faults)).toContain("stall, streams");
    expect((await fetch(`${control.url}/x`)).status).toBe(404);
    expect((await fetch(control.url, { method: "DELETE" })).status).toBe(405);
  });
});
