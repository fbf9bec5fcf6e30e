/** REST that takes requests and never answers, while the streams live: forecasts go on. */

import { afterEach, expect, it } from "vitest";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { FlakyWire } from "../../record/write/flaky_wire.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, startRunning } from "../running.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

it("goes on forecasting, marked not warm, over a gap in the trades that REST does not fill, and is warm again once it does", async () => {
  let wire: FlakyWire | undefined;
  const rest_through = async (origin: string): Promise<string> => {
    wire = new FlakyWire(origin);
    await wire.mend();
    return new URL(wire.url).origin;
  };
  const source = simulatedSource({ seed: 11, start_us: START_US, ...QUIET });
  const options = { source, speed: 1, history_s: 700, start_on: "first_subscriber" } as const;
  const running = await startRunning(options, { parity_every_s: 0, deadline_ms: 900 }, { rest_through });
  cleanups.push(() => running.close());
  cleanups.push(() => wire!.cut());
  const { exchange, pipeline, worker } = running;
  const seen: { readonly ts_sec: number; readonly warm: boolean }[] = [];
  pipeline.ports.subscribe((event) => {
    if (event.kind === "prediction") seen.push(event.prediction);
  });
  await met("warm predictions", () => seen.length > 3 && seen.at(-1)!.warm);

  wire!.silence();
  exchange.faults.pause("trade");
  const trades_seen = worker.lane.counters.trades;
  await met("a second without trades", () => seen.length > 6);
  exchange.faults.resume("trade");
  await met(
    "the gap",
    () => worker.lane.counters.trades > trades_seen && worker.lane.ledger.missing().length > 0,
  );
  const from = seen.length;
  await met("predictions over it", () => seen.length > from + 10);
  const gaps = seen.slice(from).map(({ ts_sec }, index) => ts_sec - seen[from - 1 + index]!.ts_sec);
  // The wait for the look-back, a few seconds long; REST's own limits are far longer.
  expect(Math.max(...gaps)).toBeLessThan(10);
  expect(seen.slice(-5).some(({ warm }) => warm)).toBe(false);
  expect((await fetch(`${pipeline.url}/latest`)).status).toBe(200);

  await wire!.cut();
  await wire!.mend();
  await met("the gap filled", () => worker.lane.ledger.missing().length === 0);
  await met("warm predictions again", () => seen.at(-1)!.warm);
});
