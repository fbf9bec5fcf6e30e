/** Real market data, over a real socket, through the whole service, into a real database. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Micros, secondOf, startOf, unixSec } from "../../src/base/units.ts";
import type { QuoteEvent, TradeEvent } from "../../src/binance/events.ts";
import { v1 } from "../../src/features/v1.ts";
import { connectTo } from "../../src/record/database.ts";
import { Queries } from "../../src/record/queries.ts";
import { recordingSource } from "../../src/sim/recording.ts";
import { NaiveV1 } from "../features/naive.ts";
import { RECORDING, recording_is_here } from "../sim/markets.ts";
import { met, type Running, startRunning } from "./running.ts";

const TRADES = 19_904;
const QUOTES = 73_174;
const DIFFS = 6_495;
const ALL = { symbol: "BTCUSDT", from_us: 0 as Micros, to_us: startOf(unixSec(4_000_000_000)) };

describe.skipIf(!recording_is_here)("the shared recording through the service", () => {
  let running: Running;
  let sql: ReturnType<typeof connectTo>;
  let queries: Queries;

  beforeAll(async () => {
    const source = await recordingSource([...RECORDING]);
    running = await startRunning({ source, speed: 1, start_on: "play" });
    const { exchange, pipeline, line } = running;
    await met("the feed", () => pipeline.feed.status.state === "live");
    // A snapshot can only be in step with the stream where the market waits for it.
    exchange.play(1);
    await met("the book", () => line.book.state.name === "synced");
    exchange.play("max");
    await met("the end of the market", () => exchange.ended && line.book.counters.diffs === DIFFS);
    await met("all ticks", () => line.predictor.waiting === 0);
    await pipeline.writer.flush();
    sql = connectTo(pipeline.database.url);
    queries = new Queries(pipeline.database);
  }, 60_000);

  afterAll(async () => {
    await sql?.end();
    await running?.close();
  });

  it("stores every trade and every quote once", async () => {
    const [row] = await sql`
      select (select count(*) from trades)::int as trades,
        (select count(distinct trade_id) from trades)::int as trade_ids,
        (select count(*) from quotes)::int as quotes,
        (select count(distinct update_id) from quotes)::int as quote_ids,
        (select count(*) from disconnects)::int as disconnects`;
    expect(row).toEqual({
      trades: TRADES,
      trade_ids: TRADES,
      quotes: QUOTES,
      quote_ids: QUOTES,
      disconnects: 0,
    });
    expect(running.line.lane.ledger.missing()).toEqual([]);
    expect(running.line.lane.counters.trades_duplicate).toBeLessThanOrEqual(1_000); // REST and stream overlap
  });

  it("keeps the book in sequence, and equal to the exchange's quotes at the same update", () => {
    const { book, touch } = running.line;
    expect(book.counters.gaps).toBe(0);
    expect(book.counters.crossed).toBe(0);
    expect(touch.compared).toBeGreaterThan(1_000);
    expect(touch.matches / touch.compared).toBeGreaterThanOrEqual(0.999);
  });

  it("computes every feature vector equal, bit for bit, to a naive reading of the raw rows", async () => {
    const trades: TradeEvent[] = [];
    const quotes: QuoteEvent[] = [];
    for await (const { trade, late } of queries.tradesBetween(ALL)) if (!late) trades.push(trade);
    for await (const quote of queries.quotesSince("BTCUSDT", 0 as Micros)) quotes.push(quote);
    const first = Math.min(secondOf(trades[0]!.ts_us), secondOf(quotes[0]!.ts_us));
    const naive = new NaiveV1({ trades, quotes, markers_us: [], late: new Set() }, first + 1);

    let rows = 0;
    let warm = 0;
    const different: string[] = [];
    for await (const vector of queries.featureVectors({ ...ALL, feature_set: "v1" })) {
      rows++;
      if (vector.warm) warm++;
      const expected = naive.at(vector.ts_sec);
      vector.values.forEach((value, column) => {
        const wanted = expected.values[column] ?? Number.NaN;
        if (!Object.is(value, wanted))
          different.push(`${v1.names[column]}@${vector.ts_sec}: ${value} ≠ ${wanted}`);
      });
    }
    expect(different).toEqual([]);
    expect(rows).toBeGreaterThanOrEqual(648);
    expect(warm).toBeGreaterThan(300);
  });

  it("predicts every second it has a whole vector for, and joins what came of it", async () => {
    const [row] = await sql`
      select count(*)::int as predictions,
        count(realized_log_return_10s)::int as joined,
        max(abs(predicted_price / current_price - exp(yhat_log_return_10s)))::float8 as off
      from prediction_outcomes`;
    expect(row!.predictions).toBeGreaterThan(300);
    expect(row!.joined).toBeGreaterThanOrEqual(row!.predictions - 11);
    expect(row!.off).toBeLessThan(1e-12);
  });
});
