/** Real market data, ingested live and recomputed by SQL: every second, every set, on every server there is. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { FEATURE_SETS } from "../../src/features/sets.ts";
import { compareRange, storedRange } from "../../src/record/parity_range.ts";
import { mergeReports, type ParityReport } from "../../src/record/parity_report.ts";
import { Refresher } from "../../src/record/refresher.ts";
import { recordingSource } from "../../src/sim/recording.ts";
import { onEveryServer } from "../record/servers.ts";
import { RECORDING, recording_is_here } from "../sim/markets.ts";
import { met, type Running, startRunning } from "./running.ts";

onEveryServer("the shared recording, live and by SQL", (server) => {
  let running: Running | undefined;

  beforeAll(async () => {
    if (!recording_is_here) return;
    const source = await recordingSource([...RECORDING]);
    const database_url = await server.emptyDatabase();
    const options = { source, speed: 1, start_on: "play" } as const;
    running = await startRunning(options, { database_url, parity_every_s: 0 });
    const { exchange, pipeline, line } = running;
    await met("the feed", () => pipeline.feed.status.state === "live");
    exchange.play(1);
    await met("the book", () => line.book.state.name === "synced");
    exchange.play("max");
    await met("the end of the market", () => exchange.ended && line.lane.counters.trades === 19_904);
    await met("all ticks", () => line.predictor.waiting === 0);
    await pipeline.writer.flush();
  }, 90_000);
  afterAll(() => running?.close());

  it.skipIf(!recording_is_here)(
    "are equal to the last bit in every second of every set",
    async () => {
      const { database } = running!.pipeline;
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
    },
    60_000,
  );
});
