/** How connections to the paper exchange live and end, and the faults that can be planted on them. */

import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { allOf, START_US, simulatedSeconds } from "../markets.ts";
import { SocketClient } from "./socket_client.ts";
import { ALL, closeAll, decoded, muteClient, started } from "./stream_client.ts";

afterEach(closeAll);

describe("connections to the paper exchange", () => {
  it("ping every 20 s and close a client that does not answer within a minute", async () => {
    const clock = new ManualClock(START_US);
    const { exchange, ws_origin } = await started({ clock });
    const answering = await SocketClient.open(`${ws_origin}/ws`);
    const mute = await muteClient(ws_origin);
    const ended = new Promise((resolve) => mute.socket.once("close", resolve));
    for (let s = 0; s < 5; s++) {
      clock.advance(20_000);
      // A round trip, so that the pong has been heard before the clock moves on.
      await answering.ask({ method: "LIST_SUBSCRIPTIONS", id: s });
    }
    await ended;
    const pings = mute.bytes().toString("latin1").split("\x89\x0d").length - 1;
    expect(pings).toBeGreaterThanOrEqual(3);
    expect(mute.bytes().toString("latin1")).toContain("Pong timeout");
    expect(answering.closed).toBeUndefined();
    expect(exchange.streams.clients).toBe(1);
  });

  it("close a client that sends more than five messages in a second, pings counted", async () => {
    const clock = new ManualClock(START_US);
    const { ws_origin } = await started({ clock });
    const client = await SocketClient.open(`${ws_origin}/ws`);
    for (let i = 0; i < 5; i++) await client.ask({ method: "LIST_SUBSCRIPTIONS", id: i });
    clock.advance(1_000);
    for (let i = 0; i < 4; i++) await client.ask({ method: "LIST_SUBSCRIPTIONS", id: i });
    expect(client.closed).toBeUndefined();
    client.ping();
    client.send({ method: "LIST_SUBSCRIPTIONS", id: 9 });
    await client.until(() => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1008, reason: "Too many requests" });
  });

  it("announce a shutdown as text, and end connections at their lifetime or when cut", async () => {
    const clock = new ManualClock(START_US);
    const { exchange, ws_origin } = await started({ clock, cut_after_s: 30 });
    const client = await SocketClient.open(`${ws_origin}/ws`);
    exchange.announceShutdown();
    await client.until(() => client.texts.length === 1);
    expect(client.texts[0]).toBe(`{"e":"serverShutdown","E":${START_US / 1_000}}`);
    clock.advance(29_000);
    expect(client.closed).toBeUndefined();
    clock.advance(1_000);
    await client.until(() => client.closed !== undefined);
    const other = await SocketClient.open(`${ws_origin}/ws`);
    exchange.cutConnections();
    await other.until(() => other.closed !== undefined);
    expect(other.closed?.code).toBe(1006);
  });

  it("can lose one depth diff, fall silent, and send late, without REST noticing", async () => {
    const clock = new ManualClock(START_US);
    const { exchange, ws_origin, rest_origin } = await started({ clock, speed: 1, start_on: "listen" });
    const client = await SocketClient.open(`${ws_origin}/stream?streams=${ALL}`);
    const messages = () => client.frames.map((frame) => decoded(frame));
    exchange.faults.dropDiffs(1);
    exchange.faults.pause("bestBidAsk");
    exchange.faults.hold("trade");
    clock.advance(2_000);
    await client.ask({ method: "LIST_SUBSCRIPTIONS", id: 1 });
    expect(new Set(messages().map(({ kind }) => kind))).toEqual(new Set(["depth_diff"]));
    const sent = allOf(simulatedSeconds(5)).filter(({ at_us }) => at_us <= exchange.market_us);
    const diffs = sent.filter(({ message }) => message.kind === "depth_diff");
    expect(messages().length).toBe(diffs.length - 1);
    const trades = sent.filter(({ message }) => message.kind === "trades");
    const rest = await fetch(`${rest_origin}/api/v3/trades?symbol=BTCUSDT&limit=1000`);
    expect(((await rest.json()) as unknown[]).length).toBe(
      trades.reduce((sum, { message }) => sum + (message.kind === "trades" ? message.trades.length : 0), 0),
    );
    exchange.release("trade");
    exchange.faults.resume("bestBidAsk");
    await client.until(() => messages().filter(({ kind }) => kind === "trades").length === trades.length);
    clock.advance(1_000);
    await client.until(() => messages().some(({ kind }) => kind === "best_bid_ask"));
  });
});
