/**
 * The service at the market of a token worth a thousandth of a cent, whose quantities exceed 2^53 at 1e-8: nothing is
 * refused, forecasts are warm, and live equals SQL.
 */

import { afterEach, expect, it } from "vitest";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { START_US } from "../../sim/markets.ts";
import { tokenMarket } from "../../sim/token_market.ts";
import { comparedUpToNow } from "../compared.ts";
import { met, type Running, secondsMore, startRunning } from "../running.ts";

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
  await secondsMore(one, 20);
  expect(pipeline.feed.reader.refused).toBe(0);
  expect(worker.lane.ledger.missing()).toEqual([]);
  const { runs, rows } = await comparedUpToNow(one);
  expect(runs.flatMap(({ differences }) => differences)).toEqual([]);
  expect(rows).toBeGreaterThan(100);
  const [wide] = await pipeline.database.sql<{ trades: string; quotes: string }[]>`
    select
      (select count(*) from trades where qty_e8 > 9007199254740991) as trades,
      (select count(*) from quotes where bid_qty_e8 > 9007199254740991) as quotes`;
  expect(Number(wide!.trades)).toBeGreaterThan(20);
  expect(Number(wide!.quotes)).toBeGreaterThan(20);
});
