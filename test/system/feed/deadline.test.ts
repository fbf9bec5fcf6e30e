/** No forecast after its time: whatever held a second up, what comes out late is a vector and no prediction. */

import { describe, expect, it } from "vitest";
import { US_PER_MS, US_PER_SEC } from "../../../src/base/units.ts";
import { disconnect, market, WorkerBench } from "../start/worker_bench.ts";

const GRACE_MS = 250;
const DEADLINE_MS = 100;
/** How far the wall clock is ahead of the exchange's in the bench: an event's way (ms). */
const DELAY_MS = 5;

const latestMs = (bench: WorkerBench): number =>
  Math.max(...bench.predictions.map(({ emitted_at_us, ts_sec }) => emitted_at_us - ts_sec * US_PER_SEC)) /
  US_PER_MS;

/** Instants of the vectors, which must be every second, once. */
function expectEverySecond(bench: WorkerBench): void {
  const secs = bench.vectors.map(({ vector }) => vector.ts_sec as number);
  expect(secs).toEqual(secs.map((_, index) => secs[0]! + index));
}

describe("a forecast's deadline in a running symbol", () => {
  it("lets nothing out after a hold of a minute but vectors, and forecasts again from the next second on", async () => {
    const bench = new WorkerBench();
    await bench.play(market(0, 20));
    const before = bench.predictions.length;
    expect(before).toBeGreaterThanOrEqual(9);
    bench.worker.lane.hold();
    await bench.play(market(20, 140));
    expect(bench.predictions).toHaveLength(before);
    bench.worker.lane.release(undefined);
    await bench.worker.predictor.idle();
    const { counters } = bench.worker.predictor;
    expect(counters.skipped_late).toBeGreaterThanOrEqual(58);
    await bench.play(market(140, 160));
    await bench.worker.close();

    expectEverySecond(bench);
    expect(bench.vectors.at(-1)!.vector.ts_sec - bench.vectors[0]!.vector.ts_sec).toBeGreaterThanOrEqual(77);
    expect(latestMs(bench)).toBeLessThanOrEqual(GRACE_MS + DEADLINE_MS + DELAY_MS);
    expect(bench.predictions.length - before).toBeGreaterThanOrEqual(9);
    // Each second is accounted for: forecast, or skipped by name.
    expect(counters.predictions + counters.skipped_late).toBe(bench.vectors.length);
  });

  it("holds for events that come late themselves, and for the look-back after a cut", async () => {
    const bench = new WorkerBench();
    await bench.play(market(0, 20));
    bench.rest = "hangs";
    await bench.play([disconnect(9_700), ...market(24, 60)]);
    // Ten seconds of events arrive at once.
    await bench.moveTo(bench.clock.now() + 10 * US_PER_SEC);
    for (const event of market(60, 80)) bench.worker.onEvent({ ...event, received_us: bench.clock.now() });
    await bench.worker.predictor.idle();
    bench.rest = "answers";
    await bench.play(market(82, 100));
    await bench.worker.close();
    expectEverySecond(bench);
    expect(latestMs(bench)).toBeLessThanOrEqual(GRACE_MS + DEADLINE_MS + DELAY_MS);
    expect(bench.worker.predictor.counters.skipped_late).toBeGreaterThan(2);
    expect(bench.predictions.length).toBeGreaterThan(20);
  });
});
