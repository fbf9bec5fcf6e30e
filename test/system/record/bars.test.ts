/** The bars of the running service, against a recomputation from the rows it stored. */

import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import {
  differences,
  naiveBars,
  type QuoteRow,
  storedBars,
  type TradeRow,
} from "../../record/bars/naive_bars.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { START_US } from "../../sim/markets.ts";
import { met, type Running, secondsMore, secondsOf, startRunning } from "../running.ts";

const running: Running[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

async function started(database_url: string): Promise<Running> {
  const rates = { trades_per_s: 10, quotes_per_s: 12 };
  const source = simulatedSource({ seed: 13, start_us: START_US, levels: 50, ...rates });
  const options = { source, speed: 20, history_s: 700, start_on: "first_subscriber" } as const;
  const one = await startRunning(options, { database_url, parity_every_s: 0 });
  running.push(one);
  return one;
}

/** What the service stored, as rows. */
async function storedRows({ pipeline }: Running): Promise<{ trades: TradeRow[]; quotes: QuoteRow[] }> {
  const numbers = <Row>(rows: readonly Record<string, unknown>[]): Row[] =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === "string" && name !== "symbol" ? Number(value) : value,
        ]),
      ),
    ) as Row[];
  const { sql } = pipeline.database;
  return {
    trades: numbers(await sql`select *, us_of(ts) as ts_us, us_of(received_at) as received_us from trades`),
    quotes: numbers(await sql`select *, us_of(ts) as ts_us, us_of(received_at) as received_us from quotes`),
  };
}

onEveryServer("bars of the running service", (server) => {
  it("equal its rows through late frames, a cut whose trades are fetched, and a restart", async () => {
    let one = await started(await server.migratedDatabase());
    await met("vectors", () => secondsOf(one) > 60);
    one.exchange.faults.hold("trade");
    await secondsMore(one, 3);
    one.exchange.release("trade");
    await secondsMore(one, 5);
    expect(one.worker.lane.counters.trades_late).toBeGreaterThan(0);
    one.exchange.cutConnections();
    await met("the break", () => one.worker.lane.counters.disconnects > 0);
    await met(
      "the feed's return",
      () => one.pipeline.feed.status.state === "live" && !one.worker.lane.holding,
    );
    await secondsMore(one, 30);
    one = await one.restart();
    running.splice(0, 1, one);
    await secondsMore(one, 30);

    const { ports, writer, database } = one.pipeline;
    await met("bars in health", () => ports.health().dependencies.some(({ name }) => name === "bars"));
    const bars = ports.health().dependencies.find(({ name }) => name === "bars");
    expect(bars).toMatchObject({ state: "ok", reason: null, facts: { error: null } });
    await met("a pass, in the metrics", async () =>
      /^foretick_bars_passes_total [1-9]/m.test(await ports.metrics.text()),
    );

    await one.exchange.close();
    await met("the end of the feed", () => one.pipeline.feed.status.state !== "live");
    await writer.flush();
    const job = new Refresher({ database, clock: systemClock, log: silentLogger });
    await job.through({ from_us: 0, to_us: START_US + 86_400e6 });
    await job.close();
    const rows = await storedRows(one);
    expect(rows.trades.filter(({ late }) => late).length).toBeGreaterThan(0);
    expect(differences(await storedBars(database.sql), naiveBars(rows)).slice(0, 5)).toEqual([]);
    const [book] = await database.sql`select count(*) as seconds from book_1s`;
    expect(Number(book!.seconds)).toBeGreaterThan(30);
  });
});

describe("retention and conversion", () => {
  it("are set by the environment", () => {
    expect(readConfig({ RAW_RETENTION_DAYS: "0", COMPRESS_AFTER_DAYS: "3" })).toMatchObject({
      raw_retention_days: 0,
      compress_after_days: 3,
    });
    expect(() => readConfig({ RAW_RETENTION: "3" })).toThrow(/RAW_RETENTION_DAYS/);
    expect(() => readConfig({ COMPRESS_AFTER_DAYS: "0" })).toThrow(/whole number of days from 1/);
  });
});
