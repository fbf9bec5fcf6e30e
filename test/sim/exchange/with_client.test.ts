/** The product's own clients at the paper exchange, as they would be at the real one. */

import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import type { MarketSource } from "../../../src/binance/capture/market_source.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import { RestClient } from "../../../src/binance/rest/client.ts";
import { StreamClient } from "../../../src/binance/stream/client.ts";
import { BookSequencer } from "../../../src/book/sequencer.ts";
import { TouchCheck } from "../../../src/book/touch_check.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { recordingSource } from "../../../src/sim/recording/recording.ts";
import { RECORDING, recording_is_here, simulatedSeconds } from "../markets.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

/** A client that keeps a book, listening to an exchange that has not started to play. */
async function listening(source: MarketSource) {
  const exchange = new PaperExchange({ source, speed: 1, start_on: "play" });
  const { ws_origin, rest_origin } = await exchange.start();
  closing.push(exchange);
  const common = { api_key: "paper", clock: systemClock, rng: seededRng(1), log: silentLogger };
  const rest = new RestClient({ origin: rest_origin, ...common });
  const touch = new TouchCheck();
  let over = false;
  closing.push({
    close: async () => {
      over = true;
    },
  });
  const sequencer = new BookSequencer({
    symbol: source.symbol,
    requestSnapshot: async () => {
      try {
        sequencer.onSnapshot(await rest.depth(source.symbol, 5_000));
      } catch (error) {
        // A snapshot asked for as the test ends finds the exchange gone.
        if (!over) throw error;
      }
    },
    onUpdate: (book) => touch.onBook(book),
  });
  const counts: Record<MarketEvent["kind"], number> = {
    trade: 0,
    quote: 0,
    depth_diff: 0,
    depth_snapshot: 0,
    disconnect: 0,
  };
  const trade_ids: number[] = [];
  const client = new StreamClient({
    url: ws_origin,
    ...common,
    symbols: [source.symbol],
    streams: ["trade", "bestBidAsk", "depth"],
    onEvent: (event) => {
      counts[event.kind]++;
      if (event.kind === "depth_diff") sequencer.onDiff(event);
      else if (event.kind === "quote") touch.onQuote(event);
      else if (event.kind === "trade") trade_ids.push(event.trade_id);
    },
  });
  closing.push(client);
  client.start();
  await met(() => client.status.state === "live");
  return { exchange, client, rest, sequencer, touch, counts, trade_ids };
}

/** Real sockets do not report when all is through: looks again each time the event loop turns. */
async function met(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe("the product's clients at the paper exchange", () => {
  it("come into step with the book and stay there, through a lost diff and a cut connection", async () => {
    const { exchange, client, sequencer, counts } = await listening(simulatedSeconds(60));
    exchange.play(20);
    await met(() => sequencer.state.name === "synced");
    exchange.faults.dropDiffs(1);
    await met(() => sequencer.counters.gaps === 1 && sequencer.state.name === "synced");
    expect(sequencer.counters.syncs).toBe(2);
    exchange.cutConnections();
    await met(() => counts.disconnect === 1);
    await met(() => client.status.state === "live");
    const before = counts.trade;
    await met(() => counts.trade > before);
  });

  it.skipIf(!recording_is_here)(
    "take the recording whole at full speed: nothing lost, no gap, the book equal to the quotes",
    async () => {
      const { exchange, sequencer, touch, counts, trade_ids } = await listening(
        await recordingSource(RECORDING),
      );
      exchange.play(1);
      await met(() => sequencer.state.name === "synced");
      exchange.play("max");
      await met(() => counts.trade + counts.quote + counts.depth_diff >= 99_573);
      expect(counts).toEqual({
        trade: 19_904,
        quote: 73_174,
        depth_diff: 6_495,
        depth_snapshot: 0,
        disconnect: 0,
      });
      trade_ids.forEach((id, i) => {
        if (id !== 3_735_683_259 + i) expect(id).toBe(3_735_683_259 + i);
      });
      expect(sequencer.counters).toMatchObject({ gaps: 0, crossed: 0, syncs: 1 });
      expect(touch.compared).toBeGreaterThan(1_000);
      expect(touch.matches / touch.compared).toBeGreaterThanOrEqual(0.999);
    },
  );
});
