import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { diff, disconnect, settled, trade, WorkerBench } from "../start/worker_bench.ts";

/** How often the book was asked for, and when (ms from the start). */
function asks(bench: WorkerBench): () => number {
  return () => bench.asked.filter((what) => what === "depth").length;
}

describe("a symbol's book", () => {
  it("asks for the book again where the snapshot is older than the diffs it kept", async () => {
    const bench = new WorkerBench();
    bench.snapshots = [5, 6, 100];
    const { worker } = bench;
    worker.onEvent(diff(100));
    await settled();
    expect(asks(bench)()).toBe(3);
    expect(worker.book.sequencer.counters.snapshots_too_old).toBe(2);
    expect(worker.book.sequencer.state.name).toBe("synced");
    await worker.close();
  });

  it("waits between its questions where snapshots stay too old, and after one that failed", async () => {
    const bench = new WorkerBench();
    bench.snapshots = [5, 6, 7, 8];
    const asked = asks(bench);
    await bench.play([trade(0), diff(100, 10)]);
    await settled();
    expect(asked()).toBe(3);
    for (const count of [4, 5, 6]) {
      bench.clock.advance(LIMITS.book_retry_ms - 1);
      await settled();
      expect(asked()).toBe(count - 1);
      bench.clock.advance(1);
      await settled();
      expect(asked()).toBe(count);
    }
    bench.snapshots = [100];
    bench.clock.advance(LIMITS.book_retry_ms);
    await settled();
    expect(bench.worker.book.sequencer.counters.snapshots_too_old).toBe(4);
    expect(bench.worker.book.sequencer.state.name).toBe("synced");
    await bench.worker.close();
    bench.clock.advance(60_000);
    await settled();
    expect(asked()).toBe(7);
  });

  it("cuts a question that is never answered, and asks again", async () => {
    const bench = new WorkerBench();
    await bench.play([trade(0), trade(1)]);
    await settled();
    bench.rest = "hangs";
    await bench.play([diff(100, 600)]);
    const asked = asks(bench);
    expect(asked()).toBe(1);
    bench.clock.advance(LIMITS.book_snapshot_ms_max);
    await settled();
    expect(bench.cancelled).toBe(1);
    bench.rest = "answers";
    bench.snapshots = [100];
    bench.clock.advance(LIMITS.book_retry_ms);
    await settled();
    expect(asked()).toBe(2);
    expect(bench.worker.book.sequencer.state.name).toBe("synced");
    await bench.worker.close();
  });

  it("stays in step over a gap in the trades, and starts over after a cut", async () => {
    const bench = new WorkerBench();
    bench.snapshots = [100, 200];
    await bench.play([trade(0), diff(100, 10), trade(1), trade(9), trade(10), trade(11)]);
    await settled();
    expect(bench.worker.lane.counters.disconnects).toBe(1);
    expect(bench.worker.book.sequencer.state.name).toBe("synced");
    await bench.play([disconnect(6_000), diff(200, 6_100)]);
    await settled();
    expect(bench.worker.book.sequencer.counters.syncs).toBe(2);
    await bench.worker.close();
  });
});
