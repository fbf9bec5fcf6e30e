import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { rejection } from "../../base/rejection.ts";
import { allOf, START_US, simulatedSeconds } from "../markets.ts";
import { SocketClient } from "./socket_client.ts";
import {
  ALL,
  asBuffers,
  closeAll,
  decoded,
  framesOf,
  muteClient,
  started,
  turns,
  wideDiffs,
} from "./stream_client.ts";

afterEach(closeAll);

describe("the paper exchange's streams", () => {
  it("send every frame of the source, in order, bare on each of the three paths", async () => {
    const { exchange, ws_origin } = await started();
    const combined = await SocketClient.open(`${ws_origin}/stream?streams=${ALL}`);
    const single = await SocketClient.open(`${ws_origin}/ws/btcusdt@trade`);
    const asked = await SocketClient.open(`${ws_origin}/ws`);
    const reply = await asked.ask({ method: "SUBSCRIBE", params: ["btcusdt@bestBidAsk"], id: 1 });
    expect(reply).toEqual({ result: null, id: 1 });
    exchange.play();
    const all = framesOf(["trades", "best_bid_ask", "depth_diff"]);
    const trades = framesOf(["trades"]);
    const quotes = framesOf(["best_bid_ask"]);
    await combined.until(() => combined.frames.length === all.length);
    await single.until(() => single.frames.length === trades.length);
    await asked.until(() => asked.frames.length === quotes.length);
    expect(asBuffers(combined.frames)).toEqual(all);
    expect(asBuffers(single.frames)).toEqual(trades);
    expect(asBuffers(asked.frames)).toEqual(quotes);
  });

  it("are refused a port that is taken, with a sentence that says so", async () => {
    const { ws_origin } = await started();
    const port = Number(new URL(ws_origin).port);
    expect(await rejection(started({ port }))).toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(`port ${port}`),
    });
  });

  it("refuse a client without a key as Binance does, unless keys are not required", async () => {
    const { ws_origin, rest_origin } = await started();
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const response = await fetch(`${rest_origin}/ws/btcusdt@trade`, { headers });
    expect(response.status).toBe(400);
    expect(await response.text()).toBe("No X-MBX-APIKEY header");
    expect((await rejection(SocketClient.open(`${ws_origin}/ws`, ""))).message).toContain("400");
    const open = await started({ require_key: false });
    const client = await SocketClient.open(`${open.ws_origin}/ws`, "");
    expect(client.closed).toBeUndefined();
  });

  it("accept an unknown symbol and never send data for it", async () => {
    const { exchange, ws_origin } = await started();
    const stranger = await SocketClient.open(`${ws_origin}/ws/nosuchusdt@trade`);
    const witness = await SocketClient.open(`${ws_origin}/ws/btcusdt@trade`);
    exchange.play();
    await witness.until(() => witness.frames.length === framesOf(["trades"]).length);
    expect(await stranger.ask({ method: "LIST_SUBSCRIPTIONS", id: 1 })).toEqual({
      result: ["nosuchusdt@trade"],
      id: 1,
    });
    expect(stranger.frames).toEqual([]);
  });

  it("send nothing of a stream after it was unsubscribed", async () => {
    const clock = new ManualClock(START_US);
    const { ws_origin } = await started({ clock, speed: 1, start_on: "listen" });
    const client = await SocketClient.open(`${ws_origin}/stream?streams=${ALL}`);
    clock.advance(2_000);
    await client.ask({ method: "UNSUBSCRIBE", params: ["btcusdt@trade"], id: 1 });
    const before = client.frames.length;
    expect(client.frames.map((frame) => decoded(frame).kind)).toContain("trades");
    clock.advance(3_000);
    await client.until(() => client.frames.length > before + 50);
    expect(client.frames.slice(before).map((frame) => decoded(frame).kind)).not.toContain("trades");
  });

  it("send each message when its time has come, n times as fast at speed n", async () => {
    const clock = new ManualClock(START_US);
    const { exchange, ws_origin } = await started({ clock, speed: 4, start_on: "listen" });
    const client = await SocketClient.open(`${ws_origin}/stream?streams=${ALL}`);
    const due = (until_us: number) =>
      allOf(simulatedSeconds(5)).filter(({ at_us }) => at_us <= until_us).length;
    for (let step = 0; step < 4; step++) {
      clock.advance(250);
      await client.ask({ method: "LIST_SUBSCRIPTIONS", id: step });
      expect(client.frames.length).toBe(due(exchange.market_us));
    }
    expect(exchange.market_us - simulatedSeconds(5).start_us).toBe(4_000_000 - 1);
  });

  it("make depth20 of the book every 50 ms where the source has none", async () => {
    const { exchange, ws_origin } = await started();
    const client = await SocketClient.open(`${ws_origin}/stream?streams=btcusdt@depth20/btcusdt@depth`);
    exchange.play();
    const diffs = framesOf(["depth_diff"]).length;
    const kinds = () => client.frames.map((frame) => decoded(frame));
    await client.until(() => kinds().filter(({ kind }) => kind === "depth_diff").length === diffs);
    const snapshots = kinds().filter((message) => message.kind === "depth_snapshot");
    expect(snapshots.length).toBeGreaterThan(40);
    expect(snapshots.length).toBeLessThanOrEqual(101);
    for (const [i, snapshot] of snapshots.entries()) {
      expect(Number(snapshot.event_time_us) % 50_000).toBe(0);
      expect(snapshot.bids.length).toBe(40);
      expect(Number(snapshot.bids[0])).toBeLessThan(Number(snapshot.asks[0]));
      if (i === 0) continue;
      const previous = snapshots[i - 1]!;
      expect(Number(snapshot.event_time_us)).toBeGreaterThan(Number(previous.event_time_us));
      expect(Number(snapshot.book_update_id)).toBeGreaterThan(Number(previous.book_update_id));
    }
  });

  it("wait for a client that does not read, at full speed, and lose it nothing", async () => {
    const frames = 20_000;
    const { exchange, ws_origin } = await started({ source: wideDiffs(frames) });
    const { socket } = await muteClient(ws_origin, "/ws/btcusdt@depth");
    let received = 0;
    let next_id = 1;
    let tail = Buffer.alloc(0);
    const finished = new Promise<void>((resolve) => {
      socket.on("data", (chunk: Buffer) => {
        tail = Buffer.concat([tail, chunk]);
        // Each is a 4-byte WebSocket head (binary, 16-bit length) and the SBE frame.
        for (;;) {
          const length = tail.length < 4 ? Number.POSITIVE_INFINITY : tail.readUInt16BE(2);
          if (tail.length < 4 + length) break;
          const message = decoded(tail.subarray(4, 4 + length));
          if (message.kind === "depth_diff" && message.last_book_update_id === next_id) next_id++;
          tail = tail.subarray(4 + length);
          received++;
        }
        if (received >= frames) resolve();
      });
    });
    // Not a byte is read until the market has had to stop for this client.
    socket.pause();
    exchange.play();
    while (!exchange.streams.congested) await turns(1);
    const stopped_at = exchange.counters.messages;
    expect(stopped_at).toBeLessThan(frames);
    await turns(100);
    expect(exchange.counters.messages).toBe(stopped_at);
    socket.resume();
    await finished;
    expect(received).toBe(frames);
    expect(next_id).toBe(frames + 1);
    expect(exchange.ended).toBe(true);
    socket.destroy();
  });
});
