/** Health says what is so now: by symbol and part, with a reason that ends when it ends. */

import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/base/config.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { Metrics } from "../../src/base/metrics.ts";
import { type Micros, micros, US_PER_SEC } from "../../src/base/units.ts";
import type { StreamStatus } from "../../src/binance/stream/options.ts";
import type { ParityJob } from "../../src/record/parity/job.ts";
import type { Writer } from "../../src/record/write/writer.ts";
import type { Dependency } from "../../src/serve/ports.ts";
import { parityHealth } from "../../src/system/health/record/parity.ts";
import { StoreHealth } from "../../src/system/health/record/store.ts";
import { featuresAgeS } from "../../src/system/health/symbol.ts";
import type { PipelineParts } from "../../src/system/parts.ts";
import { PipelinePorts } from "../../src/system/ports.ts";
import type { Store } from "../../src/system/store/store.ts";
import { diff, disconnect, market, trade, WorkerBench } from "./start/worker_bench.ts";

const NO_FAULTS = { now: undefined, by_code: {} };
const live = (since_us: Micros): StreamStatus =>
  ({ state: "live", since_us, overlap: undefined, streams: [], frame_faults: NO_FAULTS }) as never;
const JOURNAL = { bytes: 0, disk: "ok", disk_free_bytes: 50 * 2 ** 30, fault: undefined };
const DOWN = {
  state: "connecting",
  failures: 3,
  streams: [],
  frame_faults: NO_FAULTS,
} as never as StreamStatus;

/** The service's ports over one symbol's bench; nothing else runs. */
function portsOver(
  bench: WorkerBench,
  feed: { status: StreamStatus; counters: { frames: number } },
): PipelinePorts {
  const stats = {
    queue_rows: 0,
    journal_bytes: 0,
    rows_spilled: 0,
    rows_rejected: 0,
    rows_lost: 0,
    written: {},
    ...{ journal: JOURNAL, tables_failing: [] },
  };
  const parts = {
    ...{
      config: readConfig({}),
      clock: bench.clock,
      started_at_us: bench.clock.now(),
      metrics: new Metrics(),
    },
    ...{ store: { database: undefined, error: undefined }, stored: () => undefined, writer: { stats } },
    models: { register: () => {}, health: () => [] },
    ...{ standingBy: () => undefined, alerts: () => undefined },
    statusOf: () => undefined,
    ...{ rest: {}, feed, workers: new Map([[bench.worker.symbol, bench.worker]]) },
  };
  return new PipelinePorts(parts as never as PipelineParts);
}

function setUp() {
  const bench = new WorkerBench();
  bench.snapshots = [100];
  const feed = { status: live(bench.clock.now()), counters: { frames: 12 } };
  const ports = portsOver(bench, feed);
  const of = (name: string): Dependency => ports.health().dependencies.find((one) => one.name === name)!;
  return { bench, feed, ports, of };
}

const WELL = { state: "ok", reason: null };

