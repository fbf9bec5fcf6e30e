/** Times that are not true, over real sockets: no second closes by them, and what is cold says why. */

import { afterEach, describe, expect, it } from "vitest";
import { US_PER_SEC } from "../../../src/base/units.ts";
import type { Spoil } from "../../../src/sim/exchange/streams/faults.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { moved } from "../../../src/sim/recording/moved.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const STEP_US = 30 * US_PER_SEC;
const ahead = (by_us: number): Spoil => ((message) => moved(message, by_us)) as Spoil;

const running: Running[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

/** At the market's own pace, with both clocks known to run side by side. */
async function started(): Promise<Running> {
  const source = simulatedSource({ seed: 29, start_us: START_US, ...QUIET });
  const one = await startRunning({ source, speed: 1, history_s: 700, start_on: "first_subscriber" });
  running.push(one);
  await met("warm predictions", () => predictions(one) > 7 && one.worker.state.vector!.warm);
  return one;
}

const predictions = (one: Running): number => one.worker.predictor.counters.predictions;
const aside = (one: Running): number => one.worker.lane.setAside.get("time_ahead") ?? 0;
/** How far the last closed second is from the market's time (s). */
const behind = (one: Running): number =>
  one.exchange.market_us / US_PER_SEC - one.worker.state.vector!.ts_sec;

/** What is said of the symbol's data. */
async function named(one: Running): Promise<string> {
  const answer = await fetch(`${one.pipeline.url}/health`);
  const { dependencies } = (await answer.json()) as {
    readonly dependencies: readonly { readonly name: string; readonly reason: string | null }[];
  };
  return dependencies.find(({ name }) => name === `data ${one.worker.symbol}`)?.reason ?? "";
}

/** How many vectors from `from_sec` on are warm, live and by SQL, and whether the step's break was filled. */
async function believed(one: Running, from_sec: number) {
  await one.pipeline.writer.flush();
  const { symbol, state } = one.worker;
  const [row] = await one.pipeline.database.sql`
    select
      count(*) filter (where l.warm)::int as live,
      count(*) filter (where s.warm)::int as sql,
      (select count(filled_at)::int from disconnects where reason like '%went ahead%') as filled,
      (select bool_or(fillable) from disconnects where reason like '%went ahead%') as fillable
    from features_live l
    join features_v1(${symbol}, at_sec(${from_sec}), at_sec(${state.vector!.ts_sec + 1})) s using (ts)
    where l.symbol = ${symbol} and l.feature_set = 'v1' and l.ts >= at_sec(${from_sec})`;
  return row;
}

async function stored(one: Running) {
  await one.pipeline.writer.flush();
  const [row] = await one.pipeline.database.sql`
    select (select count(*) from trades where late)::int as late,
      (select count(*) from trades where set_aside is null and ts > to_timestamp(${one.exchange.market_us / 1e6 + 1}))::int as future,
      (select count(*) from features_live where ts > to_timestamp(${one.exchange.market_us / 1e6 + 1}))::int as vectors`;
  return row as { late: number; future: number; vectors: number };
}

describe("a wrong time", () => {
  it("of one quote closes no second, neither 50 minutes ahead nor a year ahead first after a reconnect", async () => {
    const one = await started();
    one.exchange.faults.spoil("bestBidAsk", ahead(50 * 60 * US_PER_SEC));
    await met("the row set aside", () => aside(one) === 1);
    const before = predictions(one);
    await met("predictions", () => predictions(one) > before + 3);
    expect(Math.abs(behind(one))).toBeLessThan(2);
    expect(one.worker.state.vector!.warm).toBe(true);

    one.exchange.faults.spoil("bestBidAsk", ahead(365 * 86_400 * US_PER_SEC));
    one.exchange.cutConnections();
    await met("the row set aside", () => aside(one) === 2);
    const after = predictions(one);
    await met("predictions after the cut", () => predictions(one) > after + 3);
    expect(Math.abs(behind(one))).toBeLessThan(2);
    expect(await stored(one)).toMatchObject({ future: 0, vectors: 0 });
  });

  it("of all streams that the server's clock contradicts is set aside until it is over, cold and named, and no trade is late", async () => {
    const one = await started();
    one.exchange.faults.shiftTimes(STEP_US);
    await met("rows set aside", () => aside(one) > 60);
    await met("a cold second", () => one.worker.state.vector?.warm === false);
    expect(one.worker.state.vector!.cold_reason).toContain("set aside");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(one.worker.state.vector!.warm).toBe(false);
    one.exchange.faults.shiftTimes(0);
    await met("the break's end", () => one.worker.lane.breaks.open.length === 0);
    await met("warm again", () => one.worker.state.vector!.warm);
    expect(Math.abs(behind(one))).toBeLessThan(2);
    expect(one.worker.lane.ledger.missing()).toEqual([]);
    expect(await stored(one)).toEqual({ late: 0, future: 0, vectors: 0 });
  });

  it("that the server's clock shows too is followed, ahead and back: a break each, named, and nothing warm in between", async () => {
    const one = await started();
    const reasons = async (): Promise<string> => {
      await one.pipeline.writer.flush();
      const rows = await one.pipeline.database.sql`select reason from disconnects order by received_at`;
      return rows.map(({ reason }) => reason as string).join("; ");
    };
    one.exchange.faults.server_shift_us = STEP_US;
    one.exchange.faults.shiftTimes(STEP_US);
    await met("the step", () => one.worker.lane.counters.time_steps === 1);
    await met("seconds of the new time", () => behind(one) < -27);
    expect(one.worker.state.vector!.warm).toBe(false);
    expect(await reasons()).toContain("the exchange's clock went ahead by 30.0 s");
    // The history has trades by the true times: they are none of the seconds that never were.
    await met("the look-back", () => !one.worker.warm_up.pending);
    const since_sec = one.worker.state.vector!.ts_sec;
    await met("seconds after it", () => one.worker.state.vector!.ts_sec >= since_sec + 4);
    expect(one.worker.state.vector!.cold_reason).toContain("went ahead by 30.0 s");
    expect(await named(one)).toContain("the exchange's clock went ahead by 30.0 s");
    expect(await believed(one, since_sec)).toEqual({ live: 0, sql: 0, filled: 0, fillable: false });

    one.exchange.faults.server_shift_us = 0;
    one.exchange.faults.shiftTimes(0);
    await met("the step back", () => one.worker.lane.counters.time_steps === 2);
    expect(await reasons()).toContain("the exchange's clock went back by 30");
    expect(await named(one)).toContain("the exchange's clock went back by 30");
    const { seconds_closed } = one.worker.lane.counters;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(one.worker.lane.counters.seconds_closed - seconds_closed).toBeLessThanOrEqual(1);
  });
});
