/** A symbol's look-back where the database or REST do not answer: forecasts wait seconds at most. */

import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { US_PER_MS, US_PER_SEC } from "../../../src/base/units.ts";
import { indicators } from "../../../src/features/sets/indicators.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import { disconnect, market, quote, START_SEC, trade, WorkerBench } from "./worker_bench.ts";

/** A stream's way, the grace, and a look at the clock (ms). */
const SLACK_MS = 300;

/** The longest a second's vector came after its end (ms). */
const slowestMs = (bench: WorkerBench): number =>
  Math.max(...bench.vectors.map(({ vector, closed_us }) => closed_us - vector.ts_sec * US_PER_SEC)) /
  US_PER_MS;

const warmOf = (bench: WorkerBench): boolean => bench.vectors.at(-1)!.vector.warm;

/** What a bench that was never disturbed says of the same seconds. */
async function undisturbed(halves: number): Promise<Map<number, FeatureVector>> {
  const bench = new WorkerBench();
  await bench.play(market(0, halves));
  await bench.worker.close();
  return new Map(bench.vectors.map(({ vector }) => [vector.ts_sec, vector]));
}

describe("a symbol's look-back", () => {
  it("is filled before the first vector comes out, where database and REST answer", async () => {
    const bench = new WorkerBench();
    await bench.play(market(0, 10));
    expect(bench.vectors.length).toBeGreaterThanOrEqual(4);
    expect(bench.vectors.every(({ vector }) => vector.warm)).toBe(true);
    expect(slowestMs(bench)).toBeLessThan(SLACK_MS);
    await bench.worker.close();
  });

  it("is filled by REST alone within seconds where the database hangs, at the start and after a cut", async () => {
    const bench = new WorkerBench();
    bench.database = "hangs";
    await bench.play(market(0, 40));
    expect(warmOf(bench)).toBe(true);
    expect(slowestMs(bench)).toBeLessThan(LIMITS.fill_flush_ms_max + SLACK_MS);
    await bench.play([disconnect(20_000), ...market(42, 120)]);
    expect(warmOf(bench)).toBe(true);
    expect(slowestMs(bench)).toBeLessThan(LIMITS.hold_ms_max + SLACK_MS);
    // Every second came out, and once.
    const secs = bench.vectors.map(({ vector }) => vector.ts_sec);
    expect(secs).toEqual(secs.map((_, index) => secs[0]! + index) as never);
    await bench.worker.close();
  });

  it("does not stop forecasts while REST hangs in a gap: they go on cold, and are warm again once it answers", async () => {
    const bench = new WorkerBench();
    await bench.play(market(0, 20));
    bench.rest = "hangs";
    // Trades 20 to 24 do not come.
    await bench.play([...market(25, 90)]);
    expect(bench.worker.lane.ledger.missing()).toHaveLength(1);
    expect(slowestMs(bench)).toBeLessThan(LIMITS.hold_ms_max + SLACK_MS);
    expect(bench.vectors.slice(-20).every(({ vector }) => !vector.warm)).toBe(true);
    expect(bench.worker.lane.holding).toBe(false);

    // The question that hangs is cut after its time, and asked again.
    bench.rest = "answers";
    await bench.play(market(90, 2 * (LIMITS.fill_ms_max / 1_000) + 60));
    expect(bench.cancelled).toBeGreaterThan(0);
    expect(bench.worker.lane.ledger.missing()).toEqual([]);
    expect(bench.worker.lane.counters.swaps).toBe(1);
    expect(warmOf(bench)).toBe(true);
    expect(slowestMs(bench)).toBeLessThan(LIMITS.hold_ms_max + SLACK_MS);
    await bench.worker.close();
  });

  it("changes over to a look-back that comes late, and is then what it would have been without the trouble", async () => {
    const expected = await undisturbed(160);
    const bench = new WorkerBench();
    bench.rest = "fails";
    await bench.play(market(0, 20));
    expect(warmOf(bench)).toBe(false);
    expect(slowestMs(bench)).toBeLessThan(LIMITS.hold_ms_max + SLACK_MS);
    bench.rest = "answers";
    await bench.play(market(20, 160));
    expect(warmOf(bench)).toBe(true);
    expect(bench.worker.lane.counters.swaps).toBe(1);
    const compared = bench.vectors.filter(({ vector }) => vector.warm);
    expect(compared.length).toBeGreaterThan(30);
    for (const { vector } of compared) {
      expect([...vector.values]).toEqual([...expected.get(vector.ts_sec)!.values]);
    }
    expect(new Set(bench.trades).size).toBe(bench.trades.length);
    expect(bench.worker.lane.ledger.missing()).toEqual([]);
    await bench.worker.close();
  });

  it("is fetched once more with the database when that answers again, without a pause", async () => {
    const bench = new WorkerBench();
    bench.database = "fails";
    await bench.play(market(0, 20));
    expect(warmOf(bench)).toBe(true);
    bench.database = "answers";
    await bench.play(market(20, 20 + (2 * LIMITS.fill_database_retry_ms) / 1_000));
    expect(bench.worker.lane.counters.swaps).toBe(1);
    expect(bench.worker.warm_up.pending).toBe(false);
    expect(slowestMs(bench)).toBeLessThan(SLACK_MS);
    await bench.worker.close();
  });

  it("knows no less after a cut while the database hangs, in the sets that look back farther than REST is asked for", async () => {
    const sets = [v1, indicators];
    const played = async (pass: (bench: WorkerBench) => Promise<void>): Promise<WorkerBench> => {
      const bench = new WorkerBench({ sets });
      await bench.play(market(0, 200));
      await pass(bench);
      await bench.worker.close();
      return bench;
    };
    const bench = await played(async (cut) => {
      cut.database = "hangs";
      const asked = cut.asked.length;
      // Trades 200 to 209 do not come; REST has them.
      await cut.play([disconnect(99_600), ...market(210, 260)]);
      expect(cut.worker.lane.ledger.missing()).toEqual([]);
      // What the lane knows is not asked for again: the newest trades, and the page that fills the gap.
      expect(cut.asked.slice(asked).filter((what) => what !== "depth")).toEqual(["trades"]);
    });
    const whole = await played((undisturbed) => undisturbed.play(market(200, 260)));
    const expected = new Map(
      whole.vectors.map(({ vector }) => [`${vector.feature_set} ${vector.ts_sec}`, vector]),
    );
    const after = bench.vectors.filter(({ vector }) => vector.ts_sec >= START_SEC + 106);
    expect(after.length).toBeGreaterThan(40);
    for (const { vector } of after) {
      const { values, warm } = expected.get(`${vector.feature_set} ${vector.ts_sec}`)!;
      expect([...vector.values]).toEqual([...values]);
      expect(vector.warm).toBe(warm);
    }
  });

  it("marks the breaks it has filled, those noticed meanwhile too, though the database hangs", async () => {
    const bench = new WorkerBench();
    await bench.play(market(0, 20));
    bench.database = "hangs";
    bench.rest = "fails";
    // Trades 20 to 23 are seen to be missing only once the lane goes on.
    await bench.play([disconnect(9_600), ...market(24, 30)]);
    bench.rest = "answers";
    await bench.play(market(30, 60));
    expect(bench.worker.lane.ledger.missing()).toEqual([]);
    const told = (filled: boolean): string[] =>
      [
        ...new Set(bench.breaks.filter((one) => one.filled === filled).map(({ event }) => event.reason)),
      ].sort();
    expect(told(false)).toHaveLength(2);
    expect(told(true)).toEqual(told(false));
    expect(warmOf(bench)).toBe(true);
    await bench.worker.close();
  });

  it("that is on its way at the end gives up what was held for it: every trade is the writer's", async () => {
    const bench = new WorkerBench();
    await bench.play(market(0, 20));
    const before = bench.trades.length;
    bench.rest = "hangs";
    // Two seconds are held, less than the wait for a look-back.
    await bench.play([disconnect(9_700), ...market(24, 28)]);
    expect(bench.worker.lane.holding).toBe(true);
    expect(bench.trades.length).toBe(before);
    await bench.worker.close();
    expect(bench.trades.slice(before)).toEqual([24, 25, 26, 27]);
  });

  it("reports a broken invariant once, and takes no further event", async () => {
    const bench = new WorkerBench();
    await bench.play(market(0, 10));
    const before = bench.vectors.length;
    bench.worker.lane.onEvent = () => {
      throw new TypeError("a fact the code relies on does not hold");
    };
    await bench.play([trade(10), quote(10), trade(11)]);
    expect(bench.defects).toHaveLength(1);
    expect(bench.worker.failure).toContain("does not hold");
    expect(bench.vectors.length - before).toBeLessThanOrEqual(1);
    await bench.worker.close();
  });
});