describe("health of a symbol", () => {
  it("is well while forecasts, book and data are, and names the book that is not in step", async () => {
    const { bench, of } = setUp();
    bench.snapshots = [];
    await bench.play([...market(0, 6), diff(100, 2_990), ...market(6, 12)]);
    expect(of("forecast BTCUSDT")).toMatchObject({ ...WELL, symbol: "BTCUSDT" });
    expect(of("data BTCUSDT")).toMatchObject(WELL);
    expect(of("book BTCUSDT")).toMatchObject({ state: "degraded", facts: { state: "waiting_snapshot" } });
    expect(of("book BTCUSDT").reason).toContain("waits for a snapshot by REST");
    bench.snapshots = [100];
    await bench.play(market(12, 12 + (2 * LIMITS.book_retry_ms) / 1_000));
    expect(of("book BTCUSDT")).toMatchObject({ ...WELL, facts: { state: "synced" } });
    await bench.worker.close();
  });

  it("has features that grow old while nothing comes, though seconds go on closing, and are young with the next second", async () => {
    const { bench } = setUp();
    const age_s = (): number => featuresAgeS(bench.worker, bench.clock.now());
    expect(age_s()).toBeNaN();
    await bench.play(market(0, 10));
    expect(age_s()).toBeLessThan(1.5);
    const closed = bench.worker.lane.counters.seconds_closed;
    await bench.moveTo(bench.clock.now() + 20 * US_PER_SEC);
    expect(bench.worker.lane.counters.seconds_closed).toBe(closed + 20);
    expect(age_s()).toBeGreaterThanOrEqual(20);
    await bench.play(market(50, 53));
    expect(age_s()).toBeLessThan(1.5);
    await bench.worker.close();
  });

  it("names a symbol of which nothing comes though the streams are connected, and ends with its first event", async () => {
    const { bench, feed, of } = setUp();
    await bench.play(market(0, 10));
    await bench.moveTo(bench.clock.now() + (LIMITS.symbol_silent_s_max + 1) * US_PER_SEC);
    expect(of("data BTCUSDT").state).toBe("degraded");
    expect(of("data BTCUSDT").reason).toMatch(
      /^nothing of BTCUSDT has come for 6\d s though the streams are connected/,
    );
    // A connection that is new has had no time to be silent on.
    feed.status = live(bench.clock.now());
    expect(of("data BTCUSDT")).toMatchObject(WELL);
    await bench.worker.close();
  });

  it("names a stream that has fallen silent, and is well once it delivers again", async () => {
    const { bench, of } = setUp();
    await bench.play(market(0, 10));
    expect(of("data BTCUSDT")).toMatchObject(WELL);
    const reason = "WS_STALE: nothing came on btcusdt@bestBidAsk for 1.1 s";
    await bench.play([{ ...disconnect(4_600), stream: "quote", reason }, trade(10), trade(11)]);
    expect(of("data BTCUSDT")).toMatchObject({ state: "degraded", reason });
    await bench.play(market(12, 16));
    expect(of("data BTCUSDT")).toMatchObject(WELL);
    await bench.worker.close();
  });

  it("shows a symbol without any data: it may be spelt wrong or delisted", async () => {
    const { bench, of } = setUp();
    await bench.moveTo(bench.clock.now() + (LIMITS.symbol_silent_s_max + 1) * US_PER_SEC);
    expect(of("data BTCUSDT").reason).toContain("since the start");
    await bench.worker.close();
  });
});

describe("health of the streams", () => {
  it("names why frames are dropped, as long as they are, and metrics count them by reason", async () => {
    const { feed, ports, of } = setUp();
    expect(of("feed")).toMatchObject({ ...WELL, facts: { frames_dropped: 0 } });
    const now = { code: "SBE_SCHEMA", sentence: "schema id expected 1, was 9" };
    const by_code = { SBE_SCHEMA: 3, unknown_template: 1 };
    const { status } = feed;
    feed.status = { ...status, frame_faults: { now, by_code } } as never;
    expect(of("feed")).toMatchObject({
      ...{ state: "degraded", reason: "frames are dropped: schema id expected 1, was 9" },
      facts: { frames_dropped: 4 },
    });
    const dropped = ports.metrics.samples("foretick_frames_dropped_total");
    expect(dropped).toEqual([
      { labels: { code: "SBE_SCHEMA" }, value: 3 },
      { labels: { code: "unknown_template" }, value: 1 },
    ]);
    feed.status = { ...status, frame_faults: { now: undefined, by_code } } as never;
    expect(of("feed")).toMatchObject({ ...WELL, facts: { frames_dropped: 4 } });
  });
});

describe("what is old", () => {
  it("is not given as the latest vector, and the reason says how old it is", async () => {
    const { bench, ports } = setUp();
    await bench.play(market(0, 10));
    expect(ports.latestVector("BTCUSDT")).toMatchObject({ feature_set: "v1" });
    // The clock goes on, and no second closes.
    bench.clock.advance(1_000 * LIMITS.vector_age_s_max + 1_500);
    const answer = ports.latestVector("BTCUSDT");
    expect("reason" in answer && answer.reason).toMatch(/^the last vector is [67] s old/);
    bench.clock.advance(6 * 3_600_000);
    expect("reason" in ports.latestVector("BTCUSDT")).toBe(true);
    expect("reason" in ports.latest("BTCUSDT")).toBe(true);
    await bench.worker.close();
  });
});

describe("liveness", () => {
  it("is progress: a second closed lately, whether by events or by the clock alone", async () => {
    const { bench, ports } = setUp();
    expect(ports.health().liveness).toEqual({ live: true, reason: null });
    await bench.play(market(0, 10));
    await bench.moveTo(bench.clock.now() + 10 * LIMITS.progress_s_max * US_PER_SEC);
    expect(ports.health().liveness.live).toBe(true);
    await bench.worker.close();
  });

  it("ends where seconds no longer close though the streams are connected, not where the feed is down", async () => {
    const { bench, feed, ports } = setUp();
    await bench.play(market(0, 10));
    bench.clock.advance((LIMITS.progress_s_max + 5) * 1_000);
    expect(ports.health().liveness.live).toBe(false);
    expect(ports.health().liveness.reason).toContain("no second has closed for");
    feed.status = DOWN;
    expect(ports.health().liveness).toEqual({ live: true, reason: null });
    await bench.worker.close();
  });
});

