/** Streams that fall silent, over real sockets: named within their patience, dated where the data ended, replaced. */

import { afterEach, describe, expect, it } from "vitest";
import { US_PER_SEC } from "../../../src/base/units.ts";
import type { DisconnectEvent } from "../../../src/binance/events.ts";
import { STREAM_TIMING } from "../../../src/binance/stream/options.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

/** The patience with a stream whose pauses are not known yet. */
const CEILING_US = STREAM_TIMING.patience.bestBidAsk!.ceiling_ms * 1_000;
/** With pauses such as a machine that is not busy sees them, the quotes' patience is at most this. */
const USUAL_US = 1.6 * US_PER_SEC;

const running: Running[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

/** At the market's own pace, with the pauses of the quotes learnt. */
async function started(): Promise<Running> {
  const source = simulatedSource({ seed: 31, start_us: START_US, levels: 50 });
  const one = await startRunning({ source, speed: 1, history_s: 700, start_on: "first_subscriber" });
  running.push(one);
  await met("warm predictions", () => predictions(one) > 3 && one.worker.state.vector!.warm);
  const patience = () => one.pipeline.feed.liveness("BTCUSDT", "bestBidAsk")!.stale_after_us;
  // On a busy machine events come in lumps, and the pauses that are learnt are longer.
  await met("the usual pause of the quotes", () => patience() < CEILING_US);
  return one;
}

/** The longest time this process, and so the service in it, did not get to look (µs), from now on. */
function longestStall(): () => number {
  let [last_ms, longest_ms] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now_ms = performance.now();
    longest_ms = Math.max(longest_ms, now_ms - last_ms);
    last_ms = now_ms;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest_ms * 1_000;
  };
}

const predictions = (one: Running): number => one.worker.predictor.counters.predictions;

async function breaks(one: Running, stream: string) {
  await one.pipeline.writer.flush();
  return one.pipeline.database.sql`
    select extract(epoch from ts)::float8 as ts, extract(epoch from until)::float8 as until,
      extract(epoch from noticed)::float8 as noticed, filled_at is not null as filled, reason
    from disconnects where stream = ${stream} order by ts`;
}

describe("a stream that falls silent", () => {
  it("is named where it is the quotes', within two seconds and from their last one on, and its connection replaced", async () => {
    const one = await started();
    const { faults } = one.exchange;
    const stalled = longestStall();
    faults.pause("bestBidAsk");
    await met("the break", () => one.worker.lane.breaks.isOpen("quote"));
    const open = one.worker.lane.breaks.open.find(({ stream }) => stream === "quote") as DisconnectEvent;
    const last = one.pipeline.feed.liveness("BTCUSDT", "bestBidAsk")!;
    expect(open.ts_us).toBe(last.last_ts_us);
    expect(open.reason).toContain("btcusdt@bestBidAsk");
    // By the exchange's clock: what was still open when it was noticed. What the machine took is its own.
    const machine_us = Math.max(0, last.stale_after_us - USUAL_US) + stalled();
    expect(open.noticed_us! - open.ts_us).toBeLessThanOrEqual(2 * US_PER_SEC + machine_us);
    const { ts_sec } = one.worker.state.vector!;
    await met("two more seconds", () => one.worker.state.vector!.ts_sec >= ts_sec + 2);
    const before = predictions(one);
    const names = one.worker.state.vector!.names;
    expect(one.worker.state.vector!.values[names.indexOf("spread")]).toBeNaN();
    expect(one.worker.predictor.reason).toContain("btcusdt@bestBidAsk");
    await met("the replacement", () => one.pipeline.feed.counters.connects >= 2);
    expect(predictions(one)).toBe(before);

    faults.resume("bestBidAsk");
    await met("its end", () => one.worker.lane.breaks.open.length === 0);
    await met("predictions again", () => predictions(one) > before + 2);
    expect(one.worker.state.vector!.warm).toBe(true);
    const [row] = await breaks(one, "quote");
    expect(row!.until).toBeGreaterThan(row!.ts);
    // What was forecast of the unchanged price has no outcome that says so.
    const [wrong] = await one.pipeline.database.sql`
      select count(*)::int as n from prediction_outcomes
      where realized_log_return is not null
        and extract(epoch from ts) + horizon_s > ${row!.ts} and extract(epoch from ts) <= ${row!.until}`;
    expect(wrong!.n).toBe(0);
  });

  it("is named where it is the trades' and the exchange has newer ones; they are fetched when it delivers again", async () => {
    const one = await started();
    one.exchange.faults.pause("trade");
    await met("the break", () => one.worker.lane.breaks.isOpen("trade"));
    await met("a cold second", () => one.worker.state.vector!.warm === false);
    expect(one.worker.state.vector!.cold_reason).toContain("btcusdt@trade");
    one.exchange.faults.resume("trade");
    await met("warm again", () => one.worker.state.vector!.warm);
    expect(one.worker.lane.ledger.missing()).toEqual([]);
    const [row] = await breaks(one, "trade");
    expect(row!.filled).toBe(true);
    expect(row!.until - row!.ts).toBeGreaterThan(row!.noticed - row!.ts);
    const [counted] = await one.pipeline.database.sql`
      select max(trade_id) - min(trade_id) + 1 - count(*) as missing from trades`;
    expect(Number(counted!.missing)).toBe(0);
  });

  it("is named with its status where the exchange has halted the symbol, until it trades again", async () => {
    const one = await started();
    const dataHealth = () =>
      one.pipeline.ports.health().dependencies.find(({ name }) => name === "data BTCUSDT")!;
    one.exchange.setStatus("BREAK");
    for (const stream of ["trade", "bestBidAsk", "depth"] as const) one.exchange.faults.pause(stream);
    await met(
      "its name in health",
      () => dataHealth().reason?.includes("BTCUSDT is in status BREAK") === true,
    );
    expect(dataHealth().state).toBe("degraded");
    await met("its name at /latest", async () =>
      (await (await fetch(`${one.pipeline.url}/latest`)).text()).includes("BTCUSDT is in status BREAK"),
    );
    one.exchange.well();
    await met("data again", () => dataHealth().reason === null);
  });
});
