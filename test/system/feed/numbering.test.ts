/** An exchange that counts from the start again while the service runs, or while it does not: live and SQL know the same. */

import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { micros, startOf, unixSec } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import { compareSpan } from "../../../src/record/parity/parity.ts";
import type { ParityReport } from "../../../src/record/parity/report.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const running: Running[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

const SPEED = 20;

async function started(seed: number): Promise<Running> {
  const source = simulatedSource({
    seed,
    start_us: START_US,
    levels: 20,
    trades_per_s: 10,
    quotes_per_s: 10,
  });
  const options = { source, speed: SPEED, history_s: 700, start_on: "first_subscriber" } as const;
  const one = await startRunning(options, { parity_every_s: 0 });
  running.push(one);
  await met("warm forecasts", () => predictions(one) > 5 && one.worker.state.vector!.warm);
  return one;
}

const predictions = (one: Running): number => one.worker.predictor.counters.predictions;
const newest = (one: Running): number => one.worker.state.vector!.ts_sec;

async function seconds(one: Running, count: number): Promise<void> {
  const from = newest(one);
  await met(`${count} seconds more`, () => newest(one) >= from + count);
}

/** Live against SQL from `from_sec` on. */
async function compared(one: Running, from_sec: number) {
  const { database, writer } = one.pipeline;
  await writer.flush();
  const bars = new Refresher({ database, clock: systemClock, log: silentLogger });
  const span = {
    ...{ symbol: one.worker.symbol, set: v1 },
    from_us: startOf(unixSec(from_sec)),
    to_us: micros((newest(one) - 1) * 1e6),
  };
  const report = await compareSpan({ sql: database.sql, bars, span, monotonicUs: systemClock.monotonicUs });
  await bars.close();
  return { rows: report.rows_compared, unexplained: report.rows_unexplained, differences: summary(report) };
}

/** The differences that have no known cause, shortly: a failure shows them. */
const summary = ({ differences }: ParityReport): string[] =>
  differences
    .filter(({ cause }) => cause === "unexplained")
    .map(({ ts_sec, kind, features, detail }) => `${ts_sec} ${kind} ${features.join(",")}: ${detail}`);

async function warm(one: Running, from_sec: number): Promise<{ live: number; sql: number; all: number }> {
  const [row] = await one.pipeline.database.sql`
    select
      count(*)::int as all,
      count(*) filter (where l.warm)::int as live,
      count(*) filter (where s.warm)::int as sql
    from features_live l
    join features_v1(${one.worker.symbol}, at_sec(${from_sec}), at_sec(${newest(one) - 1})) s using (ts)
    where l.symbol = ${one.worker.symbol}
      and l.feature_set = 'v1'`;
  return row as { live: number; sql: number; all: number };
}

describe("a new numbering", () => {
  it("in a stream that goes on leaves forecasts warm, also across a cut and a restart later, and equal to SQL", async () => {
    let one = await started(51);
    one.exchange.renumbering.begin();
    await met("the new numbering", () => one.worker.state.last_trade?.epoch === 1);
    const from_sec = newest(one) + 1;
    await seconds(one, 5);
    one.exchange.cutConnections();
    await seconds(one, 3);
    await met("warm after the cut", () => one.worker.state.vector!.warm);
    await seconds(one, 10);
    one = await one.restart();
    running.splice(0, 1, one);
    await met("warm after the restart", () => one.worker.state.vector?.warm === true);
    await seconds(one, 10);
    const { rows, unexplained, differences } = await compared(one, from_sec);
    expect({ unexplained, differences }).toMatchObject({ unexplained: 0 });
    expect(rows).toBeGreaterThan(25);
    const known = await warm(one, newest(one) - 8);
    expect(known).toEqual({ live: known.all, sql: known.all, all: known.all });
  });

  it("that began while nobody listened is known from its first trade on, to live as to SQL", async () => {
    let one = await started(52);
    await one.pipeline.close();
    one.exchange.renumbering.begin();
    const { market_us } = one.exchange;
    await met("trades nobody heard", () => one.exchange.market_us > market_us + 5e6);
    one = await one.restart();
    running.splice(0, 1, one);
    await met("vectors", () => (one.worker.state.vector?.ts_sec ?? 0) > market_us / 1e6 + 10);
    const from_sec = newest(one);
    await seconds(one, 20);
    // Another look-back: what is stored of the old numbering is no part of it.
    one.exchange.cutConnections();
    await seconds(one, 20);
    expect((await warm(one, from_sec)).live).toBe(0);
    expect((await warm(one, from_sec)).sql).toBe(0);
    const { rows, unexplained, differences } = await compared(one, from_sec);
    expect({ unexplained, differences }).toMatchObject({ unexplained: 0 });
    expect(rows).toBeGreaterThan(30);
  });
});