describe("health of the comparison", () => {
  const counters = (symbol: string, rows_at_us: Micros | undefined) =>
    ({ ...{ symbol, feature_set: "v1", rows_compared: 5, rows_mismatched: 0 }, rows_at_us }) as never;
  const at = (job: Partial<ParityJob>, now_s: number): Dependency =>
    parityHealth({
      parity: job as ParityJob,
      ...{ symbols: ["BTCUSDT", "ETHUSDT"], every_s: 60, started_at_us: micros(0) },
      now_us: micros(now_s * US_PER_SEC),
    });

  it("is not ok where it compares nothing, and names the symbol", () => {
    const job = {
      counters: [counters("BTCUSDT", micros(3_500 * US_PER_SEC)), counters("ETHUSDT", undefined)],
    };
    expect(at(job, 300)).toMatchObject(WELL);
    expect(at(job, 3_600).reason).toBe(
      "no vector of ETHUSDT was compared with SQL for 10 minutes: see the log for why",
    );
    const mended = {
      counters: [...job.counters.slice(0, 1), counters("ETHUSDT", micros(3_590 * US_PER_SEC))],
    };
    expect(at(mended, 3_600)).toMatchObject(WELL);
  });
});

describe("health of the database", () => {
  it("shows rows lost or refused for an hour after the last one, and counts them for good", () => {
    const stats = {
      ...{ queue_rows: 0, journal_bytes: 0, rows_spilled: 7, rows_rejected: 0, rows_lost: 0 },
      ...{ journal: JOURNAL, tables_failing: [] },
    };
    const database = { capability: "postgres", description: "PostgreSQL" };
    const health = new StoreHealth(
      { database, error: undefined } as never as Store,
      { stats } as never as Writer,
    );
    const at = (s: number): Dependency => health.at(micros(s * US_PER_SEC));
    expect(at(0)).toMatchObject({ ...WELL, facts: { rows_spilled: 7, rows_lost: 0 } });
    stats.rows_lost = 41;
    expect(at(10).reason).toContain("41 rows were lost");
    expect(at(3_600).state).toBe("degraded");
    expect(at(3_611)).toMatchObject({ ...WELL, facts: { rows_lost: 41 } });
    stats.rows_rejected = 2;
    expect(at(4_000).reason).toContain("refused 2 rows");
    expect(at(8_000)).toMatchObject({ ...WELL, facts: { rows_rejected: 2 } });
  });

  it("says before rows are lost that the disk has little room, or none, or takes nothing", () => {
    const database = { capability: "postgres", description: "PostgreSQL" };
    const failure = { code: "STORE_UNREACHABLE", message: "", since_us: micros(0) };
    const missing = { code: "STORE_QUERY", message: "no such table", since_us: micros(0) };
    const say = (journal: object, more: object = {}): string | null => {
      const stats = {
        rows_lost: 0,
        rows_rejected: 0,
        tables_failing: [],
        journal: { ...JOURNAL, ...journal },
      };
      const writer = { stats: { ...stats, ...more } } as never as Writer;
      return new StoreHealth({ database, error: undefined } as never as Store, writer).at(micros(0)).reason;
    };
    const [low, full] = [{ disk: "low", disk_free_bytes: 2 ** 30 }, { disk: "full" }];
    const broken = { fault: { ...failure, code: "STORE_JOURNAL" } };
    const away = { last_error: failure, behind: true };
    expect(say({})).toBeNull();
    expect(say(low)).toContain("the disk has 1024 MiB free");
    expect(say(full)).toMatch(/^were the database away, trades and quotes wait in memory only/);
    expect(say(broken)).toMatch(/^were the database away, rows wait in memory only.*STORE_JOURNAL/);
    // Nothing is claimed to be on disk that is not.
    expect(say(low, away)).toBe("the database does not answer: rows wait in memory and in the journal");
    expect(say(full, away)).toBe(
      "the database does not answer: trades and quotes wait in memory only, as the journal has no room: free disk space",
    );
    expect(say(broken, { behind: true })).not.toContain("in the journal");
    // One table that is not written is not the database's silence.
    const one = { last_error: missing, tables_failing: [{ table: "features_live", failure: missing }] };
    expect(say({}, one)).toMatch(/^no rows are taken by features_live \(STORE_QUERY\): they wait/);
  });
});
