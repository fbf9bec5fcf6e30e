import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { eventually, quietly } from "../eventually.ts";
import { quoteFrame, SYMBOL, timeOf, tradeFrame } from "../sbe/frames.ts";
import { closeAll, disconnects, kinds, live, NOW_US, quoteIds, reconnects } from "./test_client.ts";

afterEach(closeAll);

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
  it("puts one disconnect per symbol into the data, at the highest exchange time of the symbol", async () => {
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

  it("accepts ids that start again on the next connection (a wiped testnet)", async () => {
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
