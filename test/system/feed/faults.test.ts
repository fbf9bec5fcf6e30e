/** What the running service promises when things go wrong, at a simulated market played fast. */

import { afterEach, describe, expect, it } from "vitest";
import { type Micros, startOf, unixSec } from "../../../src/base/units.ts";
import type { QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Queries } from "../../../src/record/queries.ts";
import type { Dependency } from "../../../src/serve/ports.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { NaiveV1 } from "../../features/naive/naive.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const ALL = { symbol: "BTCUSDT", from_us: 0 as Micros, to_us: startOf(unixSec(4_000_000_000)) };
const running: Running[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

async function started(speed: number, history_s = 700): Promise<Running> {
  const source = simulatedSource({ seed: 11, start_us: START_US, ...QUIET });
  const one = await startRunning({ source, speed, history_s, start_on: "first_subscriber" });
  running.push(one);
  return one;
}

const predictions = (one: Running): number => one.worker.predictor.counters.predictions;

/** Stored vectors that are warm and differ from a naive reading of all stored raw rows. */
async function differences(one: Running): Promise<{ warm: number; different: string[] }> {
  const { pipeline } = one;
  await pipeline.writer.flush();
  const queries = new Queries(pipeline.database);
  // First the vectors: the market goes on, and a vector may know no event that is read before it is.
  const vectors = await Array.fromAsync(queries.featureVectors({ ...ALL, feature_set: v1.name }));
  const trades: TradeEvent[] = [];
  const quotes: QuoteEvent[] = [];
  for await (const { trade, late } of queries.tradesBetween(ALL)) if (!late) trades.push(trade);
  for await (const quote of queries.quotesSince(ALL.symbol, ALL.from_us)) quotes.push(quote);
  const markers_us = (await queries.disconnectsSince(ALL.symbol, ALL.from_us)).map(({ ts_us }) => ts_us);
  const naive = new NaiveV1({ trades, quotes, markers_us, late: new Set() }, 0);
  const different: string[] = [];
  let warm = 0;
  for (const vector of vectors) {
    if (!vector.warm) continue;
    warm++;
    const expected = naive.at(vector.ts_sec).values;
    vector.values.forEach((value, column) => {
      if (!Object.is(value, expected[column] ?? Number.NaN))
        different.push(`${v1.names[column]}@${vector.ts_sec}`);
    });
  }
  return { warm, different };
}

describe("the running service", () => {
  it("predicts warm long before its own look-back has passed, from the history of REST", async () => {
    const one = await started(1);
    await met("a prediction", () => predictions(one) > 0);
    expect(one.worker.lane.counters.seconds_closed).toBeLessThan(v1.look_back.window_s / 2);
    expect(one.worker.state.predictions.latest()!.warm).toBe(true);
    const answer = await fetch(`${one.pipeline.url}/latest?symbol=BTCUSDT`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      symbol: "BTCUSDT",
      horizon_s: 10,
      warm: true,
      source: "fallback",
    });
  });

  it("fetches what a cut connection lost, is warm again, and every warm vector stays true", async () => {
    const one = await started(20);
    await met("predictions", () => predictions(one) > 20);
    one.exchange.cutConnections();
    await met("the break", () => one.worker.lane.counters.disconnects > 0);
    await met(
      "the feed's return",
      () => one.pipeline.feed.status.state === "live" && !one.worker.lane.holding,
    );
    const before = predictions(one);
    await met("predictions after it", () => predictions(one) > before + 40);
    expect(one.worker.state.vector!.warm).toBe(true);
    expect(one.worker.lane.ledger.missing()).toEqual([]);
    const { warm, different } = await differences(one);
    expect(warm).toBeGreaterThan(50);
    expect(different).toEqual([]);
    const [row] = await one.pipeline.database.sql`
      select count(*)::int as markers, count(filled_at)::int as filled from disconnects`;
    expect(row!.markers).toBeGreaterThanOrEqual(1);
    expect(row!.filled).toBe(row!.markers);
  });

  it("goes on after a restart from what it stored, with no quote carried across", async () => {
    let one = await started(5);
    await met("predictions", () => predictions(one) > 10);
    one = await one.restart();
    running.splice(0, 1, one);
    await met("predictions after the restart", () => predictions(one) > 10);
    expect(one.worker.state.vector!.warm).toBe(true);
    const { warm, different } = await differences(one);
    expect(warm).toBeGreaterThan(20);
    expect(different).toEqual([]);
    const [row] = await one.pipeline.database.sql`
      select max(trade_id) - min(trade_id) + 1 - count(*) as missing, count(*) - count(distinct trade_id) as twice
      from trades`;
    expect(row).toMatchObject({ missing: "0", twice: "0" });
  });

  it("comes into step with the book again after a lost diff", async () => {
    const one = await started(20);
    await met("the book", () => one.worker.book.sequencer.state.name === "synced");
    one.exchange.faults.dropDiffs(1);
    await met("the gap", () => one.worker.book.sequencer.counters.gaps > 0);
    await met("the book again", () => one.worker.book.sequencer.state.name === "synced");
    const { touch } = one.worker.book;
    const before = touch.compared;
    await met("comparisons", () => touch.compared > before + 50);
    expect(touch.matches).toBe(touch.compared);
  });

  it("says at /latest why there is nothing, when the exchange cannot be reached", async () => {
    const one = await started(1);
    await met("a prediction", () => predictions(one) > 0);
    await one.exchange.close();
    await met("the reason", async () => (await fetch(`${one.pipeline.url}/latest`)).status === 503);
    const body = (await (await fetch(`${one.pipeline.url}/latest`)).json()) as { detail: string };
    expect(body.detail).not.toContain("undefined");
    expect(body.detail.length).toBeGreaterThan(20);
  });

  it("skips ticks that take longer than the deadline, and counts them", async () => {
    const one = await started(20);
    await met("ticks", () => one.worker.lane.counters.seconds_closed > 10);
    const { roster, predictor } = one.worker;
    const slot = roster.champion;
    const quick = slot.current;
    const { version, feature_set, set_hash, horizon_s, label, sequence_length, counters } = quick;
    let takes_ms = 150;
    slot.swap({
      ...{ version, feature_set, set_hash, horizon_s, label, sequence_length, counters },
      infer: async (hash, values) => {
        await new Promise((resolve) => setTimeout(resolve, takes_ms));
        return quick.infer(hash, values);
      },
      close: async () => {},
    });
    await met("skipped ticks", () => predictor.counters.skipped_deadline > 3);
    takes_ms = 0;
    const before = predictions(one);
    await met("predictions again", () => predictions(one) > before + 3);
  });

  it("ends by itself where a symbol has an internal error, so that the platform starts it again", async () => {
    const one = await started(5);
    await met("predictions", () => predictions(one) > 2);
    const before = one.worker.lane.counters.events;
    one.worker.lane.onEvent = () => {
      throw new TypeError("a fact the code relies on does not hold");
    };
    expect((await one.pipeline.ended).message).toBe("a fact the code relies on does not hold");
    expect(one.worker.lane.counters.events).toBe(before);
    const answer = (await (await fetch(`${one.pipeline.url}/health`)).json()) as {
      dependencies: Dependency[];
    };
    const forecast = answer.dependencies.find(({ name }) => name === "forecast BTCUSDT");
    expect(forecast).toMatchObject({ state: "down" });
    expect(forecast!.reason).toContain("stopped after an internal error");
  });
});
