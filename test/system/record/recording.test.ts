/**
 * Real market data, over a real socket, through the whole service, into every database there is: what is stored, what
 * is computed live, and that SQL computes the same, in every second of every set.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Micros, secondOf, startOf, unixSec } from "../../../src/base/units.ts";
import type { QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import { compareRange, storedRange } from "../../../src/record/parity/range.ts";
import { mergeReports, type ParityReport } from "../../../src/record/parity/report.ts";
import { Queries } from "../../../src/record/queries.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { recordingSource } from "../../../src/sim/recording/recording.ts";
import { NaiveV1 } from "../../features/naive/naive.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { RECORDING, recording_is_here } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const TRADES = 19_904;
const QUOTES = 73_174;
const DIFFS = 6_495;
const ALL = { symbol: "BTCUSDT", from_us: 0 as Micros, to_us: startOf(unixSec(4_000_000_000)) };

onEveryServer("the shared recording through the service", (server) =>
  describe.skipIf(!recording_is_here)("once it has ended", () => {
    let running: Running;
    let sql: ReturnType<typeof connectTo>;
    let queries: Queries;

    beforeAll(async () => {
      const source = await recordingSource([...RECORDING]);
      const database_url = await server.emptyDatabase();
      const options = { source, speed: 1, start_on: "play" } as const;
      running = await startRunning(options, { database_url, parity_every_s: 0 });
      const { exchange, pipeline, worker } = running;
      await met("the feed", () => pipeline.feed.status.state === "live");
      // A snapshot can only be in step with the stream where the market waits for it.
      exchange.play(1);
      await met("the book", () => worker.book.sequencer.state.name === "synced");
      exchange.play("max");
      await met(
        "the end of the market",
        () => exchange.ended && worker.book.sequencer.counters.diffs === DIFFS,
      );
      await met("all ticks", () => worker.predictor.waiting === 0);
      await pipeline.writer.flush();
      sql = connectTo(pipeline.database.url);
      queries = new Queries(pipeline.database);
    });

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
        (select count(*) from disconnects where ts < (select max(ts) - interval '1 second' from quotes))::int
          as disconnects`;
      expect(row).toEqual({
        trades: TRADES,
        trade_ids: TRADES,
        quotes: QUOTES,
        quote_ids: QUOTES,
        disconnects: 0,
      });
      expect(running.worker.lane.ledger.missing()).toEqual([]);
      expect(running.worker.lane.counters.trades_duplicate).toBeLessThanOrEqual(1_000); // REST and stream overlap
    });

    it("keeps the book in sequence, and equal to the exchange's quotes at the same update", () => {
      const { sequencer, touch } = running.worker.book;
      expect(sequencer.counters.gaps).toBe(0);
      expect(sequencer.counters.crossed).toBe(0);
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

      // Once the recording is over the streams are silent, which is noticed: how soon, the machine decides.
      const over_sec = secondOf(quotes.at(-1)!.ts_us);
      let rows = 0;
      let warm = 0;
      const different: string[] = [];
      for await (const vector of queries.featureVectors({ ...ALL, feature_set: "v1" })) {
        if (vector.ts_sec > over_sec) break;
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
      from prediction_outcomes
      where ts <= (select max(ts) - interval '10 seconds' from quotes)`;
      expect(row!.predictions).toBeGreaterThan(290);
      expect(row!.joined).toBe(row!.predictions);
      expect(row!.off).toBeLessThan(1e-12);
    });

    it("has SQL compute the same, to the last bit, in every second of every set", async () => {
      const { database } = running.pipeline;
      const bars = new Refresher({ database, clock: systemClock, log: silentLogger });
      for (const set of FEATURE_SETS) {
        const range = await storedRange(database.sql, "BTCUSDT", set);
        const spans: ParityReport[] = [];
        const span = { symbol: "BTCUSDT", set, ...range! };
        for await (const report of compareRange({
          ...{ sql: database.sql, bars, span },
          monotonicUs: systemClock.monotonicUs,
        })) {
          spans.push(report);
        }
        const report = mergeReports(spans);
        expect(report.differences).toEqual([]);
        expect(report.rows_compared).toBeGreaterThanOrEqual(Math.floor(648 / set.cadence_s));
      }
      await bars.close();
    });
  }),
);
