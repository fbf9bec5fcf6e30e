import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Micros, micros, startOf, unixSec } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { ParityJob, type ParityJobOptions } from "../../../src/record/parity/job.ts";
import type { ParityReport } from "../../../src/record/parity/report.ts";
import { ParityRuns } from "../../../src/record/parity/runs.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { installFeatureFunctions } from "../../../src/record/sql/install/feature_functions.ts";
import { FIRST_SEC, LiveMarket } from "../live_market.ts";
import { onEveryServer } from "../server/servers.ts";

const LAG_S = 10;

onEveryServer("the running comparison", (server) => {
  let database: Database;
  let bars: Refresher;
  let live: LiveMarket;
  const jobs: ParityJob[] = [];
  let markets = 0;

  beforeAll(async () => {
    database = await server.openDatabase();
    await installFeatureFunctions(database.sql, [v1], silentLogger);
    bars = new Refresher({ database, clock: systemClock, log: silentLogger });
  });
  // A symbol of its own, so that tests share a database and nothing in it.
  beforeEach(() => {
    live = new LiveMarket(database, { symbol: `JOB${markets++}USDT`, seconds: 11_500, seed: 3, sets: [v1] });
  });
  afterEach(async () => {
    for (const job of jobs.splice(0)) await job.close();
    await live.close();
  });
  afterAll(() => bars?.close());

  function job(options: Partial<ParityJobOptions> = {}): ParityJob {
    const made = new ParityJob({
      ...{ database, bars, writer: live.writer, symbols: [live.symbol], sets: [v1] },
      ...{ every_s: 60, lag_s: LAG_S, clock: systemClock, log: silentLogger },
      ...options,
    });
    jobs.push(made);
    return made;
  }

  const runs = () => new ParityRuns(database.sql);
  const spans = async (): Promise<number[][]> =>
    (await runs().newest({ symbol: live.symbol, limit: 100 }))
      .reverse()
      .map(({ from_us, to_us }) => [from_us / 1e6 - FIRST_SEC, to_us / 1e6 - FIRST_SEC]);

  it("compares what is final, each second once, and goes on where it was after a restart", async () => {
    const first = job();
    await live.through(FIRST_SEC + 120);
    await first.compareNow();
    await first.compareNow();
    await live.through(FIRST_SEC + 180);
    await Promise.all([first.compareNow(), first.compareNow()]);
    await first.close();
    await live.through(FIRST_SEC + 200);
    await job().compareNow();
    // A vector at t closes once a later second begins, so the newest is a second behind the market.
    const [a, b, c] = await spans();
    expect(await spans()).toHaveLength(3);
    expect(a![0]).toBe(1);
    expect([a![1], b![1], c![1]].map((to) => Math.ceil((to! + LAG_S) / 10) * 10)).toEqual([120, 180, 200]);
    expect([b![0], c![0]]).toEqual([a![1], b![1]]);
    const [counters] = first.counters;
    expect(counters).toMatchObject({ symbol: live.symbol, feature_set: "v1", rows_unexplained: 0 });
    expect(counters!.rows_compared).toBe(b![1]! - a![0]!);
    expect(first).toMatchObject({ last_error: undefined, unexplained: undefined });
  });

  it("bounds a span, and passes over a long silence but for its end", async () => {
    const one = job();
    await live.through(FIRST_SEC + 200);
    await one.compareNow();
    await live.restart(3 * 3_600);
    await live.through(FIRST_SEC + 11_400);
    const before = (await spans()).length;
    for (let round = 0; round < 4; round++) await one.compareNow();
    const made = (await spans()).slice(before);
    // The silence's beginning, its end, and what came after it.
    expect(made.length).toBe(3);
    for (const [from, to] of made) expect(to! - from!).toBeLessThanOrEqual(LIMITS.parity_span_s_max);
    const [last] = await runs().newest({ symbol: live.symbol, limit: 1 });
    expect(made[2]![1]! + LAG_S).toBeGreaterThan(11_390);
    // What was silent is missing because a process began after it.
    expect(last!.rows_unexplained).toBe(0);
    expect(one.counters[0]!.rows_missing).toBeGreaterThan(3_000);
  });

  it("reports a difference without a cause, and keeps it", async () => {
    await live.through(FIRST_SEC + 80);
    await live.writer.flush();
    const ts_sec = unixSec(FIRST_SEC + 20);
    await database.sql`
      update features_live set values[1] = 0.5
      where symbol = ${live.symbol} and ts = at_sec(${ts_sec}::bigint)`;
    const one = job();
    await one.compareNow();
    expect(one.unexplained).toMatchObject({ symbol: live.symbol, feature_set: "v1", ts_sec });
    expect(one.counters[0]!.mismatched).toEqual(new Map([["ret_1s", 1]]));
    const [run] = await runs().newest({ symbol: live.symbol, feature_set: "v1", limit: 1 });
    expect(run).toMatchObject({ rows_unexplained: 1, worst_feature: "ret_1s", asked_by: "service" });
    expect(run!.differences).toMatchObject([{ ts_sec, cause: "unexplained", features: ["ret_1s"] }]);
    const totals = await runs().totals({ symbol: live.symbol, since_us: 0 as Micros });
    expect(totals).toMatchObject([{ feature_set: "v1", rows_unexplained: 1, runs: (await spans()).length }]);
    expect(await runs().totals({ symbol: live.symbol, since_us: micros(9e15) })).toEqual([]);
  });

  it("says why it could not compare, and recovers", async () => {
    let reachable = false;
    const flush = (): Promise<void> =>
      reachable ? live.writer.flush() : Promise.reject(new Error("the writer is behind"));
    const one = job({ writer: { flush } });
    await one.compareNow();
    expect(one.last_error).toMatchObject({ code: "STORE_QUERY" });
    reachable = true;
    await one.compareNow();
    expect(one.last_error).toBeUndefined();
    const nowhere = job({
      database: { connect: (options) => connectTo("postgres://nobody@127.0.0.1:1/nothing", options) },
    });
    await nowhere.compareNow();
    expect(nowhere.last_error).toMatchObject({ code: "STORE_UNREACHABLE" });
  });

  it("runs again soon where the database was away, and in its turn after any other failure", async () => {
    const clock = new ManualClock(startOf(FIRST_SEC));
    const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 20));
    let error = new ForetickError("STORE_WRITE_TIMEOUT", "no answer");
    let flushes = 0;
    const flush = (): Promise<void> => {
      flushes++;
      return Promise.reject(error);
    };
    job({ clock, writer: { flush } }).start();
    clock.advance(60_000);
    await settled();
    expect(flushes).toBe(1);
    clock.advance(2_000);
    await settled();
    expect(flushes).toBe(2);
    error = new ForetickError("STORE_QUERY", "no such function");
    clock.advance(2_000);
    await settled();
    expect(flushes).toBe(3);
    clock.advance(59_999);
    await settled();
    expect(flushes).toBe(3);
    clock.advance(1);
    await settled();
    expect(flushes).toBe(4);
  });

  it("runs every so often, one round at a time, and not after its close", async () => {
    const clock = new ManualClock(startOf(FIRST_SEC));
    let flushes = 0;
    let release = (): void => {};
    const flush = async (): Promise<void> => {
      flushes++;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    const one = job({ clock, writer: { flush } });
    one.start();
    clock.advance(59_000);
    expect(flushes).toBe(0);
    clock.advance(600_000);
    expect(flushes).toBe(1);
    release();
    await one.compareNow();
    await new Promise((done) => setTimeout(done, 0));
    clock.advance(60_000);
    expect(flushes).toBe(2);
    const closing = one.close();
    release();
    await closing;
    await one.close();
    clock.advance(600_000);
    expect(flushes).toBe(2);
  });

  it("keeps a bounded number of differences, unexplained ones first", async () => {
    await live.through(FIRST_SEC + 60);
    await job().compareNow();
    const [template] = await runs().newest({ symbol: live.symbol, limit: 1 });
    const differences = Array.from({ length: 500 }, (_, i) => ({
      ts_sec: unixSec(FIRST_SEC + i),
      kind: "missing" as const,
      features: [],
      cause: i === 400 ? ("unexplained" as const) : ("restart" as const),
      detail: 'a "quoted" {detail}, \\ and all',
    }));
    const report: ParityReport = { ...template!, symbol: "KEPTUSDT", differences };
    await runs().add(report, "command", micros(7));
    const [kept] = await runs().newest({ symbol: "KEPTUSDT", limit: 5 });
    expect(kept!.differences).toHaveLength(LIMITS.parity_differences_kept);
    expect(kept!.differences[0]).toEqual(differences[400]!);
    expect(kept!.differences[1]).toEqual(differences[0]!);
    expect(await runs().comparedThrough("KEPTUSDT", v1)).toBeUndefined();
  });
});
