/**
 * The service at the market of a token worth a thousandth of a cent, whose quantities exceed 2^53 at 1e-8: nothing is
 * refused, forecasts are warm, and live equals SQL.
 */

import { afterEach, expect, it } from "vitest";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { ParityRuns } from "../../../src/record/parity/runs.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { START_US } from "../../sim/markets.ts";
import { tokenMarket } from "../../sim/token_market.ts";
import { met, type Running, startRunning } from "../running.ts";

const running: Running[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

it("serves a token of billions: no frame refused, no trade fetched again, warm forecasts, live equal to SQL", async () => {
  const source = tokenMarket(simulatedSource({ seed: 12, start_us: START_US, levels: 50, trades_per_s: 10 }));
  const options = { source, speed: 20, history_s: 700, start_on: "first_subscriber" } as const;
  const one = await startRunning(options, { parity_every_s: 1, parity_lag_s: 1 });
  running.push(one);
  const { pipeline, worker } = one;
  await met("warm vectors", () => worker.state.vector?.warm === true);
  await met("a forecast", async () => (await fetch(`${pipeline.url}/latest?symbol=PEPEUSDT`)).ok);
  const closed = worker.lane.counters.seconds_closed;
  await met("seconds", () => worker.lane.counters.seconds_closed > closed + 20);
  expect(pipeline.feed.reader.refused).toBe(0);
  expect(worker.lane.ledger.missing()).toEqual([]);
  await pipeline.writer.flush();
  const through_us = (worker.state.vector!.ts_sec - 2) * 1e6;
  const { sql } = pipeline.database;
  const runs = new ParityRuns(sql);
  const compared = async (): Promise<boolean> => {
    const reached = await Promise.all(FEATURE_SETS.map((set) => runs.comparedThrough("PEPEUSDT", set)));
    return reached.every((to_us) => (to_us ?? 0) >= through_us - 2e6);
  };
  await met("comparisons", compared);
  const all = await runs.newest({ symbol: "PEPEUSDT", limit: 1_000 });
  expect(all.flatMap(({ differences }) => differences)).toEqual([]);
  expect(all.reduce((sum, run) => sum + run.rows_compared, 0)).toBeGreaterThan(100);
  const [wide] = await sql<{ trades: string; quotes: string }[]>`
    select
      (select count(*) from trades where qty_e8 > 9007199254740991) as trades,
      (select count(*) from quotes where bid_qty_e8 > 9007199254740991) as quotes`;
  expect(Number(wide!.trades)).toBeGreaterThan(20);
  expect(Number(wide!.quotes)).toBeGreaterThan(20);
});
