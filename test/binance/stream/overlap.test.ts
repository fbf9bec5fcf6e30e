import { afterEach, describe, expect, it } from "vitest";
import type { ManualClock } from "../../../src/base/clock.ts";
import { seededRng } from "../../../src/base/rng.ts";
import type { StreamClient } from "../../../src/binance/stream/client.ts";
import { TradeLedger } from "../../../src/binance/trade_ledger.ts";
import { eventually, quietly } from "../eventually.ts";
import { diffFrame, quoteFrame, SYMBOL, timeOf, tradeFrame } from "../sbe/frames.ts";
import {
  closeAll,
  disconnects,
  isLive,
  kinds,
  live,
  NEVER,
  quoteIds,
  type Running,
  tradeIds,
} from "./test_client.ts";

afterEach(closeAll);

describe("StreamClient: overlapping connections", () => {
  /** A connection turns old in a minute; that it is silent meanwhile is not the question here. */
  const timing = {
    rotate_after_ms: 60_000,
    patience: { trade: NEVER, bestBidAsk: NEVER, depth: NEVER, depth20: NEVER },
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

  it("keeps the old connection until the new one delivers on every stream", async () => {
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
